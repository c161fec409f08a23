from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ceph import ceph as ceph
from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper


@pytest.fixture(scope="session")
def gatekeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGatekeeper]:
    """One real server for the tests that only ask it things."""
    with running_gatekeeper(tmp_path_factory.mktemp("gatekeeper")) as running:
        yield running
