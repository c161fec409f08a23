"""Servers for the stores; see `tests.support`."""

from tests.support.ceph import *  # noqa: F403 - fixtures are found by name
