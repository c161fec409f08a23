from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper


@pytest.fixture(scope="session", params=["granian", "turnstile"])
def gatekeeper(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGatekeeper]:
    """One real server of each kind, for the tests that only ask it things."""
    environ = {"LYCEUM_SERVER": request.param}
    with running_gatekeeper(tmp_path_factory.mktemp("gatekeeper"), environ=environ) as running:
        yield running
