"""RSS 2.0, Atom, sitemap and robots.txt: public text only, dates from the content, none from the clock.

One pair of feeds a language. Entries are the published lessons with a date: when it was updated, or when it appeared.
A school without any dated lesson in a language has no feed in it. Sources: rssboard.org/rss-specification, RFC 4287,
sitemaps.org.
"""

from __future__ import annotations

import email.utils
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from generator.access.edition import Edition
from generator.catalogue.model import Course, Language, Lesson, in_language
from generator.site import address, structured

ENTRIES = 50

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed's file on the site and what the page head says about it."""

    path: str
    language: Language
    media_type: str
    title: str
    content: bytes


def feeds(edition: Edition, base_url: str) -> tuple[Feed, ...]:
    made: list[Feed] = []
    for language in edition.school.languages:
        entries = _entries(edition, language)
        if not entries:
            continue
        folder = address.catalogue_url(language, edition.school.languages[0])
        title = in_language(edition.school.name, language)
        for name, media_type, render in (
            ("feed.xml", "application/rss+xml", _rss),
            ("atom.xml", "application/atom+xml", _atom),
        ):
            path = f"{folder}{name}"
            content = render(edition, entries, language, base_url, path)
            made.append(
                Feed(path=path, language=language, media_type=media_type, title=title, content=content)
            )
    return tuple(made)


def sitemap(edition: Edition, base_url: str) -> bytes:
    """Catalogues, courses and published lessons; no draft, announced or retired lesson and no redirect."""
    root = ET.Element("urlset", {"xmlns": _SITEMAP})
    languages = edition.school.languages
    for language in languages:
        _location(root, base_url + address.catalogue_url(language, languages[0]), None)
    for course in edition.courses:
        dates = [lesson.updated.isoformat() for lesson in course.lessons if lesson.updated]
        _location(root, base_url + course.url, max(dates, default=None))
        for lesson in course.lessons:
            _location(root, base_url + lesson.url, lesson.updated.isoformat() if lesson.updated else None)
    return _document(root)


def robots(base_url: str) -> bytes:
    return f"User-agent: *\nAllow: /\n\nSitemap: {base_url}sitemap.xml\n".encode()


def _entries(edition: Edition, language: Language) -> list[tuple[datetime, Lesson, Course]]:
    dated = [
        (date, lesson, course)
        for course in edition.courses
        for lesson in course.lessons
        if lesson.language == language and (date := _date(lesson)) is not None
    ]
    return sorted(dated, key=lambda entry: (-entry[0].timestamp(), entry[1].id))[:ENTRIES]


def _date(lesson: Lesson) -> datetime | None:
    """When the lesson last changed or appeared, whichever is later."""
    dates = []
    if lesson.updated:
        dates.append(datetime(lesson.updated.year, lesson.updated.month, lesson.updated.day, tzinfo=UTC))
    if lesson.publish_at:
        dates.append(lesson.publish_at.astimezone(UTC))
    return max(dates, default=None)


def _rss(
    edition: Edition,
    entries: list[tuple[datetime, Lesson, Course]],
    language: Language,
    base_url: str,
    path: str,
) -> bytes:
    school = edition.school
    root = ET.Element("rss", {"version": "2.0", "xmlns:atom": _ATOM, "xmlns:dc": _DC})
    channel = ET.SubElement(root, "channel")
    _text(channel, "title", in_language(school.name, language))
    _text(channel, "link", base_url + address.catalogue_url(language, school.languages[0]))
    _text(channel, "description", in_language(school.summary, language) or in_language(school.name, language))
    _text(channel, "language", structured.language_tag(language))
    _text(channel, "lastBuildDate", email.utils.format_datetime(entries[0][0]))
    ET.SubElement(
        channel, "atom:link", {"href": base_url + path, "rel": "self", "type": "application/rss+xml"}
    )
    for date, lesson, course in entries:
        item = ET.SubElement(channel, "item")
        _text(item, "title", lesson.title)
        _text(item, "link", base_url + lesson.url)
        ET.SubElement(item, "guid", {"isPermaLink": "true"}).text = base_url + lesson.url
        _text(item, "description", lesson.summary)
        _text(item, "pubDate", email.utils.format_datetime(date))
        for name in _authors(edition, lesson, course):
            _text(item, "dc:creator", name)
        for label in (course.title, *lesson.tags):
            _text(item, "category", label)
    return _document(root)


def _atom(
    edition: Edition,
    entries: list[tuple[datetime, Lesson, Course]],
    language: Language,
    base_url: str,
    path: str,
) -> bytes:
    school = edition.school
    home = base_url + address.catalogue_url(language, school.languages[0])
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": structured.language_tag(language)})
    _text(root, "id", base_url + path)
    _text(root, "title", in_language(school.name, language))
    if subtitle := in_language(school.summary, language):
        _text(root, "subtitle", subtitle)
    _text(root, "updated", entries[0][0].isoformat())
    ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": base_url + path})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": home})
    _text(ET.SubElement(root, "author"), "name", in_language(school.name, language))
    for date, lesson, course in entries:
        entry = ET.SubElement(root, "entry")
        _text(entry, "id", base_url + lesson.url)
        _text(entry, "title", lesson.title)
        _text(entry, "updated", date.isoformat())
        ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": base_url + lesson.url})
        if lesson.summary:
            ET.SubElement(entry, "summary", {"type": "text"}).text = _printable(lesson.summary)
        for name in _authors(edition, lesson, course):
            _text(ET.SubElement(entry, "author"), "name", name)
        for label in (course.title, *lesson.tags):
            ET.SubElement(entry, "category", {"term": _printable(label)})
    return _document(root)


def _authors(edition: Edition, lesson: Lesson, course: Course) -> list[str]:
    known = edition.school.authors
    return [
        in_language(known[id_].name, lesson.language)
        for id_ in lesson.authors or course.authors
        if id_ in known
    ]


def _location(root: ET.Element, url: str, modified: str | None) -> None:
    entry = ET.SubElement(root, "url")
    _text(entry, "loc", url)
    if modified:
        _text(entry, "lastmod", modified)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _printable(text)


def _printable(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return "".join(_xml_characters(text))


def _xml_characters(text: str) -> Iterable[str]:
    return (sign for sign in text if sign in "\t\n\r" or (sign >= "\x20" and sign not in "\ufffe\uffff"))


def _document(root: ET.Element) -> bytes:
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()
