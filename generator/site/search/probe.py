"""The self-test of the search: titles of the school, asked of the built index as a reader would ask, must find their lessons.

For each language in which the school has a lesson that is to be found, one lesson's title gives the query: its longest Chinese run,
or its longest English word. So a broken cut, an index of another build, a theme that marks no text, or an index of nothing is
noticed before a reader meets it. Nothing but the files that readers fetch is read. A title that the built site does not show yet is
not asked for; that the site is older than the content, or not built, is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from markupsafe import escape

from generator.access.edition import Edition
from generator.catalogue.model import Language, Lesson, Status
from generator.errors import LyceumError, Problem, Severity
from generator.site.search import words
from generator.site.search.index import FOLDER
from generator.site.search.reading import Index

_ENGLISH = re.compile(r"[A-Za-z]{4,}")
_MATERIALS = "search/search_index.json"
_CHARACTERS = 6  # of a Chinese title; a reader types no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """query: what is asked for. lesson: the one that must be among the results."""

    language: Language
    query: str
    lesson: Lesson


def probe(site: Path, edition: Edition) -> list[Problem]:
    """Ask the index below `site` for a title in each language of the school; returns what is not found, and what was not tried."""
    if (site / _MATERIALS).is_file() and not (site / FOLDER).is_dir():
        return []  # the school has Material's search, which has no pieces to lose
    asked = probes_of(edition)
    shown = {language: _first_shown(site, several) for language, several in asked.items()}
    try:
        index = Index(site / FOLDER) if any(shown.values()) else None
        found = [_missed(index, one) for one in shown.values() if one and index]
    except LyceumError as error:
        return [Problem(f"{FOLDER}/", error.what, error.hint)]
    untried = [_untried(several[0]) for language, several in asked.items() if shown[language] is None]
    return [problem for problem in (*found, *untried) if problem is not None]


def probes_of(edition: Edition) -> dict[Language, list[Probe]]:
    """For each language what could be asked, the longest query first, then in the order of the lessons."""
    found: dict[Language, list[Probe]] = {}
    for shown in edition.lessons.values():
        lesson = shown.lesson
        if lesson.search_exclude or lesson.status is Status.RETIRED:
            continue
        for language, query in _queries(lesson.title):
            found.setdefault(language, []).append(Probe(language=language, query=query, lesson=lesson))
    return {
        language: sorted(several, key=lambda one: -len(one.query))
        for language, several in sorted(found.items())
    }


def _first_shown(site: Path, several: list[Probe]) -> Probe | None:
    """The first whose lesson's page in `site` shows its title; the rest were renamed or added since."""
    for one in several:
        with suppress(OSError):
            if escape(one.lesson.title) in (site / one.lesson.url / "index.html").read_text("utf-8"):
                return one
    return None


def _untried(one: Probe) -> Problem:
    return Problem(
        one.lesson.path.as_posix(),
        "the search was not tried: no site is built that shows this title",
        "run 'lyceum build' first",
        Severity.WARNING,
    )


def _queries(title: str) -> Iterator[tuple[Language, str]]:
    chinese = [run[:_CHARACTERS] for run in words.runs(title) if len(run) > 1]
    english = _ENGLISH.findall(title)
    if chinese:
        yield "zh", max(chinese, key=len)
    if english:
        yield "en", max(english, key=len)


def _missed(index: Index, one: Probe) -> Problem | None:
    found = {unquote(address).strip("/") for address in index.find(one.query)}
    if one.lesson.url.strip("/") in found:
        return None
    what = f"the search does not find this lesson by “{one.query}” of its title"
    if not found:
        what = f"the search finds nothing for “{one.query}”, which stands in this lesson's title"
    return Problem(
        one.lesson.path.as_posix(),
        what,
        "build again; a theme of your own must keep data-pagefind-body on the lesson's text",
    )
