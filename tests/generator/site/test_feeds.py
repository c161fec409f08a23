from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

from generator.access.edition import Edition
from generator.site import feeds
from tests.generator.site.editions import BASE, course, edition, lesson

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def school() -> Edition:
    china = timezone(timedelta(hours=8))
    return edition(
        course(
            "rust",
            lesson("01-intro.md", title="A & B <c>", summary="Less < more & \x0b done"),
            lesson(
                "02-traits.md",
                "# T\n",
                "SECRET\n",
                publish_at=datetime(2026, 11, 10, 9, tzinfo=china),
                tags=("t",),
            ),
            lesson("03-later.md", status="scheduled", title="LATER"),
            lesson("04-draft.md", status="draft", title="DRAFT"),
            lesson("05-old.md", status="retired", title="RETIRED", moved_from=("rust/older/",)),
            lesson("06-undated.md", updated=None, title="UNDATED"),
        ),
        course("shu", lesson("01-biao.md", title="表"), language="zh"),
        languages=("zh", "en"),
    )


def made() -> dict[str, feeds.Feed]:
    return {feed.path: feed for feed in feeds.feeds(school(), BASE)}


def test_each_language_has_both_kinds_below_its_catalogue() -> None:
    assert {(feed.path, feed.language) for feed in made().values()} == {
        ("feed.xml", "zh"),
        ("atom.xml", "zh"),
        ("en/feed.xml", "en"),
        ("en/atom.xml", "en"),
    }


def test_rss_holds_the_published_dated_lessons_newest_first() -> None:
    channel = ET.fromstring(made()["en/feed.xml"].content).find("channel")
    assert channel is not None
    items = channel.findall("item")
    assert [item.findtext("title") for item in items] == ["Traits", "A & B <c>"]
    assert items[0].findtext("link") == f"{BASE}rust/traits/"
    assert items[0].findtext("guid") == items[0].findtext("link")
    assert parsedate_to_datetime(items[0].findtext("pubDate") or "") == datetime(2026, 11, 10, 1, tzinfo=UTC)
    assert channel.findtext("lastBuildDate") == items[0].findtext("pubDate")
    assert channel.findtext("language") == "en"
    assert [c.text for c in items[0].findall("category")] == ["Rust", "t"]
    for required in ("title", "link", "description"):
        assert channel.findtext(required)


def test_atom_has_ids_dates_and_authors() -> None:
    root = ET.fromstring(made()["en/atom.xml"].content)
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}id") == f"{BASE}en/atom.xml"
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [f"{BASE}rust/traits/", f"{BASE}rust/intro/"]
    assert (
        root.findtext(f"{ATOM}updated")
        == entries[0].findtext(f"{ATOM}updated")
        == "2026-11-10T01:00:00+00:00"
    )
    assert entries[0].findtext(f"{ATOM}author/{ATOM}name") == "Lin Qiao"
    assert entries[1].findtext(f"{ATOM}summary") == "Less < more &  done"


def test_feeds_and_sitemap_hold_no_private_and_no_unpublished_text_l03_l11() -> None:
    everything = b"".join(feed.content for feed in made().values()) + feeds.sitemap(school(), BASE)
    for word in (b"SECRET", b"DRAFT", b"LATER", b"RETIRED", b"draft", b"later", b"old"):
        assert word not in everything


def test_a_language_without_dated_lessons_has_no_feed() -> None:
    it = edition(course("rust", lesson("01-a.md", updated=None)), languages=("en", "zh"))
    assert feeds.feeds(it, BASE) == ()


def test_the_sitemap_lists_catalogues_courses_and_published_lessons() -> None:
    root = ET.fromstring(feeds.sitemap(school(), BASE))
    assert [location.text for location in root.iter(f"{SITEMAP}loc")] == [
        BASE,
        f"{BASE}en/",
        f"{BASE}rust/",
        f"{BASE}rust/intro/",
        f"{BASE}rust/traits/",
        f"{BASE}rust/undated/",
        f"{BASE}shu/",
        f"{BASE}shu/biao/",
    ]
    assert {date.text for date in root.iter(f"{SITEMAP}lastmod")} == {"2026-11-01"}


def test_robots_names_the_sitemap() -> None:
    assert feeds.robots(BASE).decode().splitlines()[-1] == f"Sitemap: {BASE}sitemap.xml"
