"""The self-test of the search: titles of the school, asked of the built index as a reader would ask, must find their lessons.

For each language in which the school has a lesson that is to be found, one lesson's title gives the query: its longest Chinese run,
or its longest English word. So a broken cut, an index of another build, a theme that marks no text, or an index of nothing is
noticed before a reader meets it. Nothing but the files that readers fetch is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from generator.access.edition import Edition
from generator.catalogue.model import Language, Lesson, Status
from generator.errors import LyceumError, Problem
from generator.site.search import words
from generator.site.search.index import FOLDER
from generator.site.search.reading import Index

_ENGLISH = re.compile(r"[A-Za-z]{4,}")
_CHARACTERS = 6  # of a Chinese title; a reader types no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """query: what is asked for. lesson: the one that must be among the results."""

    language: Language
    query: str
    lesson: Lesson


def probe(site: Path, edition: Edition) -> list[Problem]:
    """Ask the index below `site` for a title in each language of the school; returns what is not found."""
    probes = list(probes_of(edition))
    if not probes:
        return []
    try:
        index = Index(site / FOLDER)
        return [problem for one in probes if (problem := _missed(index, one)) is not None]
    except LyceumError as error:
        return [Problem(f"{FOLDER}/", error.what, error.hint)]


def probes_of(edition: Edition) -> Iterator[Probe]:
    """One probe for each language; the longest query, then the first lesson."""
    best: dict[Language, Probe] = {}
    for shown in edition.lessons.values():
        lesson = shown.lesson
        if lesson.search_exclude or lesson.status is Status.RETIRED:
            continue
        for language, query in _queries(lesson.title):
            known = best.get(language)
            if known is None or len(query) > len(known.query):
                best[language] = Probe(language=language, query=query, lesson=lesson)
    yield from (best[language] for language in sorted(best))


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
