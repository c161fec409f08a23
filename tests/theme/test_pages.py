"""What stands in the built pages, for readers without a browser of ours: search engines, feed readers, proxies."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import html5lib
import pytest

from tests.theme.conftest import Built
from tests.theme.school import LESSONS

PAGES = [
    "index.html",
    "en/index.html",
    "async-python/index.html",
    "mini-db/index.html",
    "async-python/why-blocking/index.html",
    "async-python/coroutines/index.html",
    "async-python/event-loop/index.html",
    "async-python/queues/index.html",
    "async-python/testing/index.html",
    "async-python/old-loop/index.html",
    "mini-db/log/index.html",
    "tags/index.html",
    "404.html",
]
LOCKED = "async-python/event-loop/index.html"
ADDRESSES = {"href", "src", "data-src", "srcset", "poster", "action"}


def parse(text: str) -> ET.Element:
    tree: ET.Element = html5lib.parse(text, namespaceHTMLElements=False)
    return tree


def by_class(tree: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in tree.iter() if name in element.get("class", "").split()]


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_no_address_but_the_schools_own(built: Built, path: str) -> None:
    own = {built.site.origin, f"http://127.0.0.1:{built.gatekeeper_port}"}
    tree = parse(built.html(path))
    for element in tree.iter():
        for name in ADDRESSES & element.attrib.keys():
            url = urlsplit(urljoin(built.site.url + path, element.attrib[name]))
            if url.scheme in {"http", "https"}:
                assert f"{url.scheme}://{url.netloc}" in own, ET.tostring(element)[:200]


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_to_a_page_under_its_sub_path(built: Built, path: str) -> None:
    tree = parse(built.html(path))
    for element in tree.iter():
        for name in {"href", "src"} & element.attrib.keys():
            url = urlsplit(urljoin(built.site.url + path.removesuffix("index.html"), element.attrib[name]))
            if f"{url.scheme}://{url.netloc}" != built.site.origin or url.path.endswith("feed.xml"):
                continue
            assert url.path.startswith(built.site.PREFIX), element.attrib
            target = built.site.folder / url.path.removeprefix(built.site.PREFIX)
            assert target.is_file() or (target / "index.html").is_file(), element.attrib


@pytest.mark.parametrize(
    ("path", "language"),
    [(LOCKED, "en"), ("mini-db/log/index.html", "zh"), ("en/index.html", "en"), ("index.html", "zh")],
)
def test_the_interface_speaks_the_pages_language(built: Built, path: str, language: str) -> None:
    tree = parse(built.html(path))
    assert tree.get("lang") == language
    footer = words(by_class(tree, "lyceum-footer__links")[0])
    assert ("All courses" in footer) == (language == "en")
    assert ("全部课程" in footer) == (language == "zh")


@pytest.mark.parametrize("path", [page for page in PAGES if page != "404.html"])
def test_a_page_has_one_title_one_canonical_address_and_social_tags(built: Built, path: str) -> None:
    tree = parse(built.html(path))
    address = built.site.url + path.removesuffix("index.html")
    canonical = [link.get("href") for link in tree.iter("link") if link.get("rel") == "canonical"]
    assert canonical == [address]
    assert len(list(tree.iter("h1"))) == 1
    properties = {meta.get("property"): meta.get("content") for meta in tree.iter("meta")}
    assert properties["og:url"] == address
    assert properties["og:title"]
    assert properties["og:locale"] in {"zh_CN", "en_US"}


def test_the_catalogues_name_each_other_as_translations(built: Built) -> None:
    for path in ("index.html", "en/index.html"):
        tree = parse(built.html(path))
        languages = {
            link.get("hreflang"): link.get("href") for link in tree.iter("link") if link.get("hreflang")
        }
        assert languages == {
            "zh": built.site.url,
            "en": f"{built.site.url}en/",
            "x-default": built.site.url,
        }


def test_feeds_are_named_in_the_language_of_the_page(built: Built) -> None:
    tree = parse(built.html(LOCKED))
    feeds = [link.get("href") for link in tree.iter("link") if link.get("type") == "application/rss+xml"]
    assert feeds == ["../../en/feed.xml"]


def test_the_sidebar_holds_the_course_at_hand_and_nothing_else_of_the_school(built: Built) -> None:
    nav = by_class(parse(built.html(LOCKED)), "lyceum-nav")[0]
    text = words(nav)
    assert all(title in text for _slug, title, *_rest in LESSONS["async-python"])
    assert not any(title in text for _slug, title, *_rest in LESSONS["mini-db"])
    assert [words(link) for link in nav.iter("a") if link.get("aria-current") == "page"] == [
        "3 The event loop in sixty lines Paid"
    ]
    rows = [words(row) for row in by_class(nav, "lyceum-nav__item")]
    assert rows[0] == "1 What blocking costs the others"
    assert rows[1].endswith("Free with sign-in")
    assert rows[4].endswith("Upcoming")
    assert [words(heading) for heading in by_class(nav, "lyceum-nav__heading")] == [
        "Foundations",
        "Programs that last",
    ]


def test_the_neighbours_stay_within_the_course(built: Built) -> None:
    first = parse(built.html("mini-db/why/index.html"))
    last = parse(built.html("async-python/testing/index.html"))  # MkDocs' next page is the other course
    assert [link.get("href") for link in by_class(first, "lyceum-neighbours__link")] == ["../", "../log/"]
    assert [link.get("href") for link in by_class(last, "lyceum-neighbours__link")] == ["../queues/"]
    assert [link.get("rel") for link in last.iter("link") if link.get("rel") in {"prev", "next"}] == ["prev"]


def test_titles_are_text_wherever_they_are_printed(built: Built) -> None:
    """X02: nothing an author writes into front matter becomes markup."""
    for path in ("async-python/queues/index.html", "async-python/index.html", LOCKED):
        html = built.html(path)
        assert "<backpressure>" not in html
        assert "Queues &amp; &lt;backpressure&gt;" in html


def test_structured_data_cannot_end_its_script(built: Built) -> None:
    tree = parse(built.html("async-python/index.html"))
    scripts = [script for script in tree.iter("script") if script.get("type") == "application/ld+json"]
    assert [json.loads(script.text or "")["name"] for script in scripts] == [
        "</script>Async Python, from the Event Loop Up"
    ]


def test_the_placeholder_has_the_attributes_that_the_reader_script_needs(built: Built) -> None:
    tree = parse(built.html(LOCKED))
    (section,) = by_class(tree, "lyceum-part")
    assert section.tag == "section"
    assert section.attrib == {
        "class": "lyceum-part",
        "data-lesson": "async-python/event-loop",
        "data-gatekeeper": f"http://127.0.0.1:{built.gatekeeper_port}",
        "data-products": "async-python both-courses all-access",
        "data-access": "paid",
        "data-state": "anonymous",
        "aria-labelledby": "lyceum-offer-title",
    }
    assert [element.get("id") for element in section.iter() if element.get("id")] == ["lyceum-offer-title"]
    assert [words(entry) for entry in by_class(section, "lyceum-outline__entry")] == [
        "What the loop may not do",
        "A deeper heading",
        "Exercises",
    ]


def test_the_offer_card_names_price_refund_and_every_way_in(built: Built) -> None:
    """D1: one card with what it holds, the price, one plain link to buy, and "already bought?"."""
    (section,) = by_class(parse(built.html(LOCKED)), "lyceum-part")
    text = words(section)
    assert "¥129" in text
    assert "$19" in text
    assert "Refund within 14 days" in text
    gatekeeper = f"http://127.0.0.1:{built.gatekeeper_port}"
    links = {link.get("href"): link for link in section.iter("a")}
    for address in (
        f"{gatekeeper}/buy/async-python?lesson=async-python%2Fevent-loop",
        f"{gatekeeper}/buy/all-access?lesson=async-python%2Fevent-loop",
        f"{gatekeeper}/sign-in?lesson=async-python%2Fevent-loop",
        f"{gatekeeper}/redeem?lesson=async-python%2Fevent-loop",
    ):
        assert links[address].get("target") == "_blank"
        assert links[address].get("rel") == "noopener"


def test_a_member_lesson_invites_to_sign_in_and_names_no_price(built: Built) -> None:
    (section,) = by_class(parse(built.html("async-python/coroutines/index.html")), "lyceum-part")
    assert section.get("data-access") == "member"
    assert section.get("data-products") == ""
    assert "Sign in for free" in words(section)
    assert not re.search(r"[¥$]\d", words(section))
    assert not any("/buy/" in str(link.get("href")) for link in section.iter("a"))


@pytest.mark.parametrize("path", ["async-python/why-blocking/index.html", "async-python/testing/index.html"])
def test_a_lesson_without_a_private_half_has_no_placeholder(built: Built, path: str) -> None:
    assert by_class(parse(built.html(path)), "lyceum-part") == []


def test_an_upcoming_lesson_says_when_it_comes(built: Built) -> None:
    (notice,) = by_class(parse(built.html("async-python/testing/index.html")), "lyceum-notice")
    assert notice.get("data-state") == "scheduled"
    assert "Out on 1 March 2027" in words(notice)


def test_a_retired_lesson_says_so_and_is_kept_from_search_engines(built: Built) -> None:
    tree = parse(built.html("async-python/old-loop/index.html"))
    assert "This lesson is retired" in words(by_class(tree, "lyceum-notice")[0])
    assert [meta.get("content") for meta in tree.iter("meta") if meta.get("name") == "robots"] == ["noindex"]
    assert len(by_class(tree, "lyceum-part")) == 1


def test_an_old_address_leads_on_without_being_indexed(built: Built) -> None:
    tree = parse(built.html("async-python/loop/index.html"))
    metas = {meta.get("http-equiv") or meta.get("name"): meta.get("content") for meta in tree.iter("meta")}
    assert metas["refresh"] == "0; url=../event-loop/"
    assert metas["robots"] == "noindex"
    assert [link.get("href") for link in tree.iter("link")] == [f"{built.site.url}async-python/event-loop/"]


def test_the_course_page_lists_every_lesson_with_its_lock(built: Built) -> None:
    tree = parse(built.html("async-python/index.html"))
    rows = [words(row) for row in by_class(tree, "lyceum-lessons__row")]
    assert [row.split(" One sentence")[0] for row in rows] == [
        "01 What blocking costs the others",
        "02 Coroutines are generators with manners",
        "03 The event loop in sixty lines",
        "04 Queues & <backpressure>",
        "Testing without sleeping",
    ]
    assert rows[0].endswith("Free 20 min")
    assert rows[2].endswith("20 min Paid")
    assert rows[4].endswith("1 March 2027")
    assert [words(heading) for heading in by_class(tree, "lyceum-lessons__section")] == [
        "Foundations",
        "Programs that last",
    ]


def test_the_catalogue_shows_each_course_with_length_and_price(built: Built) -> None:
    cards = by_class(parse(built.html("index.html")), "lyceum-card")
    assert len(cards) == 2
    assert "¥129 起" in words(cards[0])
    assert "4 课" in words(cards[0])
    assert "5.5 小时" in words(cards[0])
    assert "1 课免费" in words(cards[0])


def test_the_page_for_unknown_addresses_works_at_any_depth(built: Built) -> None:
    tree = parse(built.html("404.html"))
    links = [
        str(element.get(name))
        for element in tree.iter()
        for name in ("href", "src")
        if element.get(name) and not str(element.get(name)).startswith(("http://", "#", "javascript:void"))
    ]
    assert links
    assert [link for link in links if not link.startswith(built.site.PREFIX)] == []


def test_nothing_vendored_comes_without_its_licence(built: Built) -> None:
    vendor = built.site.folder / "assets" / "vendor"
    assert (vendor / "VERSIONS.txt").is_file()
    folders = [folder for folder in vendor.iterdir() if folder.is_dir()]
    assert folders
    assert all((folder / "LICENSE").is_file() for folder in folders)
    assert not list(vendor.rglob("*.map"))
