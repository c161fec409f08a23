"""Tokens in a thief's hands, at a running service of two processes: dead within seconds of what ended them (J22, S07, U12)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from gatekeeper.contract import routes
from tests.gatekeeper.test_service import Reader
from tests.support.gatekeeper import ROOT, RunningGatekeeper, running_gatekeeper

PATIENCE_SECONDS = 60.0  # the promise; it takes about one


@pytest.fixture(scope="module", params=["granian", "turnstile"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGatekeeper]:
    environ = {"LYCEUM_WORKERS": "2", "LYCEUM_SERVER": request.param}
    with running_gatekeeper(tmp_path_factory.mktemp("revoked"), environ=environ) as started:
        yield started


class Thief:
    """Holds a copy of the reader's entitlement token, and nothing else."""

    def __init__(self, reader: Reader) -> None:
        self._running = reader.running
        name = reader.running.settings.entitlement_cookie
        self._cookie = f"Cookie: {name}={reader.cookies[name]}\r\n".encode()

    def status(self, lesson: str) -> int:
        return self._running.get(f"{routes.PARTS}{lesson}", lines=self._cookie).status

    def ends(self, lesson: str, status: int) -> None:
        """Every process refuses it in time, and goes on doing so."""
        end = time.monotonic() + PATIENCE_SECONDS
        in_a_row = 0
        while in_a_row < 12:
            in_a_row = in_a_row + 1 if self.status(lesson) == status else 0
            assert time.monotonic() < end, "the stolen token still opens the lesson"
            time.sleep(0.05)


def owner(running: RunningGatekeeper, email: str) -> tuple[Reader, str]:
    """A reader who bought `demo`, and the order's path."""
    reader = Reader(running)
    reader.sign_in(email)
    checkout = reader.post("/buy/demo", {}, form="/buy/demo")
    order = reader.post(checkout, {"step": "pay"}, form=checkout)
    reader.get(routes.READER)
    assert reader.part("demo/paid")[0] == 200
    return reader, order


def test_s07_a_token_dies_when_its_session_is_signed_out(running: RunningGatekeeper) -> None:
    reader, _ = owner(running, "signs-out@example.org")
    thief = Thief(reader)
    assert thief.status("demo/paid") == 200
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', reader.get("/sign-out"))
    assert token is not None
    headers = {
        "Origin": f"http://127.0.0.1:{running.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = urlencode({"form_token": token.group(1)}).encode()
    assert reader.ask("POST", "/sign-out", body, headers)[0] == 200
    thief.ends("demo/paid", 401)


def test_j22_u12_after_a_refund_old_tokens_are_dead_and_new_ones_hold_nothing(
    running: RunningGatekeeper,
) -> None:
    reader, order = owner(running, "refunded@example.org")
    thief = Thief(reader)
    assert thief.status("demo/paid") == 200
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    thief.ends("demo/paid", 401)
    end = time.monotonic() + PATIENCE_SECONDS
    while (
        status := reader.part("demo/paid")[0]
    ) == 401 and time.monotonic() < end:  # renews as the page does
        reader.get(routes.READER)
        time.sleep(0.2)
    assert status == 403
    assert reader.part("demo/member")[0] == 200, "the session goes on"


@pytest.mark.parametrize(
    ("words", "said"), [(["revoke", "{}", "demo"], "revoked demo"), (["sign-out", "{}"], "ended 1 sessions")]
)
def test_d01_what_an_operator_ends_in_another_process_ends_here(
    running: RunningGatekeeper, words: list[str], said: str
) -> None:
    email = f"{words[0]}@example.org"
    reader, _ = owner(running, email)
    thief = Thief(reader)
    environ = {
        **{name: os.environ[name] for name in ("PATH",) if name in os.environ},
        "LYCEUM_MODE": "demo",
        "LYCEUM_STATE": str(running.settings.state),
        "LYCEUM_PORT": str(running.port),
    }
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper.cli", *(word.format(email) for word in words)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == said
    thief.ends("demo/paid", 401)


def test_the_page_renews_in_silence_when_only_the_token_has_died(running: RunningGatekeeper) -> None:
    """A reader who still owns another product goes on reading it: one look at /api/reader is enough."""
    reader, _ = owner(running, "goes-on@example.org")
    checkout = reader.post("/buy/other", {}, form="/buy/other")
    order = reader.post(checkout, {"step": "pay"}, form=checkout)
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    end = time.monotonic() + PATIENCE_SECONDS
    settled = 0  # a token of the very second of the refund dies, too, once the list of the dead is read again
    while settled < 8 and time.monotonic() < end:
        seen = reader.part("demo/paid")[0], reader.part("other/paid")[0]
        settled = settled + 1 if seen == (200, 403) else 0
        assert json.loads(reader.get(routes.READER))["signed_in"] is True
        time.sleep(0.25)
    assert (reader.part("demo/paid")[0], reader.part("other/paid")[0]) == (200, 403)
