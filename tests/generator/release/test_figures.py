"""The gatekeeper's figures: they make a report better, and never stop or mislead it."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gatekeeper.contract import routes
from generator.errors import SettingsError
from generator.release.access_diff import Owners
from generator.release.figures import FiguresAccess, fetch_figures
from generator.release.settings import figures_key
from tests.support.gatekeeper import running_gatekeeper

KEY = "ab" * 32


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A gatekeeper that always answers so; yields its address and what it was asked (path, Authorization)."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_key_is_shown_and_the_answer_is_understood() -> None:
    body = b'{"owners":[{"products":["a","b"],"readers":2},{"products":[],"readers":7}]}'
    with answering(200, body) as (address, asked):
        found = fetch_figures(FiguresAccess(gatekeeper_url=address, key=KEY))
    assert asked == [(routes.FIGURES, f"Bearer {KEY}")]
    assert found.note == ""
    assert found.owners == (
        Owners(products=frozenset({"a", "b"}), readers=2),
        Owners(products=frozenset(), readers=7),
    )


@pytest.mark.parametrize(
    ("status", "body", "note"),
    [
        (403, b"", "answered 403"),
        (500, b"", "answered 500"),
        (200, b"<html>", "cannot be understood"),
        (200, b"[]", "cannot be understood"),
        (200, b'{"owners":[{"products":[1],"readers":2}]}', "cannot be understood"),
        (200, b'{"owners":[{"products":[],"readers":-2}]}', "cannot be understood"),
        (200, b'{"owners":[{"products":[],"readers":true}]}', "cannot be understood"),
        (200, b"[" * 5_000_000, "cannot be understood"),
    ],
)
def test_a_gatekeeper_that_refuses_or_talks_nonsense_is_told_in_words(
    status: int, body: bytes, note: str
) -> None:
    with answering(status, body) as (address, _):
        found = fetch_figures(FiguresAccess(gatekeeper_url=address, key=KEY))
    assert found.owners is None
    assert note in found.note
    assert KEY not in found.note


def test_a_gatekeeper_that_is_away_is_told_in_words() -> None:
    found = fetch_figures(FiguresAccess(gatekeeper_url="http://127.0.0.1:9", key=KEY))
    assert found.owners is None
    assert "cannot be reached" in found.note


def test_the_key_follows_no_redirect() -> None:
    with (
        answering(200, b'{"owners":[]}') as (elsewhere, stolen),
        answering(302, b"", Location=f"{elsewhere}{routes.FIGURES}") as (address, _),
    ):
        found = fetch_figures(FiguresAccess(gatekeeper_url=address, key=KEY))
    assert found.owners is None
    assert stolen == []


@pytest.mark.parametrize(
    ("address", "note"),
    [("http://gate.example.org", "https"), ("", "no gatekeeper"), ("ftp://gate.example.org", "https")],
)
def test_the_key_goes_to_a_gatekeeper_over_https_only(address: str, note: str) -> None:
    assert note in fetch_figures(FiguresAccess(gatekeeper_url=address, key=KEY)).note


def test_without_a_key_nobody_is_asked() -> None:
    with answering(200, b'{"owners":[]}') as (address, asked):
        assert "LYCEUM_FIGURES_KEY" in fetch_figures(FiguresAccess(gatekeeper_url=address, key="")).note
    assert asked == []


def test_the_key_may_lie_in_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("keys") / "figures.key"
    place.write_text(KEY + "\n")
    assert figures_key({"LYCEUM_FIGURES_KEY_FILE": str(place)}) == KEY
    assert figures_key({"LYCEUM_FIGURES_KEY": KEY}) == KEY
    assert figures_key({}) == ""
    with pytest.raises(SettingsError, match="LYCEUM_FIGURES_KEY_FILE"):
        figures_key({"LYCEUM_FIGURES_KEY_FILE": str(place / "none")})


def test_no_repr_shows_the_key() -> None:
    assert KEY not in repr(FiguresAccess(gatekeeper_url="", key=KEY))


def test_a_real_gatekeeper_answers_the_holder_of_its_key_and_nobody_else(tmp_path: Path) -> None:
    key = hashlib.sha256(b"figures").hexdigest()
    with running_gatekeeper(tmp_path, environ={"LYCEUM_FIGURES_KEY": key}) as running:
        with closing(sqlite3.connect(tmp_path / "state" / "lyceum.db")) as database, database:
            rows = [(f"r{number}", f"r{number}@example.org") for number in range(3)]
            database.executemany(
                "insert into readers (id, email, language, created_at) values (?, ?, 'en', '2026-11-22 09:00:00')",
                rows,
            )
        address = running.settings.gatekeeper_url
        assert fetch_figures(FiguresAccess(gatekeeper_url=address, key=key)).owners == (
            Owners(products=frozenset(), readers=3),
        )
        refused = fetch_figures(FiguresAccess(gatekeeper_url=address, key=KEY))
    assert (refused.owners, refused.note) == (None, "the gatekeeper answered 403")
