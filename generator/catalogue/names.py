"""Names: which file names are allowed, what slug and order a path gives, which addresses the site keeps for itself.

A name is made of letters, digits, `.`, `_` and `-` (ASCII), so that it is the same on every file system, in every URL and
as part of an object key, and never needs escaping. A leading number (`03-`, `03_`) of a path part gives its place in the
order and is left out of its address, unless two files of a course would then share one: those keep their numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

_ALLOWED = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)
_NUMBER = re.compile(r"(\d+)(?:[-_](?=.)|$)", re.ASCII)
_INDEX = frozenset({"index", "readme"})
_UNNUMBERED = 1 << 62

ATTACHMENTS = "files"
INCLUDES = "includes"
OVERVIEW = "overview"

# First parts of addresses that belong to the site, the theme or the gatekeeper on the same origin.
RESERVED = frozenset(
    """
    404 account account-assets admin api assets atom buy catalogue css current feed feeds files fonts gate gifts guest healthz
    images img includes index javascripts js jwks mail manifest metrics oauth orders outbox pagefind pay pointers private public
    readyz redeem releases restore robots rss sandbox search seats sign-in sign-out signals sitemap static store stylesheets tag
    tags teams theme webhooks well-known en zh
    """.split()  # noqa: SIM905 - a list of forty quoted words reads worse
)


def is_allowed(name: str) -> bool:
    return _ALLOWED.fullmatch(name) is not None and len(name) <= 200


def suggestion(name: str) -> str:
    """A name near to `name` that is allowed; Chinese and other scripts are left out, as no reading of them is certain."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", ending):
        stem, ending = name, ""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"%[0-9A-Fa-f]{2}", "-", plain)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    plain = re.sub(r"-{2,}", "-", plain).strip("-.")[:80]
    if not plain or plain.isdigit():
        word = "lesson" if ending in {"md", ""} else "file"
        plain = f"{plain}-{word}" if plain else word
    return f"{plain}.{ending}" if ending else plain


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and len(text) <= 200


def slug(below_course: PurePosixPath) -> str:
    """The address of a lesson file below its course's: `tutorial/first-steps` for `02-tutorial/01-first-steps.md`."""
    folders = [_without_number(part) for part in below_course.parent.parts]
    name = below_course.stem
    if name.lower() in _INDEX:
        return "/".join(folders) or OVERVIEW
    return "/".join([*folders, _without_number(name)])


def slugs(below_course: Iterable[PurePosixPath]) -> dict[PurePosixPath, str]:
    """The addresses of a course's lesson files. Files that differ in their numbers alone (`01-lesson`, `02-lesson`) keep them."""
    paths = list(below_course)
    short = {path: slug(path) for path in paths}
    uses = Counter(text.lower() for text in short.values())
    return {
        path: text if uses[text.lower()] == 1 or path.stem.lower() in _INDEX else _numbered(path)
        for path, text in short.items()
    }


def _numbered(below_course: PurePosixPath) -> str:
    return "/".join([*(_without_number(part) for part in below_course.parent.parts), below_course.stem])


def is_index(path: PurePosixPath) -> bool:
    return path.stem.lower() in _INDEX


def order(below_course: PurePosixPath) -> tuple[tuple[int, str], ...]:
    """A sorting key: numbers first and by value, then names; a folder's index before its other files."""
    key = [_part_order(part) for part in below_course.parent.parts]
    name = below_course.stem
    return (*key, (-1, "") if name.lower() in _INDEX else _part_order(name))


def readable(folder: str) -> str:
    """A folder's name as a heading: `02-how-to` becomes `How to`."""
    text = re.sub(r"[-_]+", " ", _without_number(folder)).strip() or folder
    return text[:1].upper() + text[1:]


def _part_order(part: str) -> tuple[int, str]:
    match = _NUMBER.match(part)
    return (int(match[1]), part.lower()) if match else (_UNNUMBERED, part.lower())


def _without_number(part: str) -> str:
    match = _NUMBER.match(part)
    return part[match.end() :] or part if match else part
