"""The whole lesson as one page, for readers without JavaScript.

The public page of the current release is taken as it is and three things are done to it: scripts go, a `<base>` makes its
relative addresses those of the site (in-page anchors excepted), and the locked section is replaced by the part, or, for
a reader without access, opened with links to sign in and buy. A page that has no such section, or cannot be had, gives
way to a plain one, so that a buyer can always read. Nothing here decides who may read: it is handed the part or it is not.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from threading import Lock

from gatekeeper.contract import keys
from gatekeeper.contract.manifest import LessonEntry, Manifest
from gatekeeper.errors import StoreError
from gatekeeper.stores.reader import StoreReader

_KEPT_PAGES = 128
_NEVER = frozenset({"script", "base", "template"})  # dropped with all they hold
_VOID = frozenset({"base"})
_STYLE = (
    "body{margin:0 auto;max-width:42rem;padding:1.5rem;font:1.05rem/1.65 system-ui,sans-serif}"
    "pre{overflow:auto}img{max-width:100%}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A public page, cut: `before`, the locked section's opening tag, its content and its closing tag, `after`."""

    before: str
    opening: str
    content: str
    after: str

    def with_part(self, part: str) -> str:
        return f'{self.before}<section class="lyceum-part" data-state="unlocked">{part}</section>{self.after}'

    def with_notice(self, notice: str) -> str:
        return f"{self.before}{self.opening}{notice}{self.content}</section>{self.after}"


class Pages:
    """Public pages, cut and kept in memory for the release they belong to.

    is_folder: whether `public` reads a folder store, which holds each release in a folder of its own.
    """

    def __init__(self, public: StoreReader, *, is_folder: bool = False) -> None:
        self._public = public
        self._is_folder = is_folder
        self._kept: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self._lock = Lock()

    def page(self, manifest: Manifest, lesson: str, here: str) -> Page:
        """The page of `lesson`. here: the path under which the reader sees it, for in-page anchors."""
        name = (manifest.release, lesson)
        with self._lock:
            if (kept := self._kept.get(name)) is not None:
                self._kept.move_to_end(name)
                return kept
        entry = manifest.lessons[lesson]
        page = self._cut(manifest, entry, lesson, here)
        if page is None:
            return plain_page(manifest, entry)
        with self._lock:
            self._kept[name] = page
            while len(self._kept) > _KEPT_PAGES:
                self._kept.popitem(last=False)
        return page

    def _cut(self, manifest: Manifest, entry: LessonEntry, lesson: str, here: str) -> Page | None:
        folder = keys.site_folder(manifest.release) if self._is_folder else ""
        try:
            data = self._public.get(f"{folder}{entry.url}index.html")
        except StoreError:  # the buyer still gets the part, on a plain page
            return None
        if data is None:
            return None
        cutter = _Cutter(data.decode("utf-8", "replace"), here, lesson=lesson, base=manifest.site + entry.url)
        return cutter.page()


def plain_page(manifest: Manifest, entry: LessonEntry) -> Page:
    course = manifest.courses.get(entry.course)
    language = course.language if course else manifest.languages[0]
    address = escape(manifest.site + entry.url)
    before = (
        f'{document_head(language, entry.title)}<base href="{address}"></head><body><main>'
        f'<p><a href="{address}">{escape(course.title if course else entry.title)}</a></p>'
        f"<h1>{escape(entry.title)}</h1>"
    )
    return Page(before=before, opening="<section>", content="", after="</main></body></html>")


def document_head(language: str, title: str) -> str:
    """The start of a small page of the gate's own, its head still open."""
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )


def harmless(fragment: str, here: str) -> str:
    """`fragment` without scripts, its in-page anchors pointing to `here`."""
    return _Cutter(fragment, here).text()


class _Cutter(HTMLParser):
    """Copies a page piece by piece, leaving out and replacing tags; text is never touched."""

    def __init__(self, text: str, here: str, *, lesson: str = "", base: str = "") -> None:
        super().__init__(convert_charrefs=False)
        self._here = here
        self._lesson = lesson
        self._base = base
        self._pieces: list[str] = []
        self._dropping = ""  # the element that is being left out
        self._marks: list[int] = []  # numbers of pieces: section's tag, its content, its end
        self._depth = 0
        self.feed(text)
        self.close()

    def text(self) -> str:
        return "".join(self._pieces)

    def page(self) -> Page | None:
        if len(self._marks) != 2:
            return None
        start, end = self._marks
        return Page(
            before="".join(self._pieces[:start]),
            opening=self._pieces[start],
            content="".join(self._pieces[start + 1 : end]),
            after="".join(self._pieces[end + 1 :]),
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping or tag == "noscript":  # what noscript holds is meant for this reader
            return
        named = dict(attrs)
        is_preload = tag == "link" and "preload" in (named.get("rel") or "")
        is_refresh = tag == "meta" and (named.get("http-equiv") or "").lower() == "refresh"
        if tag in _NEVER or is_preload or is_refresh:
            self._dropping = tag if tag in _NEVER - _VOID else ""
            return
        if tag == "section":
            self._depth += bool(self._marks)
            if not self._marks and self._lesson and named.get("data-lesson") == self._lesson:
                self._marks.append(len(self._pieces))
        self._pieces.append(self._anchored(self.get_starttag_text() or "", named))
        if tag == "head" and self._base:
            self._pieces.append(f'<base href="{escape(self._base)}"><meta name="robots" content="noindex">')

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._dropping == tag:
            self._dropping = ""

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            self._dropping = "" if tag == self._dropping else self._dropping
            return
        if tag == "noscript":
            return
        if tag == "section" and len(self._marks) == 1:
            if self._depth == 0:
                self._marks.append(len(self._pieces))
            self._depth -= 1
        self._pieces.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self._keep(f"<!{decl}>")

    def _keep(self, text: str) -> None:
        if not self._dropping:
            self._pieces.append(text)

    def _anchored(self, tag: str, named: dict[str, str | None]) -> str:
        target = named.get("href")
        if target is None or target[:1] != "#":
            return tag
        address = escape(self._here + target)
        for quoted in (f'href="{escape(target)}"', f'href="{target}"', f"href='{target}'", f"href={target}"):
            if quoted in tag:
                return tag.replace(quoted, f'href="{address}"', 1)
        return tag
