"""Reading from stores: missing is None, away is an error, and nothing outside the folder is ever read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekeeper.contract.address import StoreAddress, parse_store
from gatekeeper.errors import StoreError
from gatekeeper.secrets import Secret
from gatekeeper.stores.address import S3Account
from gatekeeper.stores.reader import FolderReader, HttpReader, reader_of, site_reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    (root / "private").mkdir(parents=True)
    (root / "private" / "object").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"OUTSIDE")
    return root


def test_a_folder_gives_what_it_holds_and_none_for_the_rest(folder: Path) -> None:
    reader = FolderReader(folder)
    assert reader.get("private/object") == b"inside"
    for path in ("private/other", "private", "private/object/below", "x/y", "n" * 400):
        assert reader.get(path) is None


def test_nothing_outside_the_folder_is_read(folder: Path) -> None:
    """P15, P16"""
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "door").symlink_to(folder.parent)
    (folder / "private" / "own").symlink_to(folder / "private" / "object")
    reader = FolderReader(folder)
    for path in (
        "../secret",
        "private/../../secret",
        "private/../private/object",
        str(folder.parent / "secret"),
        "/private/object",
        "private//object",
        "private/./object",
        "private/object/",
        "private\\object",
        "private/object\0",
        "",
        ".",
        "..",
        "link",
        "door/secret",
        "private/own",
    ):
        assert reader.get(path) is None, path


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["..", ".", "", "private", "object", "secret", "\\", "\0", "%2e"]), max_size=8)
)
def test_no_combination_of_parts_leads_out(folder: Path, parts: list[str]) -> None:
    """P15"""
    assert FolderReader(folder).get("/".join(parts)) in {None, b"inside"}


@pytest.fixture
def site() -> Iterator[str]:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = {"/there": 200, "/%E8%AF%BE%20x": 200, "/broken": 500, "/closed": 403}.get(
                self.path, 404
            )
            self.send_response(status)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"page")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_site_gives_pages_none_for_missing_ones_and_an_error_otherwise(site: str) -> None:
    reader = site_reader(site)
    assert reader.get("there") == b"page"
    assert reader.get("课 x") == b"page"
    assert reader.get("missing") is None
    with pytest.raises(StoreError, match="500"):
        reader.get("broken")
    with pytest.raises(StoreError, match="403") as caught:
        reader.get("closed")
    assert "ListBucket" in caught.value.hint


def test_a_server_that_is_away_or_silent_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StoreError, match="did not answer: TimeoutError"):
            HttpReader(lambda path: f"http://127.0.0.1:{port}/{path}", timeout_seconds=0.05).get("x")
    with pytest.raises(StoreError, match="did not answer: ConnectionRefusedError") as caught:
        HttpReader(lambda path: f"http://127.0.0.1:{port}/{path}?X-Amz-Signature=secret").get("x")
    assert "secret" not in str(caught.value)


def test_an_s3_store_is_asked_with_a_signed_url_below_its_prefix() -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=answer)
        thread.start()
        s3 = S3Account(
            endpoint=f"http://127.0.0.1:{server.getsockname()[1]}",
            region="us-east-1",
            is_virtual_hosted=False,
            access_key="AKID",
            secret_key=Secret("secret"),
        )
        reader = reader_of(StoreAddress(bucket="school", prefix="p/"), s3)
        assert reader.get("current.json") == b"ok"
        thread.join()
    assert asked[0].startswith(b"GET /school/p/current.json?X-Amz-Algorithm=AWS4-HMAC-SHA256&")


def test_an_s3_store_without_an_account_is_refused() -> None:
    with pytest.raises(ValueError, match="account"):
        reader_of(parse_store("s3://school"), None)
