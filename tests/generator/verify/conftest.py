"""A real S3 server, from `tests.support`."""

from __future__ import annotations

from tests.support.ceph import *  # noqa: F403 - fixtures are found by name
