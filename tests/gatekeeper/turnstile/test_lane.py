"""The short way says what the long way says: the same gate asked through both, header for header."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekeeper.environment import read_settings
from gatekeeper.gate.library import Library
from gatekeeper.gate.token import mint
from gatekeeper.limits.sightings import Sightings
from gatekeeper.limits.tally import Tally, open_storage
from gatekeeper.operations.front import Front
from gatekeeper.operations.readiness import Readiness
from gatekeeper.operations.slow import Bodies, Streams
from gatekeeper.settings import Settings
from gatekeeper.stores.reader import FolderReader
from gatekeeper.turnstile.lane import Lane, in_bytes
from gatekeeper.turnstile.request import ASKED, Request, environment
from gatekeeper.wsgi import gate
from tests.support.tiny_release import (
    FILES,
    PARTS,
    RELEASE_KEYS,
    RELEASE_PUBLIC_KEY,
    tiny_manifest,
    write_release,
)

SITE = "https://school.example/"
ORIGIN = "https://school.example"


class Both:
    """One gate, asked by the short way and by the long one."""

    def __init__(self, folder: Path, *, most: int = 10**6) -> None:
        self.settings: Settings = read_settings(
            {
                "LYCEUM_MODE": "demo",
                "LYCEUM_STATE": str(folder / "state"),
                "LYCEUM_STORE": (folder / "private").as_uri(),
                "LYCEUM_PUBLIC_STORE": (folder / "public").as_uri(),
                "LYCEUM_SITE_URL": SITE,
                "LYCEUM_GATEKEEPER_URL": "https://gate.example",
                "LYCEUM_RELEASE_PUBLIC_KEYS": RELEASE_PUBLIC_KEY,
            }
        )
        write_release(folder / "private", folder / "public", tiny_manifest(SITE))
        self.library = Library(FolderReader(folder / "private"), RELEASE_KEYS)
        self.library.refresh()
        self.now = float(int(time.time()))
        self.gate = gate(self.settings, self.library, lambda environ, start: [])
        self.readers = Tally("reader", most=most, storage=open_storage(None))
        self.sightings = Sightings()
        self.front = Front(
            inner=self.gate,
            dress=self.gate.dress,
            readiness=Readiness({}, clock=time.monotonic),
            who=lambda cookies, now: getattr(self.gate.lock.reader(cookies, now), "reader", None),
            trusted_proxies=(),
            readers=self.readers,
            addresses=None,
            sightings=self.sightings,
            metrics=None,
            clock=lambda: self.now,
            bodies=Bodies(),
            streams=Streams(),
        )
        object.__setattr__(self.gate._doors, "clock", lambda: self.now)
        self.lane = Lane(self.front, self.gate)

    def cookie(self, products: dict[str, int | None]) -> str:
        token = mint(
            self.settings.token_keys,
            reader="reader",
            session="session",
            products=products,
            now=int(self.now),
            issuer=self.settings.token_issuer,
            audience=self.settings.token_audience,
        )
        return f"{self.settings.entitlement_cookie}={token}"

    def request(self, target: bytes, method: str = "GET", **headers: str) -> Request:
        listed = [
            (name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()
        ]
        asked = {name: value.decode("latin-1") for name, value in listed if name in ASKED}
        return Request(method, target, listed, asked, "192.0.2.1", True)

    def short(self, request: Request) -> tuple[bytes, bytes] | None:
        return self.lane.answer(request)

    def long(self, request: Request) -> tuple[bytes, bytes]:
        said: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            said.extend([status, headers])

        body = self.front(environment(request, host="h", port=1), start)
        return in_bytes(said[0], said[1], b"".join(body))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return Both(tmp_path_factory.mktemp("both"))


NAMES = [
    *PARTS,
    *FILES,
    "demo/free",
    "nothing",
    "",
    "demo/paid/",
    "课程",
    "demo%2Fpaid",
    "demo/files/课程 100%25.pdf",
]
TARGETS = st.builds(
    lambda root, name, query: f"{root}{name}{query}".encode(),
    st.sampled_from(
        [
            "/gate/parts/",
            "/files/",
            "/gate/parts",
            "/files",
            "//gate/parts/",
            "/gate//parts/",
            "/gate/read/",
            "/store/",
        ]
    ),
    st.one_of(
        st.sampled_from(NAMES),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="?#\r\n"), max_size=6),
    ),
    st.sampled_from(["", "?", "?renewed=1", "?x=/files/"]),
)
OWNED = st.sampled_from(
    [None, {}, {"demo": None}, {"other": None}, {"demo": 1}, {"everything": None}, "broken"]
)


@given(
    TARGETS,
    OWNED,
    st.sampled_from([None, ORIGIN, "https://evil.example", "null"]),
    st.sampled_from(["", "text/html", "image/png"]),
    st.booleans(),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_say_the_same(
    both: Both, target: bytes, owned: Any, origin: str | None, accept: str, has_session: bool
) -> None:
    cookies = (
        []
        if owned is None
        else [both.settings.entitlement_cookie + "=broken"]
        if owned == "broken"
        else [both.cookie(owned)]
    )
    if has_session:
        cookies.append(f"{both.settings.session_cookie}=abc")
    headers = (
        {"accept": accept}
        | ({"cookie": "; ".join(cookies)} if cookies else {})
        | ({"origin": origin} if origin else {})
    )
    request = both.request(target, **headers)
    for _ in range(2):  # what was kept says the same again
        short = both.short(request)
        if short is not None:
            assert short == both.long(request)


@pytest.mark.parametrize("target", [b"/gate/parts/demo/paid", b"/files/demo/files/picture.png"])
def test_what_was_given_to_one_reader_is_not_given_to_the_next(both: Both, target: bytes) -> None:
    """P18: the bytes are kept for a second; the decision is made for everyone anew."""
    owner = both.request(target, cookie=both.cookie({"demo": None}))
    assert (both.short(owner) or (b"",))[0].split()[1] in {b"200", b"302"}
    for cookie, status in (
        ("", b"401"),
        (both.cookie({"other": None}), b"403"),
        (both.cookie({"demo": 1}), b"403"),
    ):
        said = both.short(both.request(target, cookie=cookie))
        assert said is not None
        assert said[0].split()[1] == status
        assert b"signature" not in said[1]


def test_an_answer_kept_does_not_outlive_its_second(both: Both) -> None:
    request = both.request(b"/gate/parts/demo/paid", cookie=both.cookie({"demo": None}))
    first = both.short(request)
    assert both.short(request) == first
    both.now += 1
    assert both.short(request) != first


def test_an_answer_kept_does_not_outlive_its_release(tmp_path: Path) -> None:
    """The rule of a lesson changes within the second; nobody is judged by the old one."""
    both = Both(tmp_path)
    request = both.request(b"/gate/parts/demo/member", cookie=both.cookie({}))
    assert (both.short(request) or (b"",))[0].split()[1] == b"200"
    whole = tiny_manifest(SITE, release="20261102T080000Z-0123abce")
    closed = {**whole.parts, "demo/member": whole.parts["demo/nobody"]}
    from dataclasses import replace

    write_release(tmp_path / "private", tmp_path / "public", replace(whole, parts=closed), number=2)
    assert both.library.refresh()
    assert (both.short(request) or (b"",))[0].split()[1] == b"403"


def test_the_limit_counts_on_the_short_way_too(tmp_path: Path) -> None:
    both = Both(tmp_path, most=3)
    request = both.request(b"/gate/parts/demo/paid", cookie=both.cookie({"demo": None}))
    said = [(both.short(request) or (b"",))[0].split()[1] for _ in range(5)]
    assert said == [b"200", b"200", b"200", b"429", b"429"]


def test_the_alarm_hears_the_short_way_too(tmp_path: Path) -> None:
    both = Both(tmp_path)
    for _ in range(2):
        both.short(both.request(b"/gate/parts/demo/paid", cookie=both.cookie({"demo": None})))
    both.short(both.request(b"/gate/parts/other/paid", cookie=both.cookie({"demo": None})))
    assert both.sightings.drain() == [("reader", "192.0.2.0/24")]


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
def test_no_header_is_split(value: str) -> None:
    """P08, R04"""
    with pytest.raises(ValueError, match="line's end"):
        in_bytes("200 OK", [("Location", value)], b"")
