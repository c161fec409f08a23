"""The running service as its operator sees it: readiness, metrics, logs, limits, its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatekeeper.accounts.readers import find_or_create
from gatekeeper.gate.sign import FolderSigner
from gatekeeper.secrets import derive
from gatekeeper.storage.engine import open_database
from gatekeeper.wsgi import STORE_URLS
from tests.support.gatekeeper import RunningGatekeeper, free_port, running_gatekeeper
from tests.support.raw_http import exchange, read_answer
from tests.support.redis import running_redis
from tests.support.redis import why_not as no_redis

OWNER = {"everything": None}
EACH = pytest.mark.parametrize("server", ["granian", "turnstile"])


def eventually(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def metric(port: int, line: str) -> float | None:
    """The value of the sample whose line begins with `line`."""
    answer = exchange("127.0.0.1", port, b"GET /metrics HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n")
    assert answer.status == 200
    found = re.search(rf"^{re.escape(line)} ([0-9.e+-]+)$", answer.body.decode(), re.MULTILINE)
    return float(found.group(1)) if found else None


def children(process: int) -> list[int]:
    listed = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == process:
            listed.append(int(stat.parent.name))
    return listed


def is_answered(port: int) -> bool:
    """Whether a new connection gets a word."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_readiness_names_the_part_that_is_missing(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path) as own:
        whole = own.get("/readyz")
        assert whole.json() == {
            "ready": True,
            "manifest": True,
            "keys": True,
            "store": True,
            "database": True,
        }
        (tmp_path / "private" / "current.json").rename(tmp_path / "away.json")
        assert eventually(lambda: own.get("/readyz").json()["store"] is False)
        lame = own.get("/readyz")
        assert (lame.status, lame.json()["ready"], lame.json()["manifest"]) == (503, False, True)
        assert own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).status == 200
        (tmp_path / "away.json").rename(tmp_path / "private" / "current.json")
        assert eventually(lambda: own.get("/readyz").status == 200)
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "lyceum.db")) as database:
            database.execute("UPDATE alembic_version SET version_num = 'another'")
            database.commit()
        assert eventually(lambda: own.get("/readyz").json()["database"] is False)
        assert own.get("/healthz").status == 200


def test_the_probes_take_get_and_head_and_are_dressed(tmp_path: Path) -> None:
    """P13, H11, C01"""
    with running_gatekeeper(tmp_path) as own:
        for path in (b"/healthz", b"/readyz"):
            assert own.raw(path, method=b"HEAD").body == b""
            assert own.raw(path, method=b"POST").status == 405
            assert own.raw(path + b"/").status == 404
            answer = own.raw(path)
            assert answer.header("cache-control") == "private, no-store"
            assert answer.header("x-content-type-options") == "nosniff"


@EACH
def test_the_metrics_add_up_all_processes(tmp_path: Path, server: str) -> None:
    port = free_port()
    environ = {"LYCEUM_SERVER": server, "LYCEUM_WORKERS": "2", "LYCEUM_METRICS": f"127.0.0.1:{port}"}
    with running_gatekeeper(tmp_path, environ=environ) as own:
        assert eventually(lambda: metric(port, "lyceum_processes") == 2)
        for _ in range(40):
            assert own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).status == 200
        for _ in range(10):
            assert own.get("/gate/parts/demo/paid").status == 401
        own.get("/files/nothing")
        granted = 'lyceum_requests_total{route="gate",status="200"}'
        assert eventually(lambda: metric(port, granted) == 40), metric(port, granted)
        assert eventually(lambda: metric(port, 'lyceum_requests_total{route="gate",status="401"}') == 10)
        assert metric(port, 'lyceum_requests_total{route="files",status="404"}') == 1
        assert eventually(lambda: metric(port, 'lyceum_ready{part="store"}') == 1)
        assert eventually(lambda: metric(port, "lyceum_release_lessons") == 5)
        assert (metric(port, 'lyceum_request_seconds_count{route="gate"}') or 0) > 0
        whole = exchange(
            "127.0.0.1", port, b"GET /metrics HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n"
        ).body
        for private in (b"demo/paid", b"reader-1", b"127.0.0.1"):
            assert private not in whole
        assert own.get("/metrics").status == 404  # not on the readers' port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5).close()


def test_a_busy_metrics_port_is_a_clear_error(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(AssertionError, match="cannot show metrics on") as raised,
        running_gatekeeper(tmp_path, environ={"LYCEUM_METRICS": f"127.0.0.1:{taken.getsockname()[1]}"}),
    ):
        pass
    assert "hint: stop what listens there" in str(raised.value)


def test_logs_are_json_when_wanted(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, environ={"LYCEUM_LOG": "json"}) as own:
        assert eventually(lambda: "release loaded" in own.log.read_text())
        lines = [json.loads(line) for line in own.log.read_text().splitlines()]
    assert any(line["logger"] == "gatekeeper.gate.library" for line in lines)
    assert all({"time", "level", "event"} <= set(line) for line in lines)


@EACH
def test_a_reader_above_the_limit_waits_and_another_does_not(tmp_path: Path, server: str) -> None:
    environ = {"LYCEUM_SERVER": server, "LYCEUM_READER_LIMIT": "20"}
    with running_gatekeeper(tmp_path, environ=environ) as own:

        def ask(reader: str) -> int:
            token = own.token(OWNER, reader=reader)  # a new token every time: it is the reader who counts
            lines = f"Cookie: {own.settings.entitlement_cookie}={token}\r\n".encode()
            answer = own.get("/gate/parts/demo/paid", lines=lines)
            if answer.status == 429:
                assert answer.json() == {"reason": "limit"}
                assert 1 <= int(answer.header("retry-after") or "") <= 60
                assert answer.header("cache-control") == "private, no-store"
                assert answer.header("content-security-policy")
            return answer.status

        answers = [ask("ada") for _ in range(60)]  # a minute's end may lie between
        assert answers[:20] == [200] * 20
        assert 429 in answers
        assert ask("bob") == 200
        assert own.get("/healthz").status == own.get("/readyz").status == 200


@EACH
def test_an_address_above_the_limit_waits_whatever_it_says_of_itself(tmp_path: Path, server: str) -> None:
    """H02: neither forged tokens nor forwarded addresses make a stranger somebody else"""
    with running_gatekeeper(tmp_path, environ={"LYCEUM_SERVER": server, "LYCEUM_ADDRESS_LIMIT": "20"}) as own:
        name = own.settings.entitlement_cookie
        statuses = []
        for number in range(60):
            lines = f"X-Forwarded-For: 198.51.100.{number}\r\nForwarded: for=198.51.100.{number}\r\nX-Real-IP: 10.0.0.{number}\r\n"
            cookie = f"Cookie: {name}=eyJ{number}.e.e\r\n"
            statuses.append(own.get("/gate/parts/demo/paid", lines=(lines + cookie).encode()).status)
        assert 429 in statuses
        assert own.get("/healthz").status == 200


def test_behind_a_trusted_proxy_each_client_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """H02: the right-most hop that is not ours"""
    environ = {"LYCEUM_ADDRESS_LIMIT": "10", "LYCEUM_TRUSTED_PROXIES": "127.0.0.1/32"}
    with running_gatekeeper(tmp_path, environ=environ) as own:

        def ask(client: str, *, claimed: str = "") -> int:
            said = f"{claimed}, {client}" if claimed else client
            return own.get("/gate/parts/demo/paid", lines=f"X-Forwarded-For: {said}\r\n".encode()).status

        assert {ask(f"198.51.100.{number}") for number in range(40)} == {401}
        assert 429 in {ask("203.0.113.9", claimed=f"198.51.100.{number}") for number in range(40)}


@pytest.mark.skipif(bool(no_redis()), reason=no_redis())
def test_two_services_share_a_limit_in_redis(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        environ = {"LYCEUM_READER_LIMIT": "30", "LYCEUM_REDIS_URL": redis.url}
        with (
            running_gatekeeper(tmp_path / "one", environ=environ) as one,
            running_gatekeeper(tmp_path / "other", environ=environ) as other,
        ):
            while time.time() % 60 > 40:  # the test wants to stay within one minute
                time.sleep(0.2)
            for _ in range(20):
                assert one.get("/gate/parts/demo/paid", lines=one.cookie(OWNER)).status == 200
            time.sleep(1)  # settled twice

            def is_over() -> bool:
                return other.get("/gate/parts/demo/paid", lines=other.cookie(OWNER)).status == 429

            answers = 0
            while not is_over():
                answers += 1
                assert answers < 30
                time.sleep(0.1)
            assert answers >= 10


@EACH
def test_what_is_read_from_many_networks_rings_for_the_reader(tmp_path: Path, server: str) -> None:
    """The alarm from end to end: requests, background, log and metric; and the reader reads on."""
    port = free_port()
    environ = {
        "LYCEUM_TRUSTED_PROXIES": "127.0.0.1/32",
        "LYCEUM_SERVER": server,
        "LYCEUM_SHARING_NETWORKS": "3",
        "LYCEUM_METRICS": f"127.0.0.1:{port}",
    }
    with running_gatekeeper(tmp_path, environ=environ) as own:
        reader = _reader_in_database(own)
        token = own.token(OWNER, reader=reader)
        for number in range(5):
            lines = (
                f"Cookie: {own.settings.entitlement_cookie}={token}\r\nX-Forwarded-For: 198.51.{number}.1\r\n"
            )
            assert own.get("/gate/parts/demo/paid", lines=lines.encode()).status == 200
        assert eventually(lambda: "link-sharing alarm" in own.log.read_text())
        assert eventually(lambda: metric(port, "lyceum_sharing_alarms_total") == 1)
        assert "198.51" not in own.log.read_text()


def _reader_in_database(own: RunningGatekeeper) -> str:
    database = open_database(own.settings.database_url.reveal_text())
    try:
        with database.write() as connection:
            return find_or_create(connection, "ada@example.org", language="en", now=datetime.now(UTC)).id
    finally:
        database.close()


@contextmanager
def slow_download(
    own: RunningGatekeeper, tmp_path: Path, *, size: int = 32 * 1024 * 1024
) -> Iterator[socket.socket]:
    """An answer under way that is larger than what sockets hold by themselves."""
    key = "private/large"
    (tmp_path / "private" / key).write_bytes(bytes(size))
    signer = FolderSigner(derive(own.settings.secret_key, STORE_URLS), origin="", lifetime_seconds=300)
    url = signer.sign(key, media_type="", disposition="", now=int(time.time())).url
    with socket.create_connection(("127.0.0.1", own.port), timeout=30) as connection:
        connection.sendall(f"GET {url} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        time.sleep(0.3)
        yield connection


@EACH
def test_z18_answers_under_way_are_finished_and_a_second_signal_changes_nothing(
    tmp_path: Path, server: str
) -> None:
    """Z18"""
    with (
        running_gatekeeper(tmp_path, environ={"LYCEUM_SERVER": server, "LYCEUM_WORKERS": "2"}) as own,
        slow_download(own, tmp_path) as connection,
    ):
        for _ in range(3):
            own.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        assert own.process.poll() is None
        assert not is_answered(own.port)  # nobody new is taken
        answer = read_answer(connection)
        assert (answer.status, len(answer.body)) == (200, 32 * 1024 * 1024)
        assert own.process.wait(30) == 0
        assert "Traceback" not in own.log.read_text()


@EACH
def test_z18_an_answer_that_never_ends_does_not_keep_the_service(tmp_path: Path, server: str) -> None:
    """Z18: a reader who takes nothing is given the time to drain, and no more"""
    environ = {"LYCEUM_SERVER": server, "LYCEUM_DRAIN_SECONDS": "2"}
    with running_gatekeeper(tmp_path, environ=environ) as own, slow_download(own, tmp_path):
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(20) == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@EACH
def test_the_processes_end_when_their_parent_is_killed(tmp_path: Path, server: str) -> None:
    with running_gatekeeper(
        tmp_path, environ={"LYCEUM_SERVER": server, "LYCEUM_WORKERS": "2", "LYCEUM_DRAIN_SECONDS": "5"}
    ) as own:
        workers = children(own.process.pid)
        assert len([one for one in workers if is_running(one)]) >= 2
        own.process.kill()
        own.process.wait(20)
        assert eventually(lambda: not any(is_running(one) for one in workers), 30)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", own.port), 5).close()
        assert os.getpid() not in workers
