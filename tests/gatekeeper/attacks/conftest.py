from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gatekeeper import RunningGatekeeper
from tests.support.nginx import Fronted, fronted, through_nginx, why_not


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """The documented nginx before a real gatekeeper."""
    if why_not():
        pytest.skip(why_not())
    with fronted(tmp_path_factory.mktemp("behind-nginx"), "gatekeeper") as opened:
        yield opened


@pytest.fixture(scope="session")
def gatekeeper(front: Fronted) -> RunningGatekeeper:
    """What the tests of the gate ask, here through nginx."""
    return through_nginx(front)
