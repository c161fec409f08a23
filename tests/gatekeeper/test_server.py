"""The process: it starts clearly or not at all, follows the store, and ends when told."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper import server
from gatekeeper.environment import read_settings
from gatekeeper.gate.sign import FolderSigner
from gatekeeper.secrets import derive
from gatekeeper.wsgi import STORE_URLS
from tests.support.gatekeeper import ROOT, SITE_URL, running_gatekeeper, stop
from tests.support.raw_http import read_answer
from tests.support.tiny_release import RELEASE, renamed, tiny_manifest, write_release

OWNER = {"everything": None}


def eventually(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_a_busy_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path), "LYCEUM_PORT": str(port)}
        ended = subprocess.run(
            [sys.executable, "-m", "gatekeeper.server"],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            timeout=60,
        )
    assert ended.returncode == 1
    lines = ended.stderr.decode().splitlines()
    assert lines[0] == f"error: cannot listen on 127.0.0.1:{port}: Address already in use"
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2


def test_a_second_gatekeeper_does_not_share_the_port_of_the_first(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path) as first:
        environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path), "LYCEUM_PORT": str(first.port)}
        ended = subprocess.run(
            [sys.executable, "-m", "gatekeeper.server"],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            timeout=60,
        )
        assert ended.returncode == 1
        assert first.get("/readyz").status == 200


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, sign: signal.Signals) -> None:
    with running_gatekeeper(tmp_path) as own:
        own.process.send_signal(sign)
        assert own.process.wait(30) == 0
        log = own.log.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log


def test_an_answer_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    """Z18: 32 MiB, more than sockets hold by themselves"""
    size, key = 32 * 1024 * 1024, "private/large"
    with running_gatekeeper(tmp_path) as own:
        (tmp_path / "private" / key).write_bytes(bytes(size))
        secret = derive(own.settings.secret_key, STORE_URLS)
        signer = FolderSigner(secret, origin="", lifetime_seconds=300)
        url = signer.sign(key, media_type="", disposition="", now=int(time.time())).url
        with socket.create_connection(("127.0.0.1", own.port), timeout=20) as connection:
            connection.sendall(f"GET {url} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
            time.sleep(0.3)
            own.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert own.process.poll() is None
            answer = read_answer(connection)
        assert (answer.status, len(answer.body)) == (200, size)
        assert stop(own.process) == 0


def test_before_the_first_release_it_is_alive_but_not_ready(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, publish=False) as own:
        assert own.get("/healthz").status == 200
        ready = own.get("/readyz")
        assert ready.status == 503
        assert ready.json() == {
            "ready": False, "manifest": False, "keys": True, "store": False, "database": True
        }  # fmt: skip
        assert ready.header("retry-after") == "5"
        for path in (
            "/gate/parts/demo/paid",
            "/gate/read/demo/paid",
            "/files/demo/files/code.zip",
        ):
            answer = own.get(path, lines=own.cookie(OWNER))
            assert (answer.status, answer.json()) == (503, {"reason": "unavailable"})
            assert answer.header("retry-after") == "5"
            assert answer.header("cache-control") == "private, no-store"
        write_release(tmp_path / "private", tmp_path / "public", tiny_manifest(SITE_URL))
        assert eventually(lambda: own.get("/readyz").status == 200)
        assert own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).status == 200


def test_a_store_that_goes_away_leaves_the_last_release_working(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path) as own:
        (tmp_path / "private" / "pointers").rename(tmp_path / "away")
        assert eventually(lambda: "keeping the last release" in own.log.read_text())
        assert own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).status == 200
        (tmp_path / "away").rename(tmp_path / "private" / "pointers")
        assert eventually(lambda: "refresh works again" in own.log.read_text())


def test_a_new_release_is_served_without_a_restart(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path) as own:
        whole = renamed(tiny_manifest(SITE_URL), "20261102T080000Z-0123abce")
        parts = {id_: part for id_, part in whole.parts.items() if id_ != "demo/paid"}
        smaller = type(whole)(**{**{name: getattr(whole, name) for name in whole.__slots__}, "parts": parts})
        write_release(tmp_path / "private", tmp_path / "public", smaller, number=2)
        lines = own.cookie(OWNER)
        assert eventually(lambda: own.get("/gate/parts/demo/paid", lines=lines).status == 404)
        assert smaller.release != RELEASE


def test_a_process_that_is_still_loading_ends_at_once(tmp_path: Path) -> None:
    """Z18: the second process is not up yet when the first one answers"""
    with running_gatekeeper(tmp_path, environ={"LYCEUM_WORKERS": "2"}) as own:
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(own.settings.operations.drain_seconds * 0.75) == 0


def test_several_processes_share_the_work(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, environ={"LYCEUM_WORKERS": "2"}) as own:
        lines = own.cookie(OWNER)
        assert {own.get("/gate/parts/demo/paid", lines=lines).status for _ in range(20)} == {200}


def test_slow_headers_are_not_waited_for(tmp_path: Path) -> None:
    """Z15, with the time that the settings of the server give"""
    assert server.HEADER_MILLISECONDS <= 30_000
    with running_gatekeeper(tmp_path) as own, socket.create_connection(("127.0.0.1", own.port)) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Slow: ")
        assert own.get("/healthz").status == 200
        slow.settimeout(server.HEADER_MILLISECONDS / 1000 + 20)
        assert slow.recv(4096)[:12] in {b"", b"HTTP/1.1 408"}


def test_the_processes_that_answer_hold_no_secret_in_their_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Granian copies the environment into every request."""
    kept = {"PATH": os.environ["PATH"]}
    given = {
        **kept,
        "LYCEUM_SECRET_KEY": "x",
        "LYCEUM_TOKEN_KEYS": "x",
        "LYCEUM_SMTP_URL": "x",
        "LYCEUM_DATABASE_URL": "x",
        "LYCEUM_CONTENT_KEY": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_ACCESS_KEY_ID": "x",
        "HTTP_COOKIE": "lyceum_entitlement=x",
        "HTTP_PROXY": "http://x",
    }
    monkeypatch.setattr(os, "environ", given)
    monkeypatch.setattr("gatekeeper.wsgi.build", lambda settings: settings)
    settings = read_settings({"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path)})
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        loaded: object = server._load(settings, os.getppid())
        assert loaded == settings
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert given == kept


def test_a_store_that_cannot_be_read_is_not_ready_but_alive(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, publish=False) as own:
        shutil.rmtree(tmp_path / "private", ignore_errors=True)
        (tmp_path / "private").write_text("a file where the folder should be")
        assert own.get("/readyz").status == 503
        assert own.get("/healthz").status == 200
