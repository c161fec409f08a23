"""A published school seen from outside: what is planted on it is found, what is in order is not complained of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.contract import keys, routes, signature, statement
from generator.cli.site_host import SiteHost
from generator.errors import SettingsError, StoreError
from generator.release import Release, Stores, publish
from generator.release.signing import signer
from generator.verify import Kind, StoreView, Verification, verify, view_of_store
from tests.generator.release.made import folders, made
from tests.support.gatekeeper import running_gatekeeper

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SIGNER = signer(KEY)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return replace(folders(tmp_path), signer=SIGNER)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SiteHost]:
    """The public site of `stores`, on a static host."""
    running = SiteHost(tmp_path / "public" / "site", "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where the host's files lie."""
    return tmp_path / "public" / "site"


def published(
    stores: Stores, root: Path, number: int = 1, pages: Mapping[str, bytes] | None = None
) -> Release:
    release = made(root, number, pages=pages, signer=stores.signer)
    publish(release, stores)
    return release


def looked(url: str, **options: Any) -> Verification:
    chosen: dict[str, Any] = {"keys": SIGNER.known, "progress": lambda *_: None, **options}
    return verify(url, **chosen)


def found(verification: Verification) -> set[tuple[Kind, str]]:
    """Kind and path of each finding."""
    base = verification.url
    return {(one.kind, one.where.removeprefix(base)) for one in verification.findings}


def test_a_school_that_is_its_release_has_no_finding(stores: Stores, host: SiteHost, tmp_path: Path) -> None:
    release = published(stores, tmp_path)
    seen = looked(host.url, store=view_of_store(stores))
    assert seen.findings == ()
    assert seen.is_good
    assert (seen.release, seen.key) == (release.id, signature.key_id(KEY.public_key()))
    assert seen.files == len(release.public) - 1  # all but the statement itself
    assert seen.size_bytes == sum(
        file.size_bytes for path, file in release.public.items() if path != statement.PATH
    )
    assert seen.asked > 20
    assert any("the release was made for https://school.example/" in note for note in seen.notes)


def test_a_changed_and_a_missing_file_are_found(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    published(stores, tmp_path)
    (site / "demo" / "paid" / "index.html").write_bytes(b"<title>paid</title>another")
    (site / "assets" / "extra.js").unlink()
    assert found(looked(host.url)) == {(Kind.CHANGED, "demo/paid/"), (Kind.MISSING, "assets/extra.js")}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("index.html", b'<a href="planted/page.html?x=1">'),
        ("sitemap.xml", b"<urlset><url><loc>%(base)splanted/page.html</loc></url></urlset>"),
        ("assets/more.css", b"a{background:url(../planted/page.html)}"),
    ],
)
def test_an_extra_page_that_something_leads_to_is_found(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path, path: str, content: bytes
) -> None:
    """And what that page leads to, however far."""
    published(stores, tmp_path, pages={path: content.replace(b"%(base)s", host.url.encode())})
    (site / "planted").mkdir()
    (site / "planted" / "page.html").write_bytes(b'<img src="one%20more.png"><a href="../demo">known</a>')
    (site / "planted" / "one more.png").write_bytes(b"png")
    seen = looked(host.url)
    assert found(seen) == {(Kind.EXTRA, "planted/page.html"), (Kind.EXTRA, "planted/one%20more.png")}
    assert not seen.is_open


def test_an_extra_page_on_a_changed_page_is_found(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    published(stores, tmp_path)
    (site / "index.html").write_bytes(b"<a href=evil.html>")
    (site / "evil.html").write_bytes(b"x")
    assert found(looked(host.url)) == {(Kind.CHANGED, ""), (Kind.EXTRA, "evil.html")}


def test_a_link_to_nothing_or_to_elsewhere_is_no_finding(
    stores: Stores, host: SiteHost, tmp_path: Path
) -> None:
    page = (
        b'<a href="gone.html"></a><a href="demo"></a><a href="https://other.example/x"></a><a href="//h/y">'
    )
    published(stores, tmp_path, pages={"index.html": page})
    assert looked(host.url).is_good


@pytest.mark.parametrize("fault", ["none", "nonsense", "stranger", "tampered", "unsigned"])
def test_a_statement_that_nobody_known_signed_is_found(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path, fault: str
) -> None:
    published(stores, tmp_path)
    place = site / statement.PATH
    said = statement.loads(place.read_bytes())
    place.unlink()
    match fault:
        case "nonsense":
            place.write_bytes(b"<html>")
        case "stranger":
            place.write_bytes(statement.dumps(signer(OTHER).statement(said)))
        case "tampered":
            (site / "new.html").write_bytes(b"")
            empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            place.write_bytes(statement.dumps(replace(said, files={**said.files, "new.html": empty})))
        case "unsigned":
            place.write_bytes(statement.dumps(replace(said, signature=b"")))
    kind = Kind.STATEMENT if fault in {"none", "nonsense"} else Kind.SIGNATURE
    assert found(looked(host.url)) == {(kind, statement.PATH)}


def test_without_a_key_the_signature_is_not_believed_but_noted(
    stores: Stores, host: SiteHost, tmp_path: Path
) -> None:
    published(stores, tmp_path)
    seen = looked(host.url, keys={})
    assert seen.is_good
    assert seen.key is None
    assert any("signature was not looked at" in note for note in seen.notes)


def test_an_older_release_put_back_whole_is_found_by_what_is_expected(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    first = published(stores, tmp_path, 1)
    second = published(stores, tmp_path, 2)
    site.unlink()
    site.symlink_to(tmp_path / "public" / keys.site_folder(first.id))
    assert looked(host.url).is_good  # all that a stranger can say
    for options in ({"expected": second.id}, {"store": view_of_store(stores)}):
        assert (Kind.RELEASE, statement.PATH) in found(looked(host.url, **options))


def test_a_page_of_an_earlier_release_that_still_answers_is_found(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    published(stores, tmp_path, 1)
    published(stores, tmp_path, 2)
    assert looked(host.url, store=view_of_store(stores)).is_good
    (site / "demo" / "only-1").mkdir()
    (site / "demo" / "only-1" / "index.html").write_bytes(b"old")
    assert found(looked(host.url, store=view_of_store(stores))) == {(Kind.LEFT, "demo/only-1/")}


@pytest.mark.parametrize(
    "path", [".git/config", "content/school.yml", "current.json", "releases/%(id)s/manifest.json"]
)
def test_something_private_at_an_address_that_anybody_can_guess_is_found(
    stores: Stores, host: SiteHost, tmp_path: Path, path: str
) -> None:
    release = published(stores, tmp_path)
    name = path % {"id": release.id} if "%" in path else path
    with careless_host(tmp_path / "public" / "site", {f"/{name}": b"private"}) as url:
        seen = looked(url)
    assert found(seen) == {(Kind.PRIVATE, name)}
    assert seen.is_open


def test_a_private_object_on_the_public_site_is_found_with_the_store(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    release = published(stores, tmp_path)
    key = next(iter(release.private))
    (site / "private").mkdir()
    (site / key).write_bytes(b"paid text")
    assert looked(host.url).is_good  # no stranger can guess the name (R4)
    seen = looked(host.url, store=view_of_store(stores))
    assert found(seen) == {(Kind.PRIVATE, key)}


def test_a_store_that_answers_strangers_is_found(stores: Stores, host: SiteHost, tmp_path: Path) -> None:
    release = published(stores, tmp_path)
    open_view: StoreView = replace(
        view_of_store(stores),
        open_doors=lambda key: ["read its objects"] if key in release.private else [],
    )
    seen = looked(host.url, store=open_view)
    assert {one.where for one in seen.findings} == set(release.private)
    assert seen.is_open


def test_a_real_gatekeeper_gives_a_stranger_nothing(stores: Stores, host: SiteHost, tmp_path: Path) -> None:
    environ = {
        "LYCEUM_STORE": (tmp_path / "private").as_uri(),
        "LYCEUM_PUBLIC_STORE": (tmp_path / "public").as_uri(),
        "LYCEUM_SITE_URL": host.url,
        "LYCEUM_RELEASE_PUBLIC_KEYS": signature.public_text(KEY.public_key()),
    }
    (tmp_path / "gatekeeper").mkdir()
    (tmp_path / "private").mkdir()
    with running_gatekeeper(tmp_path / "gatekeeper", environ=environ, publish=False) as running:
        origin = running.settings.gatekeeper_url
        page = f'<section data-lesson="demo/paid" data-gatekeeper="{origin}"></section><a href="{origin}/account">'
        published(stores, tmp_path, pages={"demo/paid/index.html": page.encode()})
        eventually_ready(origin)
        seen = looked(host.url, store=view_of_store(stores))
    assert seen.findings == ()
    assert not any("gatekeeper" in note for note in seen.notes)


def eventually_ready(origin: str) -> None:
    import urllib.error
    import urllib.request

    for _ in range(200):
        try:
            with urllib.request.urlopen(origin + routes.READY, timeout=5):
                return
        except urllib.error.HTTPError as error:
            error.close()
        time.sleep(0.1)
    raise AssertionError("the gatekeeper has not loaded the release")


@pytest.mark.parametrize(
    ("route", "status", "headers", "is_leak"),
    [
        ("/gate/parts/demo/paid", 200, {}, True),
        (
            "/gate/parts/demo/paid",
            302,
            {"Location": "https://store.example/private/x?X-Amz-Signature=1"},
            True,
        ),
        ("/gate/read/demo/paid", 200, {}, True),
        ("/gate/read/demo/paid", 307, {"Location": "/gate/read/demo/paid?again"}, False),
        ("/gate/parts/demo/paid", 401, {}, False),
        ("/gate/parts/demo/paid", 404, {}, False),
    ],
)
def test_a_gatekeeper_that_gives_something_to_strangers_is_found(
    stores: Stores,
    host: SiteHost,
    tmp_path: Path,
    route: str,
    status: int,
    headers: dict[str, str],
    is_leak: bool,
) -> None:
    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if path == routes.HEALTH:
            return 200, {}, b"{}"
        return (status, headers, b'{"url":"https://signed"}') if path == route else (401, {}, b"")

    with serving(answer) as gatekeeper:
        page = f'<section data-lesson="demo/paid" data-gatekeeper="{gatekeeper.rstrip("/")}"></section>'
        published(stores, tmp_path, pages={"demo/paid/index.html": page.encode()})
        seen = looked(host.url)
    leaks = {(Kind.PRIVATE, gatekeeper.rstrip("/") + route)} if is_leak else set()
    assert found(seen) == leaks
    assert "Signature" not in str(seen)


def test_a_gatekeeper_that_is_away_is_noted(stores: Stores, host: SiteHost, tmp_path: Path) -> None:
    page = b'<section data-lesson="demo/paid" data-gatekeeper="http://127.0.0.1:9"></section>'
    published(stores, tmp_path, pages={"demo/paid/index.html": page})
    seen = looked(host.url)
    assert seen.is_good
    assert any("cannot be reached" in note for note in seen.notes)


def test_a_changed_page_chooses_no_gatekeeper_for_us(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    asked: list[str] = []

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return 200, {}, b"{}"

    with serving(answer) as elsewhere:
        published(stores, tmp_path)
        page = f'<section data-lesson="x" data-gatekeeper="{elsewhere}"></section>'
        (site / "index.html").write_text(page)
        assert found(looked(host.url)) == {(Kind.CHANGED, "")}
    assert asked == []


def test_a_host_that_answers_everything_with_200_hides_nothing(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    published(stores, tmp_path, pages={"index.html": b'<a href="planted.html"></a><a href="gone.html">'})
    with careless_host(site, {"/planted.html": b"planted"}, fallback=b"<title>home again</title>") as url:
        seen = looked(url)
    assert found(seen) == {(Kind.EXTRA, "planted.html")}
    assert any("it should answer 404" in note for note in seen.notes)


def test_a_site_that_needs_a_while_is_waited_for(stores: Stores, host: SiteHost, tmp_path: Path) -> None:
    published(stores, tmp_path, 1)
    second = made(tmp_path, 2, signer=SIGNER)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            publish(second, stores)

    seen = looked(host.url, expected=second.id, wait=timedelta(seconds=60), sleep=sleep)
    assert seen.is_good
    assert len(slept) == 3
    late = looked(
        host.url, expected="20261122T160009Z-00000000", wait=timedelta(seconds=12), sleep=slept.append
    )
    assert (Kind.RELEASE, statement.PATH) in found(late)
    assert sum(slept[3:]) == 12


def test_pages_that_a_cache_still_has_are_asked_for_again(
    stores: Stores, host: SiteHost, site: Path, tmp_path: Path
) -> None:
    published(stores, tmp_path)
    right = (site / "index.html").read_bytes()
    (site / "index.html").unlink()
    (site / "index.html").write_bytes(b"old")
    seen = looked(
        host.url, wait=timedelta(seconds=30), sleep=lambda _: (site / "index.html").write_bytes(right)
    )
    assert seen.is_good


def test_a_site_that_does_not_answer_is_an_error_of_its_own() -> None:
    with pytest.raises(StoreError) as caught:
        looked("http://127.0.0.1:9/")
    assert caught.value.exit_code == 6
    with pytest.raises(SettingsError):
        looked("school.example")


def test_asking_is_polite(stores: Stores, site: Path, tmp_path: Path) -> None:
    """Never more requests at once than allowed, a name to be known by, no cookie, and patience when told to wait."""
    published(stores, tmp_path, pages={f"p{number}.html": b"%d" % number for number in range(60)})
    lock = threading.Lock()
    at_once, most, told, headers = [0], [0], [0], list[dict[str, str]]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
                headers.append({name.lower(): value for name, value in self.headers.items()})
                is_limited = told[0] < 2 and self.path == "/p7.html"
                told[0] += is_limited
            time.sleep(0.002)
            path = unquote(self.path).lstrip("/")
            place = site / (path + "index.html" if not path or path.endswith("/") else path)
            data = place.read_bytes() if place.is_file() and not is_limited else b""
            with lock:
                at_once[0] -= 1
            self.send_response(429 if is_limited else 200 if data else 404)
            if is_limited:
                self.send_header("Retry-After", "0")
            if data and path == statement.PATH:
                self.send_header("Content-Type", "application/json")
            self.send_header("Set-Cookie", "track=1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with closing_server(Handler) as url:
        seen = looked(url, connections=3)
    assert seen.is_good, seen.findings
    assert told == [2]
    assert 1 <= most[0] <= 3
    assert all("cookie" not in sent and sent["user-agent"].startswith("lyceum-verify/") for sent in headers)


Answer = Callable[[str], tuple[int, dict[str, str], bytes]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server whose answers a function makes; yields its address with a final slash."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with closing_server(Handler) as url:
        yield url


@contextmanager
def closing_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def careless_host(site: Path, more: Mapping[str, bytes], *, fallback: bytes | None = None) -> Iterator[str]:
    """A host that shows `site`, and beside it what it should not; fallback: answers whatever is not there with this and 200."""

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        name = unquote(path).lstrip("/")
        place = site / (name + "index.html" if not name or name.endswith("/") else name)
        kind = {"Content-Type": "text/html" if place.suffix == ".html" else "application/octet-stream"}
        if path in more:
            return 200, {"Content-Type": "text/plain"}, more[path]
        if not name.startswith(".") and place.is_file():
            return 200, kind, place.read_bytes()
        return (200, {"Content-Type": "text/html"}, fallback) if fallback is not None else (404, {}, b"")

    with serving(answer) as url:
        yield url
