"""What an output depends on: which pages, private halves and files a change of the stage concerns.

A page depends on its own staged text and front matter, and, through the navigation that the theme prints, on what its
neighbours show of themselves. So a change that another page could show, or one of configuration, theme or the set of files,
concerns everything; any other concerns the page alone. A private half depends on its own text, its page's ids and address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.site.describe import Meta
from generator.site.project import Project
from generator.site.stage import Stage

# Front matter that only the page itself prints. Whatever is not named here counts as shown elsewhere.
_OWN = frozenset({"description"})
_OWN_FACTS = frozenset({"jsonld", "lessons", "outline"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """pages: staged paths to render again. halves: lesson ids. Everything is to be made anew when `everything` is set."""

    everything: bool
    pages: tuple[str, ...] = ()
    halves: tuple[str, ...] = ()


EVERYTHING = Change(everything=True)


def change(before: Stage, after: Stage) -> Change:
    """What must be rendered again when the stage `before` has become `after`."""
    if (
        before.config != after.config
        or before.pages.keys() != after.pages.keys()
        or before.files.keys() != after.files.keys()
        or before.texts.keys() != after.texts.keys()
    ):
        return EVERYTHING
    pages = []
    for path, page in after.pages.items():
        old = before.pages[path]
        if page.meta == old.meta and page.body == old.body:
            continue
        if shown_elsewhere(page.meta) != shown_elsewhere(old.meta):
            return EVERYTHING
        pages.append(path)
    halves = [
        lesson
        for lesson, half in after.halves.items()
        if half.page in pages
        or lesson not in before.halves
        or half.markdown != before.halves[lesson].markdown
    ]
    return Change(everything=False, pages=tuple(pages), halves=tuple(halves))


def shown_elsewhere(meta: Meta) -> Meta:
    """The part of a page's front matter that other pages may print."""
    facts = meta["lyceum"]
    if not isinstance(facts, Mapping):
        raise TypeError("front matter without its facts")
    kept: Meta = {name: value for name, value in meta.items() if name not in _OWN}
    return kept | {"lyceum": {name: value for name, value in facts.items() if name not in _OWN_FACTS}}


def surroundings(project: Project) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file that all pages depend on: settings and theme."""
    theme = (path for path in project.theme.rglob("*") if path.is_file())
    return tuple(_stamp(path) for path in sorted((project.settings, *theme)))


def _stamp(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns
