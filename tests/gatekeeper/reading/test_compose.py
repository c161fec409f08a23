"""Composed pages: the public page with its part, harmless, its addresses those of the site."""

from __future__ import annotations

from dataclasses import replace

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract.access import Reason
from gatekeeper.errors import StoreError
from gatekeeper.reading.compose import Pages, harmless
from gatekeeper.reading.notice import Notice
from tests.support.tiny_release import DEMO, PAGE, renamed, tiny_manifest

SITE = "https://school.example/base/"
HERE = "https://gate.school.example/gate/read/demo/paid"
MANIFEST = tiny_manifest(SITE)


class Site:
    """A public store of one page."""

    def __init__(self, page: str | None) -> None:
        self.page = page
        self.asked: list[str] = []
        self.is_away = False

    def get(self, path: str) -> bytes | None:
        self.asked.append(path)
        if self.is_away:
            raise StoreError("away")
        return None if self.page is None else self.page.encode()


def public(**changes: str) -> str:
    page = PAGE.format(id="demo/paid", title="Lesson demo/paid")
    for old, new in changes.items():
        page = page.replace(old, new)
    return page


def test_the_locked_section_gives_way_to_the_part() -> None:
    page = Pages(Site(public())).page(MANIFEST, "demo/paid", HERE).with_part("<p>PART</p>")
    assert page.count("<p>PART</p>") == 1
    assert "Offer card" not in page
    assert "nested" not in page
    assert ">read<" not in page  # it stands after the nested section, but within the locked one
    assert page.count("</section>") == 1
    assert "<footer>After demo/paid</footer>" in page
    assert "Lead-in &amp; more" in page


def test_without_access_the_offer_stays_and_the_notice_stands_first() -> None:
    page = Pages(Site(public())).page(MANIFEST, "demo/paid", HERE).with_notice("<p>NOTICE</p>")
    assert page.index('data-lesson="demo/paid"') < page.index("<p>NOTICE</p>") < page.index("Offer card")
    assert '<a href="/gate/read/demo/paid">read</a>' in page  # what noscript held is shown
    assert "noscript" not in page


def test_no_script_is_left_and_the_base_is_the_page_on_the_site() -> None:
    page = Pages(Site(public())).page(MANIFEST, "demo/paid", HERE).with_part("")
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    assert tree.findall(".//script") == []
    assert [link.get("rel") for link in tree.findall(".//link")] == ["stylesheet"]
    assert [base.get("href") for base in tree.findall(".//base")] == [f"{SITE}demo/paid/"]
    assert 'alert("public")' not in page
    assert tree.find(".//a").get("href") == f"{HERE}#start"


@pytest.mark.parametrize(
    ("fragment", "left"),
    [
        ('<a href="#x">x</a>', f'<a href="{HERE}#x">x</a>'),
        ("<a href='#x' class=\"b\">x</a>", f'<a href="{HERE}#x" class="b">x</a>'),
        ("<a href=#x>x</a>", f'<a href="{HERE}#x">x</a>'),
        ('<a href="#a&amp;b">x</a>', f'<a href="{HERE}#a&amp;b">x</a>'),
        ('<a href="../next/#x">x</a>', '<a href="../next/#x">x</a>'),
        ("<script>a</script>b", "b"),
        ("<script src=x></script>b", "b"),
        ("<SCRIPT>a</SCRIPT>b<script>c", "b"),
        ("a<script>x</scri</script>b", "ab"),
        ('<base href="https://evil.example/">b', "b"),
        ('<meta http-equiv="Refresh" content="0;url=x">b', "b"),
        ('<link rel="modulepreload" href="x.js">b', "b"),
        ("<template><p>x</p></template>b", "b"),
        ("<!-- comment -->b", "b"),
        ("1 &lt; 2 &#8212; &nbsp;", "1 &lt; 2 &#8212; &nbsp;"),
        ("<pre><code>a\n  &lt;b&gt;</code></pre>", "<pre><code>a\n  &lt;b&gt;</code></pre>"),
        ("<svg viewBox='0 0 1 1'><linearGradient/></svg>", "<svg viewBox='0 0 1 1'><linearGradient/></svg>"),
        ("<p>书院</p>", "<p>书院</p>"),
    ],
)
def test_a_fragment_keeps_everything_but_what_runs(fragment: str, left: str) -> None:
    assert harmless(fragment, HERE) == left


@settings(deadline=None)
@given(st.lists(st.sampled_from(["<script>", "</script>", "<p>", "</p>", "<scr", "ipt>", "x", "<", ">", "<!--", "-->", "&", "<svg>", "</svg>", "<style>", "</style>", "<script/>", "<title>", "</title>", "<noscript>", "</noscript>"]), max_size=12))  # fmt: skip
def test_no_arrangement_of_tags_leaves_a_script(pieces: list[str]) -> None:
    tree = html5lib.parse(harmless("".join(pieces), HERE), namespaceHTMLElements=False)
    assert tree.findall(".//script") == []


@pytest.mark.parametrize(
    "page",
    [
        None,
        "",
        "<html><body>another page</body></html>",
        public(**{'data-lesson="demo/paid"': 'data-lesson="demo/other"'}),
        public(**{"</section>": "", "<footer>": "<footer>"}),
    ],
)
def test_a_page_without_the_section_gives_way_to_a_plain_one(page: str | None) -> None:
    whole = Pages(Site(page)).page(MANIFEST, "demo/paid", HERE).with_part("<p>PART</p>")
    assert "<p>PART</p>" in whole
    assert "<h1>Lesson demo/paid</h1>" in whole
    assert f'<base href="{SITE}demo/paid/">' in whole


def test_a_plain_page_is_not_kept_once_the_site_is_back() -> None:
    site = Site(public())
    pages = Pages(site)
    site.is_away = True
    assert "Lead-in" not in pages.page(MANIFEST, "demo/paid", HERE).before
    site.is_away = False
    assert "Lead-in" in pages.page(MANIFEST, "demo/paid", HERE).before


def test_a_public_page_is_read_once_for_a_release() -> None:
    site = Site(public())
    pages = Pages(site)
    for _ in range(3):
        pages.page(MANIFEST, "demo/paid", HERE)
    assert site.asked == ["demo/paid/index.html"]
    pages.page(renamed(MANIFEST, "20261102T080000Z-0123abce"), "demo/paid", HERE)
    assert len(site.asked) == 2


def test_no_more_than_128_pages_are_kept() -> None:
    many = {f"demo/{n}": MANIFEST.lessons["demo/paid"] for n in range(130)}
    pages = Pages(Site(public(**{'data-lesson="demo/paid"': 'data-lesson="demo/0"'})))
    for n in range(130):
        page = public(**{'data-lesson="demo/paid"': f'data-lesson="demo/{n}"'})
        pages._public = Site(page)
        pages.page(replace(MANIFEST, lessons=many), f"demo/{n}", HERE)
    assert len(pages._kept) == 128


def notice(why: Reason, lesson: str | None = "demo/paid") -> Notice:
    return Notice(
        manifest=MANIFEST,
        rule=DEMO,
        why=why,
        here="/gate/read/demo/paid",
        lesson=lesson,
        gatekeeper="https://g",
    )


def test_a_notice_speaks_the_language_of_the_course() -> None:
    assert "Sign in to read the rest." in notice(Reason.ANONYMOUS).fragment()
    assert "登录后可继续阅读。" in notice(Reason.ANONYMOUS, "other/paid").fragment()
    assert '<html lang="en">' in notice(Reason.EXPIRED, None).page()


def test_a_notice_offers_active_products_only() -> None:
    gone = replace(MANIFEST.products["everything"], active=False)
    shown = replace(
        notice(Reason.EXPIRED), manifest=replace(MANIFEST, products={**MANIFEST.products, "everything": gone})
    )
    assert "/buy/demo?lesson=demo%2Fpaid" in shown.fragment()
    assert "/buy/everything" not in shown.fragment()
    assert "/sign-in" not in shown.fragment()


def test_a_title_cannot_break_out_of_a_notice() -> None:
    evil = replace(MANIFEST.products["demo"], title={"en": "<script>alert(1)</script>"})
    shown = replace(notice(Reason.NO_ACCESS), manifest=replace(MANIFEST, products={"demo": evil}))
    assert "<script>" not in shown.fragment()


def test_a_folder_store_is_read_in_the_folder_of_the_release() -> None:
    """So that a reader never gets the page of one release with the part of another."""
    asked: list[str] = []

    class Folder:
        def get(self, path: str) -> bytes | None:
            asked.append(path)
            return None

    Pages(Folder(), is_folder=True).page(MANIFEST, "demo/paid", HERE)
    assert asked == [f"sites/{MANIFEST.release}/{MANIFEST.lessons['demo/paid'].url}index.html"]
