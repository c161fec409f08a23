"""Paths and URLs of a public site, and what a document refers to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import SettingsError
from generator.verify.links import Locked, references
from generator.verify.site import SiteAddress, joined, shown, site_address

ROOT, BELOW = site_address("https://school.example"), site_address("https://school.example/courses/")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("index.html", "https://school.example/"),
        ("rust/traits/index.html", "https://school.example/rust/traits/"),
        ("404.html", "https://school.example/404.html"),
        ("课程/第一课/index.html", "https://school.example/%E8%AF%BE%E7%A8%8B/%E7%AC%AC%E4%B8%80%E8%AF%BE/"),
        ("a b%c?d#e.txt", "https://school.example/a%20b%25c%3Fd%23e.txt"),
    ],
)
def test_a_file_is_shown_at_one_address(path: str, url: str) -> None:
    assert ROOT.url(path) == url
    assert ROOT.path(url) == path


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
        min_size=1,
        max_size=4,
    )
)
def test_every_path_comes_back_from_its_address(parts: list[str]) -> None:
    path = "/".join(part.replace("/", "x").replace("\\", "x") for part in parts)
    if {".", ".."} & set(path.split("/")):
        return
    for site in (ROOT, BELOW):
        assert site.path(site.url(path)) == path
        again = joined(site.base, site.url(path))
        assert again is not None
        assert site.path(again) == path


@pytest.mark.parametrize(
    "url",
    [
        "https://school.example/course",
        "https://school.example/courses-evil/x",
        "https://school.example.evil/courses/x",
        "https://other.example/courses/x",
        "http://school.example/courses/x",
        "https://school.example:8443/courses/x",
        "https://school.example@evil.example/courses/x",
        "https://[bad/courses/x",
    ],
)
def test_what_only_looks_like_the_site_is_not_the_site(url: str) -> None:
    assert BELOW.path(url) is None


def test_the_usual_port_and_the_letters_of_a_host_make_no_difference() -> None:
    assert BELOW.path("https://SCHOOL.example:443/courses/x") == "x"


def test_routes_of_the_gatekeeper_are_known() -> None:
    for path in ("/gate/parts/a", "/files/a.zip", "/account", "/api/reader", "/buy/x", "/sign-in"):
        assert ROOT.is_gatekeepers(f"https://school.example{path}")
    assert not ROOT.is_gatekeepers("https://school.example/gateways/")


@pytest.mark.parametrize(
    "url", ["", "school.example", "ftp://x", "https://", "https://u:p@x/", "https://x/?a", "https://x:y/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        site_address(url)


def test_a_report_repeats_no_query() -> None:
    assert shown("https://x/private?X-Amz-Signature=1#f") == "https://x/private"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("../x/?q=1#f", "https://school.example/x/"),
        ("/课", "https://school.example/%E8%AF%BE"),
        ("a%20b", "https://school.example/rust/a%20b"),
        ("//other.example/x", "https://other.example/x"),
        ("mailto:a@b", None),
        ("javascript:alert(1)", None),
        ("https://[bad", None),
    ],
)
def test_a_reference_means_an_address(reference: str, url: str | None) -> None:
    assert joined("https://school.example/rust/", reference) == url


def test_a_page_refers_to_all_that_a_browser_would_fetch_or_follow() -> None:
    page = """<!doctype html><base href="/courses/"><link rel=stylesheet href=a.css><script src='b.js'></script>
    <a href="c/&amp;d/">x</a><img srcset="e.png 1x, f.png 2x" src="data:image/png;base64,xx"><video poster=g.jpg>
    <object data=h.svg></object><form action=i></form><div style="background:url('j.png')"></div><a href="#top">y</a>
    <section data-lesson="rust/traits" data-gatekeeper="https://gate.example"></section><img src="k.gif"/>"""
    found = references(page, "text/html; charset=utf-8")
    assert found.references == {
        "a.css", "b.js", "c/&d/", "e.png", "f.png", "g.jpg", "h.svg", "i", "j.png", "k.gif",
    }  # fmt: skip
    assert found.base == "/courses/"
    assert found.locked == {Locked("rust/traits", "https://gate.example")}


def test_sitemaps_feeds_and_style_sheets_are_read() -> None:
    sitemap = "<urlset><url><loc> https://school.example/a&amp;b/ </loc></url></urlset>"
    assert references(sitemap, "application/xml").references == {"https://school.example/a&b/"}
    feed = '<feed><link href="https://school.example/c/"/><entry/></feed>'
    assert references(feed, "application/atom+xml; charset=utf-8").references == {"https://school.example/c/"}
    rss = "<rss><channel><link>https://school.example/d/</link></channel></rss>"
    assert references(rss, "application/rss+xml").references == {"https://school.example/d/"}
    assert references("a{src:url( '../e.woff2' )}", "text/css").references == {"../e.woff2"}
    assert references("<a href=x>", "image/png").references == set()


@given(st.text(max_size=200))
def test_no_document_breaks_the_reading(text: str) -> None:
    for kind in ("text/html", "application/xml", "text/css"):
        found = references(text, kind)
        for one in found.references:
            joined(SiteAddress(base="https://school.example/").base, one)
