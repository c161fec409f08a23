"""What a page, a sitemap or a feed refers to, read as forgivingly as a browser does; and which lessons a page keeps locked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

_LOC = re.compile(r"<loc>\s*([^<]+?)\s*</loc>|<link>\s*([^<]+?)\s*</link>|\bhref=\"([^\"]+)\"", re.IGNORECASE)
_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)")
_REFERRING = frozenset(
    {"href", "src", "poster", "data", "longdesc", "action", "formaction", "cite", "background"}
)


@dataclass(frozen=True, slots=True)
class Locked:
    """A lesson whose private half the page can ask a gatekeeper for. gatekeeper: an origin, "" for the page's own."""

    lesson: str
    gatekeeper: str


@dataclass(slots=True)
class Found:
    """references: as they stand in the document, relative ones too. base: of a <base> element, "" without one."""

    references: set[str] = field(default_factory=set)
    locked: set[Locked] = field(default_factory=set)
    base: str = ""


def references(text: str, media_type: str) -> Found:
    """What a document of this media type refers to; nothing for a type that is not read."""
    kind = media_type.partition(";")[0].strip().lower()
    found = Found()
    if kind in {"text/html", "application/xhtml+xml"}:
        reader = _Page(found)
        reader.feed(text)
        reader.close()
    elif kind in {"application/xml", "text/xml", "application/rss+xml", "application/atom+xml"}:
        found.references |= {unescape(next(filter(None, groups))) for groups in _LOC.findall(text)}
    elif kind == "text/css":
        found.references |= set(_CSS.findall(text))
    found.references = {
        one for one in found.references if not one.lstrip().lower().startswith(("data:", "#"))
    }
    return found


class _Page(HTMLParser):
    def __init__(self, found: Found) -> None:
        super().__init__(convert_charrefs=True)
        self._found = found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value for name, value in attrs if value}
        if tag == "base" and not self._found.base:
            self._found.base = named.get("href", "")
            return
        for name, value in named.items():
            if name in _REFERRING:
                self._found.references.add(value)
            elif name in {"srcset", "imagesrcset"}:
                self._found.references |= {part.split()[0] for part in value.split(",") if part.split()}
            elif name == "style":
                self._found.references |= set(_CSS.findall(value))
        if "data-lesson" in named:
            locked = Locked(lesson=named["data-lesson"], gatekeeper=named.get("data-gatekeeper", ""))
            self._found.locked.add(locked)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
