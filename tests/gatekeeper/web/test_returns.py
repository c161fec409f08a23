"""Where a reader may be sent after signing in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from gatekeeper.web.returns import return_path, return_target
from tests.support.shop import ORIGIN, SITE, Shop, school

VECTORS = Path(__file__).resolve().parents[4] / "shared/security/vectors"
LISTS = {
    "R01": [VECTORS / "oauth2-proxy" / "openredirects.txt"],
    "R02": sorted((VECTORS / "PayloadsAllTheThings" / "redirect").glob("*.txt")),
}
GOOD = [
    "/account",
    "/",
    "/buy/rust?lesson=rust%2Ftraits&currency=CNY",
    "/buy/rust?lesson=rust/traits",
    "/gate/read/async-python/event-loop?renewed=1",
    "/gate/read/%E8%AF%BE/%E4%B8%80",
    "/files/rust/files/a%20b%25.png",
    "/redeem?code=ABCD-EFGH-JKMN",
    "/orders/L-20261122-7K3F9Q",
]
BAD = [
    "",
    "account",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/ /evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/./x",
    "/a/../b",
    "/...",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/@evil.example",
    "/x?next=//evil.example#y",
    "/x#y",
    "/x\r\nSet-Cookie: a=b",
    "/x%0d%0aSet-Cookie:a=b",
    "/x?y=%0d%0aX",
    "/x\u2028y",
    "/x\u2029",
    "/\u3002evil",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,x",
    "https://evil.example/",
    "https:evil.example",
    "http:/evil.example",
    "https://school.example.test/",
    "https://school.example.test/other/",
    "https://school.example.test.evil/courses/",
    "https://school.example.test@evil.example/courses/rust/traits/",
    "https://evil.example/courses/rust/traits/",
    "HTTPS://evil.example/courses/",
    f"{SITE}rust/none/",
    f"{SITE}rust/traits/../../x/",
    f"{SITE}rust/traits/?x=//evil.example",
    f"{SITE}rust/traits/#\r\nX: y",
    f"{SITE}rust/traits/#<script>",
    "/" + "a" * 3000,
    "/\ud800",
    "/\0",
]


def lines() -> Iterator[object]:
    for case, files in LISTS.items():
        for file in files:
            if not file.exists():
                continue
            for number, raw in enumerate(file.read_bytes().splitlines(), start=1):
                yield pytest.param(raw.decode("utf-8", "surrogateescape"), id=f"{case}-{file.stem}-{number}")


@pytest.mark.parametrize("text", GOOD)
def test_a_path_of_ours_is_kept_as_it_is(text: str) -> None:
    assert return_target(text, school()) == text
    assert return_path(text) == text


@pytest.mark.parametrize("text", BAD)
def test_r04_r06_anything_else_leads_nowhere(text: str) -> None:
    assert return_target(text, school()) is None
    assert return_path(text) is None


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (f"{SITE}rust/traits/", f"{SITE}rust/traits/"),
        (f"{SITE}rust/", f"{SITE}rust/"),
        (SITE, SITE),
        (f"{SITE}rust/traits/#a-heading", f"{SITE}rust/traits/#a-heading"),
        (f"{SITE}rust/%E7%94%9F%E5%91%BD/", f"{SITE}rust/%E7%94%9F%E5%91%BD/"),
    ],
)
def test_a_page_that_the_manifest_lists_is_kept(text: str, target: str) -> None:
    assert return_target(text, school()) == target
    assert return_path(text) is None
    assert return_target(text, None) is None


def test_r01_r02_no_line_of_the_published_lists_leaves_this_origin() -> None:
    """Raw and once decoded, judged by how a browser would resolve what came out."""
    found = list(lines())
    if not found:
        pytest.skip("the shared vectors are not here")
    assert len(found) > 800
    for param in found:
        line: str = param.values[0]  # type: ignore[attr-defined]
        for text in (line, unquote(line)):
            target = return_target(text, school())
            if target is None:
                continue
            cleaned = re.sub(r"[\t\r\n]", "", target).replace("\\", "/")
            parts = urlsplit(urljoin(f"{ORIGIN}/sign-in", cleaned))
            assert f"{parts.scheme}://{parts.netloc}" == ORIGIN, (text, target)
            assert target.isascii()
            assert target.isprintable()


def test_r01_the_location_after_signing_in_is_ours_for_a_sample_of_the_list(shop: Shop) -> None:
    found = list(lines())
    if not found:
        pytest.skip("the shared vectors are not here")
    shop.browser().sign_in("ada@example.org")
    signed_in = shop.browser()
    signed_in.sign_in("eve@example.org")
    for param in found[::7]:
        line: str = param.values[0]  # type: ignore[attr-defined]
        answer = signed_in.client.get("/sign-in", query_string={"next": line}, base_url=ORIGIN)
        location = answer.headers["Location"]
        assert location.startswith("/"), (line, location)
        assert location[1:2] not in {"/", "\\"}
