"""The turnstile's processes: they end as asked (Z18), come back when one dies, and do not outlive the first one."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper
from tests.support.tiny_release import BIG

HOST = b"Host: 127.0.0.1\r\n"
FAST = {"LYCEUM_SERVER": "turnstile", "LYCEUM_WORKERS": "2"}
PATIENCE_SECONDS = 30.0


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


def workers(gatekeeper: RunningGatekeeper) -> set[int]:
    """Without the helper that multiprocessing keeps for what processes share."""
    return {
        pid
        for pid in children(gatekeeper.process.pid)
        if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    }


def until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_z18_an_answer_under_way_is_finished_and_idle_connections_are_not_waited_for(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, environ={**FAST, "LYCEUM_WORKERS": "1"}) as gatekeeper:
        cookie = gatekeeper.cookie({"demo": None})
        where = gatekeeper.get("/files/demo/files/big.bin", lines=cookie).header("Location")
        assert where is not None
        target = where.partition(str(gatekeeper.port))[2].encode()
        address = ("127.0.0.1", gatekeeper.port)
        with (
            closing(socket.create_connection(address, timeout=20)) as idle,
            closing(socket.socket()) as slow,
        ):
            idle.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
            assert b"alive" in idle.recv(65536)
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(20)
            slow.connect(address)
            slow.sendall(b"GET %b HTTP/1.1\r\n%b\r\n" % (target, HOST))
            gathered = slow.recv(1000)
            gatekeeper.process.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b"", "an idle connection is closed"
            gatekeeper.process.send_signal(signal.SIGTERM)
            while piece := slow.recv(65536):
                gathered += piece
        assert gathered.partition(b"\r\n\r\n")[2] == BIG
        assert gatekeeper.process.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in gatekeeper.log.read_text("utf-8")


def test_a_process_that_dies_is_followed_by_another(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, environ=FAST) as gatekeeper:
        before = workers(gatekeeper)
        assert len(before) == 2
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(workers(gatekeeper) - {min(before)}) == 2)
        until(lambda: [gatekeeper.get("/healthz").status for _ in range(8)] == [200] * 8)
        assert "ended by itself" in gatekeeper.log.read_text("utf-8")


def test_z18_the_processes_do_not_outlive_the_first_one(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, environ=FAST) as gatekeeper:
        running = workers(gatekeeper)
        gatekeeper.process.kill()
        gatekeeper.process.wait()
        until(lambda: not any(is_there(pid) for pid in running))
