"""Which page is staged where, and at which URL it appears.

A staged path is a MkDocs source path below `docs_dir`; MkDocs makes the URL from it again, so the two agree by construction.
"""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from urllib.parse import quote

from generator.catalogue.model import Course, Language, Lesson

TAGS = "tags.md"

_DIRECTORY_INDEXES = frozenset({"index", "README"})  # names that MkDocs turns into their folder's page
_SAFE = "/-._~!$&'*+,;=:@"  # what RFC 3986 allows in a path, without the parentheses that end a Markdown link


def page_at(url: str) -> str:
    """The staged path whose page appears at `url`: relative, with a final slash; "" is the home page."""
    if not url:
        return "index.md"
    bare = url.rstrip("/")
    if PurePosixPath(bare).name in _DIRECTORY_INDEXES:
        return f"{bare}/index.md"
    return f"{bare}.md"


def lesson_page(lesson: Lesson) -> str:
    return page_at(lesson.url)


def course_page(course: Course) -> str:
    return f"{course.id}/index.md"


def catalogue_url(language: Language, default: Language) -> str:
    return "" if language == default else f"{language}/"


def catalogue_page(language: Language, default: Language) -> str:
    return f"{catalogue_url(language, default)}index.md"


def staged_file(path: PurePosixPath) -> str:
    """A public file keeps its place below the content folder."""
    return path.as_posix()


def file_url(path: PurePosixPath) -> str:
    return quote(path.as_posix(), safe=_SAFE)


def url_of(page: str) -> str:
    """The URL at which MkDocs shows the staged `page`, relative to the site, percent-encoded."""
    path = PurePosixPath(page)
    if path.stem in _DIRECTORY_INDEXES:
        bare = "" if path.parent == PurePosixPath(".") else f"{path.parent.as_posix()}/"
    else:
        bare = f"{path.with_suffix('').as_posix()}/"
    return quote(bare, safe=_SAFE)


def output_of(page: str) -> str:
    """The file on the site that MkDocs makes of the staged `page`."""
    path = PurePosixPath(page)
    if path.stem in _DIRECTORY_INDEXES:
        return (path.parent / "index.html").as_posix()
    return (path.with_suffix("") / "index.html").as_posix()


def relative_page(target: str, page: str) -> str:
    """The Markdown link from staged `page` to staged `target`; only what would end a link is percent-encoded."""
    path = posixpath.relpath(target, posixpath.dirname(page) or ".")
    return "".join(quote(sign, safe="") if sign in ' %()<>"?#\\' else sign for sign in path)


def relative_url(target: str, page: str) -> str:
    """The link in HTML from the URL of staged `page` to the site-relative URL `target`."""
    here = url_of(page)
    path = posixpath.relpath(target or ".", here or ".")
    return f"{path}/" if target.endswith("/") or not target else path
