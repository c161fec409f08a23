"""MkDocs' warnings → problems at the author's line; and the check of links to headings, which needs the private halves.

A link to a heading is right when the page shows it to somebody: in its public text, or in the private half that takes its
place on the same page. What MkDocs says about anything else is passed on in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from generator.errors import Problem, Severity
from generator.site.cache import Anchor, file_of

if TYPE_CHECKING:
    from generator.site.links import Origin
    from generator.site.parts import Part
    from generator.site.stage import Half, Page

_LINK = re.compile(r"Doc file '(?P<page>.+?)' contains an? (?:[a-z ]*)link '(?P<link>.*?)', (?:but|it|which)")
_FOOTNOTE_BACK = re.compile(r"fnref\d*:.*", re.DOTALL)


def of_messages(messages: Iterable[str], stage: Mapping[str, Page]) -> Iterator[Problem]:
    """What was said while MkDocs made the whole site. stage: staged path → page."""
    for message in messages:
        match = _LINK.match(message)
        page = stage.get(match["page"]) if match else None
        if match and page:
            yield _dangling(page, match["link"])
        else:
            yield Problem("mkdocs.yml", message, severity=Severity.WARNING)


def of_page(messages: Iterable[str], page: Page, path: str) -> Iterator[Problem]:
    """What was said while the page staged at `path` was rendered."""
    yield from of_messages(messages, {path: page})


def of_part(part: Part, half: Half) -> Iterator[Problem]:
    """What was said while a private half was rendered."""
    yield from part.problems
    for message in part.messages:
        match = _LINK.match(message)
        if match:
            yield _dangling(half, match["link"])
        else:
            yield Problem(half.source.as_posix(), message, severity=Severity.WARNING)


def of_anchor(page: str, anchor: Anchor) -> Problem:
    """A link on `page` to a heading that no page shows to anybody."""
    if anchor.target == page and _FOOTNOTE_BACK.fullmatch(anchor.fragment):
        return Problem(
            file_of(Problem(anchor.place, "")),
            f"the footnote {anchor.fragment.split(':', 1)[1]!r} is never referred to",
            severity=Severity.WARNING,
        )
    target = "this lesson" if anchor.target == page else "the page it leads to"
    return Problem(
        anchor.place,
        f"the link {anchor.link!r} leads to a heading that {target} does not have",
        "look at the heading's id: it is its text in lower case with dashes, or what { #id } says",
        Severity.WARNING,
    )


def by_place(problem: Problem) -> tuple[str, int, str]:
    """Sorts problems in the order of files and lines."""
    path, _, line = problem.where.rpartition(":")
    return (path, int(line), problem.what) if line.isdigit() else (problem.where, 0, problem.what)


def _dangling(text: Page | Half, link: str) -> Problem:
    origin = text.origins.get(link)
    return Problem(
        where(text, origin),
        f"the link {(origin.destination if origin else link)!r} leads nowhere",
        "write the path from this file to the other, as on disk",
        Severity.WARNING,
    )


def where(text: Page | Half, origin: Origin | None) -> str:
    source = "school.yml" if text.source is None else text.source.as_posix()
    return f"{source}:{origin.line}" if origin and text.source and text.source.suffix == ".md" else source
