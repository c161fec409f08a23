from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper


@pytest.fixture(scope="module")
def turnstile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGatekeeper]:
    folder = tmp_path_factory.mktemp("turnstile")
    with running_gatekeeper(folder, environ={"LYCEUM_SERVER": "turnstile"}) as running:
        yield running
