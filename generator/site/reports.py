"""MkDocs' warnings → problems at the author's line; and the check of links to headings, which needs the private halves.

A link to a heading is right when the page shows it to somebody: in its public text, or in the private half that takes its
place on the same page. What MkDocs says about anything else is passed on in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from mkdocs.structure.pages import Page as RenderedPage

from generator.errors import Problem, Severity
from generator.site.links import Origin
from generator.site.parts import Part
from generator.site.stage import Half, Page, Stage

_LINK = re.compile(r"Doc file '(?P<page>.+?)' contains an? (?:[a-z ]*)link '(?P<link>.*?)', (?:but|it|which)")
_FOOTNOTE_BACK = re.compile(r"fnref\d*:.*", re.DOTALL)


def of_messages(messages: Iterable[str], stage: Stage) -> Iterator[Problem]:
    """What was said while the public pages were made."""
    for message in messages:
        match = _LINK.match(message)
        page = stage.pages.get(match["page"]) if match else None
        if match and page:
            yield _dangling(page, match["link"])
        else:
            yield Problem("mkdocs.yml", message, severity=Severity.WARNING)


def of_parts(parts: Mapping[str, Part], stage: Stage) -> Iterator[Problem]:
    """What was said while the private halves were rendered."""
    for lesson, part in parts.items():
        half = stage.halves[lesson]
        yield from part.problems
        for message in part.messages:
            match = _LINK.match(message)
            if match:
                yield _dangling(half, match["link"])
            else:
                yield Problem(half.source.as_posix(), message, severity=Severity.WARNING)


def of_anchors(
    pages: Mapping[str, RenderedPage], parts: Mapping[str, Part], stage: Stage
) -> Iterator[Problem]:
    """Links to headings that no page shows to anybody, from public and private text."""
    known = {path: set(page.present_anchor_ids or ()) for path, page in pages.items()}
    for lesson, part in parts.items():
        known[stage.halves[lesson].page] |= part.ids
    for path, page in pages.items():
        links = {file.src_uri: anchors for file, anchors in (page.links_to_anchors or {}).items()}
        yield from _missing(stage.pages[path], path, links, known)
    for lesson, part in parts.items():
        half = stage.halves[lesson]
        yield from _missing(half, half.page, part.anchors, known)


def _missing(
    text: Page | Half, here: str, links: Mapping[str, Mapping[str, str]], known: Mapping[str, set[str]]
) -> Iterator[Problem]:
    for path, anchors in links.items():
        for anchor, link in anchors.items():
            if path not in known or anchor in known[path]:
                continue
            if path == here and _FOOTNOTE_BACK.fullmatch(anchor):
                where = "" if text.source is None else text.source.as_posix()
                yield Problem(
                    where,
                    f"the footnote {anchor.split(':', 1)[1]!r} is never referred to",
                    severity=Severity.WARNING,
                )
                continue
            origin = text.origins.get(link)
            target = "this lesson" if path == here else "the page it leads to"
            yield Problem(
                _where(text, origin),
                f"the link {(origin.destination if origin else link)!r} leads to a heading that {target} does not have",
                "look at the heading's id: it is its text in lower case with dashes, or what { #id } says",
                Severity.WARNING,
            )


def _dangling(text: Page | Half, link: str) -> Problem:
    origin = text.origins.get(link)
    return Problem(
        _where(text, origin),
        f"the link {(origin.destination if origin else link)!r} leads nowhere",
        "write the path from this file to the other, as on disk",
        Severity.WARNING,
    )


def _where(text: Page | Half, origin: Origin | None) -> str:
    source = "school.yml" if text.source is None else text.source.as_posix()
    return f"{source}:{origin.line}" if origin and text.source and text.source.suffix == ".md" else source
