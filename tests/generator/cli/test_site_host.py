"""The static host of the demo: files and nothing else, over real sockets."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.cli.site_host import SiteHost
from generator.errors import SettingsError


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SiteHost]:
    release = tmp_path / "releases" / "one"
    (release / "course").mkdir(parents=True)
    (release / "index.html").write_text("<p>home</p>")
    (release / "404.html").write_text("<p>own 404</p>")
    (release / "course" / "index.html").write_text("<p>course</p>")
    (release / "course" / ".secret").write_text("hidden")
    (release / "empty").mkdir()
    (tmp_path / "outside.txt").write_text("outside")
    (release / "link.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "site").symlink_to("releases/one")
    server = SiteHost(tmp_path / "site", "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


def ask(
    host: SiteHost, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", host.server_address[1], timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_a_folder_answers_with_its_index_and_a_missing_slash_is_added(host: SiteHost) -> None:
    assert ask(host, "/course/").status == 200
    moved = ask(host, "/course?x=1")
    assert (moved.status, moved.headers["Location"]) == (301, "/course/")


@pytest.mark.parametrize(
    "path",
    [
        "/missing",
        "/empty/",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/course/..%2f..%2foutside.txt",
        "/link.txt",
        "/course/.secret",
        "/course/%00",
        "/course\\index.html",
        "//etc/passwd",
    ],
)
def test_nothing_outside_hidden_or_unlisted_is_served(host: SiteHost, path: str) -> None:
    """P01, P16, P22: the site's own 404 page and no other byte."""
    answer = ask(host, path)
    assert answer.status == 404
    assert answer.body == b"<p>own 404</p>"  # type: ignore[attr-defined]


def test_head_has_the_headers_and_no_body(host: SiteHost) -> None:
    answer = ask(host, "/", method="HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "11", b"")  # type: ignore[attr-defined]


def test_an_unchanged_page_is_not_sent_again(host: SiteHost) -> None:
    first = ask(host, "/")
    again = ask(host, "/", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert again.status == 304


def test_a_moved_symlink_shows_at_the_next_request(host: SiteHost, tmp_path: Path) -> None:
    two = tmp_path / "releases" / "two"
    two.mkdir()
    (two / "index.html").write_text("<p>two</p>")
    (tmp_path / "next").symlink_to("releases/two")
    (tmp_path / "next").replace(tmp_path / "site")
    assert ask(host, "/").body == b"<p>two</p>"  # type: ignore[attr-defined]


def test_a_busy_port_is_an_error_with_a_hint(host: SiteHost, tmp_path: Path) -> None:
    port = host.server_address[1]
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
        SiteHost(tmp_path, "127.0.0.1", int(port))
    assert "--port" in caught.value.hint
