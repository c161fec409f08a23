"""`gatekeeper doctor`: what is well, what is not, what to do, and how it exits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from click.testing import CliRunner

from gatekeeper.cli import cli
from gatekeeper.contract import keys
from gatekeeper.doctor import Found, examine, exit_code
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import upgrade
from tests.support.gatekeeper import free_port, running_gatekeeper
from tests.support.tiny_release import PARTS, RELEASE_PUBLIC_KEY, tiny_manifest, write_release


class Bucket:
    """A store over HTTP that checks nothing at all, or, when told so, that a query is there and unspoiled."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wants_signature = True
        self.seen: set[str] = set()


@contextmanager
def bucket_server(bucket: Bucket) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            # The first query for an object is the good one; another one for it was spoiled.
            is_signed = bool(query) and (
                path not in {one.partition("?")[0] for one in bucket.seen} or self.path in bucket.seen
            )
            if is_signed:
                bucket.seen.add(self.path)
            file = bucket.root / path.removeprefix("/school/")
            if bucket.wants_signature and not is_signed:
                self._say(403, b"")
            elif file.is_file():
                self._say(200, file.read_bytes())
            else:
                self._say(404, b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def live(folder: Path, **more: str) -> dict[str, str]:
    return {
        "LYCEUM_MODE": "live",
        "LYCEUM_STORE": (folder / "private").as_uri(),
        "LYCEUM_GATEKEEPER_URL": "https://gate.example.test",
        "LYCEUM_SITE_URL": "http://127.0.0.1:9/school/",
        "LYCEUM_DATABASE_URL": f"sqlite:///{folder / 'x.db'}",
        "LYCEUM_SECRET_KEY": bytes(range(32)).hex(),
        "LYCEUM_TOKEN_KEYS": bytes(range(40, 72)).hex(),
        "LYCEUM_RELEASE_PUBLIC_KEYS": RELEASE_PUBLIC_KEY,
        "LYCEUM_SMTP_URL": "smtp://127.0.0.1:9",
        "LYCEUM_MAIL_FROM": "School <school@example.test>",
        **more,
    }


def at_once(_seconds: float) -> None:
    """The stand-ins for a store know no time, so nobody waits for it."""


def found(environ: dict[str, str], *, now: datetime | None = None) -> dict[str, Found]:
    findings = examine(environ, now=now or datetime.now(UTC), wait=at_once)
    return {one.name: one.state for one in findings}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_release(tmp_path / "private", tmp_path / "public", tiny_manifest("http://127.0.0.1:9/school/"))
    database = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    upgrade(database)
    database.close()
    return tmp_path


def test_a_running_service_is_found_well_by_a_real_signed_fetch(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path) as running:
        port = running.port
        environ = {
            "LYCEUM_MODE": "demo",
            "LYCEUM_STATE": str(tmp_path / "state"),
            "LYCEUM_STORE": (tmp_path / "private").as_uri(),
            "LYCEUM_PUBLIC_STORE": (tmp_path / "public").as_uri(),
            "LYCEUM_PORT": str(port),
            "LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}",
            "LYCEUM_SITE_URL": f"http://127.0.0.1:{port}/",
        }
        findings = examine(environ, now=datetime.now(UTC))
    states = {one.name: one.state for one in findings}
    for name in (
        "settings",
        "database",
        "store",
        "folders",
        "signed urls",
        "unsigned urls",
        "tampered urls",
        "expired urls",
        "listing",
        "cors",
        "keys",
        "service",
        "headers",
        "origins",
        "sharing",
        "site",
    ):
        assert states[name] is Found.OK, name
    assert exit_code(findings) == 0


def test_mistakes_in_the_settings_are_all_told_with_what_to_do() -> None:
    findings = examine({}, now=datetime.now(UTC))
    assert {one.state for one in findings} == {Found.FAILED}
    assert any("LYCEUM_SECRET_KEY" in one.what and "openssl" in one.fix for one in findings)
    assert exit_code(findings) == 2


def test_j21_a_guessable_secret_is_found(folder: Path) -> None:
    findings = examine(live(folder, LYCEUM_SECRET_KEY="00" * 32), now=datetime.now(UTC), wait=at_once)
    assert exit_code(findings) == 2
    assert "00000000" not in str(findings)


def test_a_database_that_is_not_migrated_is_found(folder: Path) -> None:
    (folder / "x.db").unlink()
    findings = examine(live(folder), now=datetime.now(UTC), wait=at_once)
    (one,) = [one for one in findings if one.name == "database"]
    assert (one.state, one.fix, one.exit_code) == (Found.FAILED, "run `gatekeeper migrate`", 1)


def test_a_store_without_a_release_and_a_mail_server_that_is_away_exit_6(folder: Path) -> None:
    (folder / "private" / keys.CURRENT).unlink()
    (folder / "private" / keys.pointer_key(1)).unlink()
    findings = examine(live(folder), now=datetime.now(UTC), wait=at_once)
    states = {one.name: one.state for one in findings}
    assert (states["store"], states["mail"]) == (Found.FAILED, Found.FAILED)
    assert exit_code(findings) == 6


def test_a_mail_server_that_answers_is_well_and_gets_no_mail(folder: Path) -> None:
    class Counting(Sink):
        mails = 0

        async def handle_DATA(self, *_: object) -> str:  # noqa: N802
            Counting.mails += 1
            return "250 OK"

    controller = Controller(Counting(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        assert found(live(folder, LYCEUM_SMTP_URL=f"smtp://127.0.0.1:{controller.port}"))["mail"] is Found.OK
    finally:
        controller.stop()
    assert Counting.mails == 0


def test_a_private_folder_inside_the_public_one_exits_4(folder: Path) -> None:
    findings = examine(live(folder, LYCEUM_PUBLIC_STORE=folder.as_uri()), now=datetime.now(UTC), wait=at_once)
    assert exit_code(findings) == 4
    sibling = found(live(folder, LYCEUM_PUBLIC_STORE=(folder / "private-but-not").as_uri()))
    assert sibling["folders"] is Found.OK


@pytest.mark.parametrize("is_open", [False, True])
def test_u15_a_bucket_that_hands_out_unsigned_objects_exits_4(folder: Path, is_open: bool) -> None:
    bucket = Bucket(folder / "private")
    bucket.wants_signature = not is_open
    with bucket_server(bucket) as port:
        environ = live(
            folder,
            LYCEUM_STORE="s3://school",
            LYCEUM_S3_ENDPOINT=f"http://127.0.0.1:{port}",
            AWS_ACCESS_KEY_ID="id",
            AWS_SECRET_ACCESS_KEY="key",
        )
        findings = examine(environ, now=datetime.now(UTC), wait=at_once)
    states = {one.name: one.state for one in findings}
    assert states["store"] is Found.OK
    assert states["signed urls"] is Found.OK
    wanted = Found.FAILED if is_open else Found.OK
    assert (states["unsigned urls"], states["tampered urls"]) == (wanted, wanted)
    assert exit_code(findings) == (4 if is_open else 6)  # 6: no mail server is running


def test_an_object_that_is_not_what_the_manifest_says_is_found(folder: Path) -> None:
    bucket = Bucket(folder / "private")
    for file in (folder / "private" / "private").iterdir():
        file.write_bytes(file.read_bytes()[:-1] + b"X")
    with bucket_server(bucket) as port:
        environ = live(
            folder,
            LYCEUM_STORE="s3://school",
            LYCEUM_S3_ENDPOINT=f"http://127.0.0.1:{port}",
            AWS_ACCESS_KEY_ID="id",
            AWS_SECRET_ACCESS_KEY="key",
        )
        assert found(environ)["signed urls"] is Found.FAILED
    assert PARTS


def test_a_clock_that_is_off_is_found(folder: Path) -> None:
    with bucket_server(Bucket(folder)) as port:
        site = {"LYCEUM_SITE_URL": f"http://127.0.0.1:{port}/"}

        def clock(away: timedelta) -> Found:
            return found(live(folder, **site), now=datetime.now(UTC) + away)["clock"]

        # http.server answers HEAD with 501, and with its time
        assert clock(timedelta()) is Found.OK
        assert clock(timedelta(minutes=2)) is Found.FAILED
        assert clock(-timedelta(minutes=2)) is Found.FAILED


def test_the_command_prints_json_without_secrets_and_exits_as_found(folder: Path) -> None:
    environ = live(folder, LYCEUM_SMTP_URL="smtp://user:geheim@127.0.0.1:9")
    result = CliRunner(env=environ).invoke(cli, ["doctor", "--json"])
    assert result.exit_code == 6
    findings = json.loads(result.stdout)["findings"]
    assert {"name", "state", "what", "fix"} == set(findings[0])
    assert "geheim" not in result.output
    assert environ["LYCEUM_SECRET_KEY"] not in result.output
    plain = CliRunner(env=environ).invoke(cli, ["doctor"])
    assert plain.exit_code == 6
    assert "fix: check LYCEUM_SMTP_URL" in plain.output
