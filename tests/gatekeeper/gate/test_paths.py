"""Paths: an object is had under its one name, or not at all (group P of the attack cases), over raw sockets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.support.gatekeeper import RunningGatekeeper
from tests.support.raw_http import RawAnswer
from tests.support.tiny_release import CANARY, FILES, PARTS

OWNER = {"everything": None, "other": None}
DOORS = {"/gate/parts/": "demo/paid", "/gate/read/": "demo/paid", "/files/": "demo/files/picture.png"}


def assert_nothing_given(answer: RawAnswer, target: bytes) -> None:
    assert answer.status in {400, 403, 404, 405, 414}, (target, answer)
    assert CANARY not in answer.body, target
    assert b"/store/" not in answer.body, target
    assert b"/store/" not in (answer.header("location") or "").encode(), target


@pytest.mark.parametrize("door", DOORS)
def test_the_canonical_address_works_for_an_owner(gatekeeper: RunningGatekeeper, door: str) -> None:
    """So that the refusals below mean something."""
    answer = gatekeeper.raw((door + DOORS[door]).encode(), lines=gatekeeper.cookie(OWNER))
    assert answer.status == (302 if door == "/files/" else 200)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "before", ["/", "/.", "/x/..", "/%2e", "/x/%2e%2e", "/%2e%2e", "/%2F", "/gate/parts/..", "/;x"]
)
def test_no_detour_in_front_of_a_door_opens_it(gatekeeper: RunningGatekeeper, door: str, before: str) -> None:
    """P01"""
    target = (before + door + DOORS[door]).encode()
    for lines in (b"", gatekeeper.cookie(OWNER)):
        assert_nothing_given(gatekeeper.raw(target, lines=lines), target)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "written",
    ["{0}//{1}", "{0}/./{1}", "{0}/x/../{1}", "./{0}/{1}", "../{0}/{1}", "/{0}/{1}", "{0}/%2e/{1}", "{0}/x/%2e%2e/{1}",
     "{0}%5c{1}", "{0}\\{1}", "{0}%2f..%2f{0}/{1}", "{0}/x%2f..%2f{1}", "{0}%252f{1}", "{0}/{1}%2f", "%2f{0}/{1}",
     "{0}/..%2f{0}/{1}", "{0}%2f%2f{1}", "{0}%ef%bc%8f{1}", "{0}%c0%af{1}"],
)  # fmt: skip
def test_no_detour_inside_a_name_opens_it(gatekeeper: RunningGatekeeper, door: str, written: str) -> None:
    """P01, P02"""
    first, _, rest = DOORS[door].partition("/")
    target = (door + written.format(first, rest)).encode()
    for lines in (b"", gatekeeper.cookie(OWNER)):
        assert_nothing_given(gatekeeper.raw(target, lines=lines), target)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("slash", ["%2f", "%2F"])
def test_an_encoded_slash_gets_the_decision_of_the_slash(
    gatekeeper: RunningGatekeeper, door: str, slash: str
) -> None:
    """P02: the server decodes once and hands on the result, so the two are one address with one decision"""
    target = (door + DOORS[door].replace("/", slash)).encode()
    assert gatekeeper.raw(target).status == 401
    assert gatekeeper.raw(target, lines=gatekeeper.cookie({"unrelated": None})).status == 403
    assert gatekeeper.raw(target, lines=gatekeeper.cookie(OWNER)).status in {200, 302}


SUFFIXES = [
    "/", "//", "/.", "/index.html", ".html", ".htm", ".md", ".json", ".", "..", "%2e", "%20", "+", ";x", ";x.js", ";.css",
    "/x.css", "%3b.css", "%3f", "%23", "%0a.css", "~", ".bak", "::$DATA", "%00", "%00.html", "%09", "/..", "/../paid",
]  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_suffix_is_forgiven(gatekeeper: RunningGatekeeper, door: str, suffix: str) -> None:
    """P04, P08, C02"""
    target = (door + DOORS[door] + suffix).encode()
    for lines in (b"", gatekeeper.cookie(OWNER)):
        answer = gatekeeper.raw(target, lines=lines)
        assert_nothing_given(answer, target)
        if answer.status != 400:  # the server's own word
            assert answer.header("cache-control") == "private, no-store"


@pytest.mark.parametrize("door", [*DOORS, "/store/"])
@pytest.mark.parametrize(
    "name",
    ["%00", "%0a", "%0d%0aSet-Cookie:%20a=b", "%09", "demo/paid%0d%0aX-Injected:%201", "%e2%80%a8", "%ff%fe", "%",
     "%zz", "%1", "%ed%a0%80", "%c3%28", "demo/%F0%9F%92%A9"],
)  # fmt: skip
def test_control_characters_and_broken_escapes_are_names_of_nothing(
    gatekeeper: RunningGatekeeper, door: str, name: str
) -> None:
    """P08"""
    for target in (f"{door}{name}", f"{door}demo/paid?x={name}", f"{door}{name}?{name}"):
        answer = gatekeeper.raw(target.encode(), lines=gatekeeper.cookie({}))
        assert_nothing_given(answer, target.encode())
        assert answer.header("set-cookie") is None
        assert answer.header("x-injected") is None


@pytest.mark.parametrize("raw", [b"\0", b"\r", b"\n", b"\t", b"\x7f", b"\xff", b" "])
def test_raw_control_bytes_in_a_path_are_refused(gatekeeper: RunningGatekeeper, raw: bytes) -> None:
    """P08"""
    target = b"/files/demo/files/" + raw + b"picture.png"
    answer = gatekeeper.raw(target, lines=gatekeeper.cookie(OWNER))
    assert answer.status in {0, 400, 404}
    assert CANARY not in answer.body


@pytest.mark.parametrize(
    "key",
    ["private\\x", "CON", "NUL", "private/NUL", "COM1.txt", "private/x::$DATA", "private/x.", "private/x%20", "C:/x",
     "%5c%5chost%5cshare", "private/.hidden", ".", "..", "private/..", "~root", "$HOME", "private/*"],
)  # fmt: skip
def test_a_key_is_made_of_allowed_letters_only(gatekeeper: RunningGatekeeper, key: str) -> None:
    """P09"""
    target = f"/store/{key}?expires=9999999999&disposition=&type=&signature={'0' * 64}".encode()
    assert gatekeeper.raw(target).status == 403


@pytest.mark.parametrize(
    "after",
    ["?/public", "?/gate/parts/demo/free", "?access=public", "#/public", "?renewed=1", "?token=x#", "??"],
)
@pytest.mark.parametrize("door", DOORS)
def test_query_and_fragment_decide_nothing(gatekeeper: RunningGatekeeper, door: str, after: str) -> None:
    """P10"""
    plain = gatekeeper.raw((door + DOORS[door]).encode())
    dressed = gatekeeper.raw((door + DOORS[door] + after).encode())
    assert (dressed.status, dressed.body) == (plain.status, plain.body) == (401, plain.body)


VERBS = ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "MKCOL", "get", "GETX", "X", "CONNECT"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("door", [*DOORS, "/store/"])
def test_other_verbs_are_refused_for_owners_too(gatekeeper: RunningGatekeeper, door: str, verb: str) -> None:
    """P13, U11"""
    target = (door + DOORS.get(door, "private/x")).encode()
    answer = gatekeeper.raw(target, method=verb.encode(), lines=gatekeeper.cookie(OWNER))
    assert answer.status in {405, 400}
    if answer.status == 405:
        assert answer.header("allow") == "GET, HEAD, OPTIONS"
        assert answer.json() == {"reason": "method"}


@pytest.mark.parametrize("door", DOORS)
def test_head_is_gated_exactly_as_get(gatekeeper: RunningGatekeeper, door: str) -> None:
    """P13"""
    for lines in (b"", gatekeeper.cookie({"unrelated": None}), gatekeeper.cookie(OWNER)):
        for name in (DOORS[door], "no/such"):
            target = (door + name).encode()
            get, head = (gatekeeper.raw(target, method=method, lines=lines) for method in (b"GET", b"HEAD"))
            assert head.body == b""
            assert head.status == get.status
            assert head.header("content-length") == get.header("content-length")


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_change_the_verb(gatekeeper: RunningGatekeeper, name: str) -> None:
    """P13"""
    target = b"/gate/parts/demo/paid"
    lines = f"{name}: OPTIONS\r\n".encode()
    assert gatekeeper.raw(target, lines=lines).status == 401
    lines = f"{name}: GET\r\nContent-Length: 0\r\n".encode()
    assert gatekeeper.raw(target, method=b"POST", lines=lines + gatekeeper.cookie(OWNER)).status == 405


def traversals() -> Iterator[str]:
    """Depth × way of writing two dots × separator × goal × suffix; none of them is the name of an object."""
    dots = [
        "..",
        "%2e%2e",
        ".%2e",
        "%2e.",
        "%252e%252e",
        "..%00",
        "....",
        ".../",
        "%c0%ae%c0%ae",
        "%uff0e%uff0e",
        "..;",
        "..%20",
    ]
    separators = ["/", "%2f", "%5c", "\\", "%252f", "//", "/./", "%c0%af", "%ef%bc%8f", ";/"]
    goals = [
        "secret.txt",
        "etc/passwd",
        "private/secret.txt",
        "state/secret_key",
        "demo/paid",
        "pointers/00000001.json",
    ]
    suffixes = ["", "/", "%00", ".html", "?x"]
    for depth, dot, separator, goal, suffix in itertools.product(
        range(1, 5), dots, separators, goals, suffixes
    ):
        yield (dot + separator) * depth + goal.replace("/", separator) + suffix


@pytest.mark.parametrize("door", [*DOORS, "/store/"])
def test_no_traversal_leads_out_of_the_store(gatekeeper: RunningGatekeeper, door: str) -> None:
    """P15: 14 400 lines for each parameter that names an object"""
    store = gatekeeper.settings.store.folder
    assert store is not None
    for place in (store, store.parent, store / "private"):
        (place / "secret.txt").write_bytes(b"OUTSIDE-" + CANARY)
    lines = list(traversals())
    assert len(set(lines)) >= 10_000
    targets = [f"{door}{line}".encode() for line in lines]
    secret_key = (gatekeeper.settings.state / "secret_key").read_bytes().strip()
    for target, answer in zip(targets, gatekeeper.many(targets, lines=gatekeeper.cookie(OWNER)), strict=True):
        assert_nothing_given(answer, target)
        for outside in (b"root:", b"OUTSIDE", b"manifest", secret_key):
            assert outside not in answer.body, target


def test_what_one_course_opens_is_closed_in_the_other(gatekeeper: RunningGatekeeper) -> None:
    """P18"""
    for owned, course in (("demo", "demo"), ("other", "other")):
        lines = gatekeeper.cookie({owned: None})
        for lesson in PARTS:
            is_theirs = lesson in {f"{course}/paid", "demo/member"}
            assert gatekeeper.get(f"/gate/parts/{lesson}", lines=lines).status == (200 if is_theirs else 403)
        for path in FILES:
            is_theirs = path.partition("/")[0] == course
            assert gatekeeper.get(f"/files/{path}", lines=lines).status == (302 if is_theirs else 403)


@pytest.mark.parametrize("door", [*DOORS, "/store/"])
def test_an_enormous_path_is_refused_at_once(gatekeeper: RunningGatekeeper, door: str) -> None:
    """P20"""
    long = [
        b"a" * 65_536,
        b"a/" * 10_000,
        b"x?" + b"&".join(b"p%d=1" % n for n in range(5_000)),
        b"%2e%2e%2f" * 5_000,
    ]
    for tail in long:
        before = time.monotonic()
        answer = gatekeeper.raw(door.encode() + tail, lines=gatekeeper.cookie(OWNER))
        assert answer.status in {403, 404, 414, 431}
        assert b"Traceback" not in answer.body
        assert time.monotonic() - before < 10  # a hang, not a benchmark


def test_a_name_with_spaces_percent_and_chinese_works(gatekeeper: RunningGatekeeper) -> None:
    path = "demo/files/课程 100%.pdf"
    answer = gatekeeper.get(f"/files/{path}", lines=gatekeeper.cookie(OWNER))
    assert answer.status == 302
    wrong = quote(f"/files/{path}".encode("utf-16-le")[2:]).encode()
    assert gatekeeper.raw(b"/files/" + wrong, lines=gatekeeper.cookie(OWNER)).status == 404
