"""The edition: for each lesson what everybody may read, what only some may, and which files belong to which side.

Made once by `generator.access.split`; the site generator is given its public side and nothing else (rules R1, R2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from gatekeeper.contract.access import Rule
from generator.catalogue.model import Course, Lesson, School
from generator.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """A heading of the private half that the course allows to be shown. level: 2 to 6."""

    level: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonEdition:
    """One visible lesson, cut.

    rule: who may read the private half; PUBLIC when there is none.
    public_markdown: what everybody reads: the whole of a free lesson, else the lead-in, else the summary. Contains no
        include directive, no definition that only the private half uses, links as the author wrote them.
    private_markdown: the rest with every definition that it uses, or None.
    private_line: number of the private half's first line in the source file.
    outline: empty unless the course says `outline: public`.
    minutes: the author's, or reading time of the whole lesson rounded to 5 minutes, at least 5.
    public_files, private_files: what the halves refer to, relative to the content folder; a file that any public text
        refers to is in no lesson's private_files.
    """

    lesson: Lesson
    rule: Rule
    public_markdown: str
    private_markdown: str | None
    private_line: int
    outline: tuple[OutlineEntry, ...]
    minutes: int
    public_files: frozenset[PurePosixPath]
    private_files: frozenset[PurePosixPath]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What a build at `now` shows.

    courses: the visible ones in catalogue order; their `lessons` are those that are published by now.
    lessons: id → lesson, for those and for the retired ones (unlisted, their page says so, owners may still read them).
    upcoming: scheduled for later in a course that says `upcoming: public`: only title, summary, date and tags may show.
    hidden: drafts and unannounced scheduled lessons: nothing may show. The leak check searches for both kinds.
    private_files: path → the loosest rule of the parts that refer to it. unused_files: published nowhere.
    notices: things worth the author's eye that stop nothing. included: what lessons include of other files.
    """

    school: School
    now: datetime
    courses: tuple[Course, ...]
    lessons: Mapping[str, LessonEdition]
    public_files: frozenset[PurePosixPath]
    private_files: Mapping[PurePosixPath, Rule]
    unused_files: frozenset[PurePosixPath]
    upcoming: tuple[Lesson, ...]
    hidden: tuple[Lesson, ...]
    notices: tuple[Problem, ...]
    included: frozenset[PurePosixPath] = frozenset()
