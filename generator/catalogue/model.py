"""The school as its author wrote it: typed, validated, frozen. No I/O and no decision about access here.

Paths are `PurePosixPath`s relative to the content folder. Texts that exist in several languages are `LocalText`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath

from gatekeeper.contract.products import GRACE_DAYS, ProductKind, Seats
from gatekeeper.contract.signals import Privacy
from generator.errors import Severity
from generator.members.settings import MemberSettings

Language = str  # "zh" or "en"
LocalText = Mapping[Language, str]


def in_language(text: LocalText, language: Language) -> str:
    """`text` in `language`, or else in its first language; an empty mapping gives an empty text."""
    return text[language] if language in text else next(iter(text.values()), "")


class Access(StrEnum):
    FREE = "free"
    MEMBER = "member"
    PAID = "paid"


class Status(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    RETIRED = "retired"  # no longer listed; its address says so; those who own it may still read it


class Level(StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Visibility(StrEnum):
    PUBLIC = "public"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    id: str
    name: LocalText
    bio: LocalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something a reader can buy, or try. prices: ISO 4217 currency → minor units, of a team's for one seat; empty for a trial.

    grants: course ids, lesson ids or `*`. interval: month or year, of every subscription and of a team that is paid by it.
    grace_days: how long it stays open after a paid period that is to be renewed. days: how long a trial lasts, None for ever.
    """

    id: str
    kind: str  # a value of ProductKind
    title: LocalText
    summary: LocalText
    includes: Mapping[Language, tuple[str, ...]]  # three to five lines for the offer card
    grants: tuple[str, ...]
    prices: Mapping[str, int]
    interval: str | None
    refund_days: int
    active: bool
    grace_days: int = GRACE_DAYS
    seats: Seats | None = None  # exactly for teams
    giftable: bool = False
    days: int | None = None

    @property
    def is_trial(self) -> bool:
        return self.kind == ProductKind.TRIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """Takes `percent` of the price off, or an amount in minor units. line: where it stands in school.yml.

    uses, per_reader: how often it may be used in all and by one reader; None without limit. products: ids; empty for all.
    """

    code: str  # in capital letters
    percent: int | None
    amounts: Mapping[str, int]
    uses: int | None
    per_reader: int | None
    expires: datetime | None
    products: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """id: stable, unique. slug: its address below the course's, such as `event-loop` or `tutorial/first-steps`.

    products: what opens it, in the order of school.yml; empty unless access is PAID.
    body: Markdown after the front matter, LF line ends, no BOM; body_line: its first line's number in the file, from 1.
    minutes: the author's, or None. moved_from: old site paths such as `rust/old-name/`.
    """

    id: str
    course: str
    path: PurePosixPath
    slug: str
    title: str
    language: Language
    access: Access
    products: tuple[str, ...]
    status: Status
    publish_at: datetime | None
    summary: str
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    level: Level
    prerequisites: tuple[str, ...]
    moved_from: tuple[str, ...]
    minutes: int | None
    updated: date | None
    search_exclude: bool
    section: str | None  # the heading it stands under in the lesson list, from SUMMARY.md or a nested folder
    body: str
    body_line: int

    @property
    def url(self) -> str:
        """Its address on the site, relative, with a final slash."""
        return f"{self.course}/{self.slug}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """lessons: in reading order, whatever their status. description: public Markdown for the landing page."""

    id: str
    path: PurePosixPath
    title: str
    language: Language
    summary: str
    description: str
    authors: tuple[str, ...]
    level: Level
    order: int
    access: Access
    products: tuple[str, ...]
    outline: Visibility
    upcoming: Visibility  # whether title, summary and date of scheduled lessons may show
    outcomes: tuple[str, ...]
    prerequisites: tuple[str, ...]
    cover: PurePosixPath | None
    status: Status
    lessons: tuple[Lesson, ...]
    missing_files: Severity = Severity.ERROR  # what a picture or attachment that does not exist is

    @property
    def url(self) -> str:
        return f"{self.id}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """root: the content folder on disk. files: every file that is neither Markdown nor configuration, size in bytes.

    base_url: with a final slash. gatekeeper_url: origin without a final slash, or "" for the site's own origin.
    languages: the first is the default.
    """

    root: Path
    name: LocalText
    summary: LocalText
    languages: tuple[Language, ...]
    base_url: str
    gatekeeper_url: str
    authors: Mapping[str, Author]
    courses: tuple[Course, ...]
    products: Mapping[str, Product]
    files: Mapping[PurePosixPath, int] = field(default_factory=dict)
    coupons: Mapping[str, Coupon] = field(default_factory=dict)
    signals: Privacy = Privacy.NONE  # what pages tell of their readers
    members: MemberSettings = field(default_factory=MemberSettings)
    private_text: bool = False  # whether it may inform which lessons are alike

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        return tuple(lesson for course in self.courses for lesson in course.lessons)
