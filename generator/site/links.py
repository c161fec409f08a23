"""Links of the author's files → links of the staged files.

An author links to `03-cancellation.md#shield` or `files/loop.svg`, beside the file at hand. Staged pages have other names
and private files have no place on the public site, so each link that names something of the school is rewritten where it
stands; code is never touched. Links that name nothing known are left alone: MkDocs reports them.

    lesson                the staged page, fragment kept
    `x.html`, `x/`        the same as `x.md`, `x/index.md`, `x/README.md`, as mdBook and others write them
    course folder         its landing page
    public file           the same file on the site
    private file          the gatekeeper's address of it
    a lesson nobody may know of (draft, unannounced)   its course's landing page, without the fragment, and a warning;
                          the catalogue, when nobody may know of the course either
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from gatekeeper.contract import routes
from generator.access.edition import Edition
from generator.errors import Problem, Severity
from generator.site import address, blocks

_INLINE = re.compile(
    r"(?<!\\)\]\([ \t]*\n?[ \t]*(?:<(?P<angle>[^<>\n]*)>|(?P<bare>(?:[^\s()<>]|\([^\s()]*\))+))"
)
_DEFINITION = re.compile(
    r"^[ \t>]*\[(?!\^)[^\[\]\n]+\]:[ \t]*\n?[ \t]*(?:<(?P<angle>[^<>\n]*)>|(?P<bare>\S+))", re.MULTILINE
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_ATTRIBUTE = re.compile(
    r"""\s(?:href|src|poster|data)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""", re.IGNORECASE
)
_FENCE_LANGUAGE = re.compile(r"\s*(?P<language>[\w#.+-]+)(?P<rest>,[^\s{]*)[ \t]*$")


class Kind(StrEnum):
    MARKDOWN = "markdown"  # MkDocs turns a source path into a URL
    HTML = "html"  # nobody does: it must be the URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A destination as it stands in the text, from `start` to `end`."""

    start: int
    end: int
    destination: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Origin:
    """A destination in the author's file: its line there, and how the author wrote it."""

    line: int
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """text: with staged links. origins: each destination as it stands now → where it came from."""

    text: str
    origins: Mapping[str, Origin]
    problems: tuple[Problem, ...]


def find(text: str) -> tuple[Link, ...]:
    """Every destination in live text, in order."""
    return tuple(sorted(_find(blocks.read(text).live), key=lambda link: link.start))


def _find(live: str) -> Iterator[Link]:
    for pattern in (_INLINE, _DEFINITION):
        for match in pattern.finditer(live):
            group = "angle" if match["angle"] is not None else "bare"
            yield Link(
                start=match.start(group), end=match.end(group), destination=match[group], kind=Kind.MARKDOWN
            )
    for tag in _TAG.finditer(live):
        for match in _ATTRIBUTE.finditer(live, tag.start(), tag.end()):
            group = "double" if match["double"] is not None else "single"
            yield Link(
                start=match.start(group), end=match.end(group), destination=match[group], kind=Kind.HTML
            )


class Target(StrEnum):
    """What a path of the content folder is for those who link to it."""

    PAGE = "page"  # a lesson or a course, fragment and all
    UPCOMING = "upcoming"  # a page whose headings are not public yet
    HIDDEN = "hidden"  # nobody may know of it; the page is where readers are led instead
    PUBLIC = "public"  # a file
    PRIVATE = "private"  # a file that the gatekeeper hands out


class Directory:
    """What can be linked to. entries: content path → what is there, and the staged page to lead to ("" for files).

    A build that knows most of its pages already looks entries up one by one; so this asks for no more than `get`.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    @classmethod
    def of(cls, edition: Edition) -> Directory:
        return cls(entries_of(edition))

    def find(self, path: PurePosixPath) -> tuple[Target, str] | None:
        return self._entries.get(path.as_posix())


class Entries(Protocol):
    def get(self, path: str, /) -> tuple[Target, str] | None: ...


def entries_of(edition: Edition) -> dict[str, tuple[Target, str]]:
    """The whole directory of an edition. Where one path is several things, the first of `Target` counts."""
    pages = {course.id: address.course_page(course) for course in edition.courses}
    home = address.page_at("")
    entries: dict[str, tuple[Target, str]] = {}
    entries |= {path.as_posix(): (Target.PRIVATE, "") for path in edition.private_files}
    entries |= {path.as_posix(): (Target.PUBLIC, "") for path in edition.public_files}
    entries |= {course.path.as_posix(): (Target.PAGE, pages[course.id]) for course in edition.courses}
    entries |= {
        course.path.as_posix(): (Target.HIDDEN, home)
        for course in edition.school.courses
        if course.id not in pages
    }
    entries |= {
        lesson.path.as_posix(): (Target.HIDDEN, pages.get(lesson.course, home)) for lesson in edition.hidden
    }
    entries |= {
        lesson.path.as_posix(): (Target.UPCOMING, address.lesson_page(lesson)) for lesson in edition.upcoming
    }
    entries |= {
        shown.lesson.path.as_posix(): (Target.PAGE, address.lesson_page(shown.lesson))
        for shown in edition.lessons.values()
    }
    return entries


class Links:
    """Rewrites links. directory: what can be linked to. gatekeeper_url: origin without a final slash, or ""."""

    def __init__(self, directory: Directory, gatekeeper_url: str) -> None:
        self._directory = directory
        self._gatekeeper = gatekeeper_url

    def rewrite(
        self, text: str, *, source: PurePosixPath, page: str, first_line: int, private: bool = False
    ) -> Rewritten:
        """`text` with the links of a staged page.

        source: the author's file, from the content folder. page: the staged page the text appears on. first_line: the
        number of the text's first line in that file. private: whether the text is a private half.
        """
        read = blocks.read(text)
        edits: list[tuple[int, int, str]] = []
        origins: dict[str, Origin] = {}
        problems: list[Problem] = []
        for link in sorted(_find(read.live), key=lambda found: found.start):
            line = first_line + text.count("\n", 0, link.start)
            new, problem = self._staged(link, source=source, page=page, private=private)
            if problem:
                problems.append(Problem(f"{source}:{line}", *problem, severity=Severity.WARNING))
            if new is not None and new != link.destination:
                edits.append((link.start, link.end, new))
            origins.setdefault(link.destination if new is None else new, Origin(line, link.destination))
        edits += _plain_languages(text, read.fences)
        return Rewritten(text=_edited(text, edits), origins=origins, problems=tuple(problems))

    def _staged(
        self, link: Link, *, source: PurePosixPath, page: str, private: bool
    ) -> tuple[str | None, tuple[str, str] | None]:
        """The new destination, or None to leave it; and what is wrong with it, with a hint."""
        parts = urlsplit(link.destination) if _is_relative(link.destination) else None
        if parts is None:
            return None, None
        tail = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
        for path in _candidates(source, unquote(parts.path)):
            found = self._directory.find(path)
            if found is None:
                continue
            target, there = found
            if target is Target.PAGE:
                return self._page(link, there, page) + tail, None
            if target is Target.UPCOMING:
                return self._page(link, there, page), None
            if target is Target.HIDDEN:
                return self._page(link, there, page), (
                    "this link leads to something that is not published",
                    "until it appears readers are led to the course's page, or to the catalogue",
                )
            if target is Target.PUBLIC:
                return self._file(link, path, page) + tail, None
            if private:
                return self._gatekeeper + routes.file_path(path.as_posix()) + tail, None
        return None, None

    @staticmethod
    def _page(link: Link, target: str, page: str) -> str:
        if link.kind is Kind.MARKDOWN:
            return address.relative_page(target, page)
        return address.relative_url(address.url_of(target), page)

    @staticmethod
    def _file(link: Link, path: PurePosixPath, page: str) -> str:
        if link.kind is Kind.MARKDOWN:
            return address.relative_page(address.staged_file(path), page)
        return address.relative_url(address.file_url(path), page)


def _is_relative(destination: str) -> bool:
    try:
        parts = urlsplit(destination)
    except ValueError:  # "[" in the host, say: not an address of ours
        return False
    return (
        not parts.scheme and not parts.netloc and bool(parts.path) and not parts.path.startswith(("/", "\\"))
    )


def _candidates(source: PurePosixPath, path: str) -> Iterator[PurePosixPath]:
    """The content paths that `path`, written in `source`, may mean, likeliest first."""
    joined = posixpath.normpath(posixpath.join(source.parent.as_posix(), path))
    target = PurePosixPath(joined)
    if ".." in target.parts or target.is_absolute():
        return
    yield target
    if target.suffix == ".html":
        yield target.with_suffix(".md")
    if target.name in {"index.md", "index.html"}:
        yield target.with_name("README.md")
        yield target.parent  # a course's landing page
    if path.endswith("/") or not target.suffix:
        yield target / "index.md"
        yield target / "README.md"
        yield PurePosixPath(f"{target}.md")


def _plain_languages(text: str, fences: tuple[blocks.Fence, ...]) -> Iterator[tuple[int, int, str]]:
    """mdBook writes `rust,ignore` where the highlighter wants `rust`."""
    for fence in fences:
        if match := _FENCE_LANGUAGE.match(text[fence.info_start : fence.info_end]):
            yield fence.info_start + match.start("rest"), fence.info_start + match.end("rest"), ""


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    place = 0
    for start, end, new in sorted(edits):
        if start >= place:
            parts += (text[place:start], new)
            place = end
    return "".join(parts) + text[place:]
