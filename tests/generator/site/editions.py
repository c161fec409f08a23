"""Small editions made by hand: what `access.split` would return, without reading or cutting anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from gatekeeper.contract.access import MEMBER, PUBLIC, Rule, loosest, products_rule
from generator.access.edition import Edition, LessonEdition, OutlineEntry
from generator.catalogue.model import (
    Access,
    Author,
    Course,
    Language,
    Lesson,
    Level,
    Product,
    School,
    Status,
    Visibility,
)

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
BASE = "https://school.example/"
GATE = "https://gate.example"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A lesson to be made. public: its Markdown before the paywall; private: after it; fields: of Lesson."""

    name: str
    public: str
    private: str | None
    access: Access
    outline: tuple[OutlineEntry, ...]
    minutes: int
    private_line: int
    public_files: frozenset[PurePosixPath]
    private_files: frozenset[PurePosixPath]
    fields: Mapping[str, Any]


def lesson(
    name: str,
    public: str = "# A lesson\n\nPublic text.\n",
    private: str | None = None,
    *,
    access: str | None = None,
    outline: Iterable[tuple[int, str]] = (),
    minutes: int = 10,
    private_line: int = 50,
    public_files: Iterable[str] = (),
    private_files: Iterable[str] = (),
    **fields: Any,
) -> Draft:
    return Draft(
        name=name,
        public=public,
        private=private,
        access=Access(access or ("paid" if private else "free")),
        outline=tuple(OutlineEntry(level=level, title=title) for level, title in outline),
        minutes=minutes,
        private_line=private_line,
        public_files=frozenset(map(PurePosixPath, public_files)),
        private_files=frozenset(map(PurePosixPath, private_files)),
        fields=fields,
    )


@dataclass(frozen=True, kw_only=True)
class DraftCourse:
    id: str
    lessons: tuple[Draft, ...]
    fields: Mapping[str, Any]


def course(id_: str, *lessons: Draft, **fields: Any) -> DraftCourse:
    return DraftCourse(id=id_, lessons=lessons, fields=fields)


def product(
    id_: str, grants: Sequence[str], prices: Mapping[str, int] | None = None, **fields: Any
) -> Product:
    values: dict[str, Any] = {
        "kind": "course",
        "title": {"zh": f"{id_} 课程", "en": f"{id_} course"},
        "summary": {"zh": "一句话", "en": "One line"},
        "includes": {"zh": ("全部课时",), "en": ("Every lesson",)},
        "interval": None,
        "refund_days": 14,
        "active": True,
    }
    return Product(
        id=id_, grants=tuple(grants), prices=prices or {"CNY": 9900, "USD": 1500}, **(values | fields)
    )


@dataclass(kw_only=True)
class _Collected:
    lessons: dict[str, LessonEdition] = field(default_factory=dict)
    upcoming: list[Lesson] = field(default_factory=list)
    hidden: list[Lesson] = field(default_factory=list)


def edition(
    *courses: DraftCourse,
    products: Iterable[Product] | None = None,
    languages: Sequence[Language] = ("en",),
    files: Iterable[str] = (),
    root: Path = Path("/nowhere"),
    **fields: Any,
) -> Edition:
    """An edition of these courses. Each course is sold as a product of its name unless `products` are given.

    files: public files besides those that lessons name.
    """
    sold = {p.id: p for p in (products if products is not None else [product(c.id, [c.id]) for c in courses])}
    collected = _Collected()
    whole: list[Course] = []
    shown: list[Course] = []
    for draft in courses:
        made = _course(draft, sold)
        lessons = [_lesson(one, made, sold) for one in draft.lessons]
        published = []
        for one, value in zip(draft.lessons, lessons, strict=True):
            if value.status is Status.DRAFT or (
                value.status is Status.SCHEDULED and made.upcoming is Visibility.HIDDEN
            ):
                collected.hidden.append(value)
                continue
            if value.status is Status.SCHEDULED:
                collected.upcoming.append(value)
                continue
            if value.status is Status.PUBLISHED:
                published.append(value)
            collected.lessons[value.id] = _edition(one, value)
        whole.append(_with(made, lessons))
        shown.append(_with(made, published))
    public = {PurePosixPath(path) for path in files}
    public |= {path for one in collected.lessons.values() for path in one.public_files}
    public |= {c.cover for c in shown if c.cover}
    private: dict[PurePosixPath, list[Rule]] = {}
    for cut in collected.lessons.values():
        for path in cut.private_files - public:
            private.setdefault(path, []).append(cut.rule)
    names: dict[str, Any] = {
        "name": {"zh": "学堂", "en": "School"},
        "summary": {"zh": "两门课", "en": "Two courses"},
        "base_url": BASE,
        "gatekeeper_url": GATE,
        "authors": {
            "lin": Author(
                id="lin", name={"zh": "林乔", "en": "Lin Qiao"}, bio={"zh": "作者", "en": "Writes."}
            )
        },
    }
    school = School(
        root=root, languages=tuple(languages), courses=tuple(whole), products=sold, **(names | fields)
    )
    return Edition(
        school=school,
        now=NOW,
        courses=tuple(shown),
        lessons=collected.lessons,
        public_files=frozenset(public),
        private_files={path: loosest(rules) for path, rules in private.items()},
        unused_files=frozenset(),
        upcoming=tuple(collected.upcoming),
        hidden=tuple(collected.hidden),
        notices=(),
    )


def write_files(content: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        target = content / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _course(draft: DraftCourse, sold: Mapping[str, Product]) -> Course:
    values: dict[str, Any] = {
        "title": draft.id.title(),
        "language": "en",
        "summary": f"About {draft.id}.",
        "description": f"Everything about {draft.id}.\n",
        "authors": ("lin",),
        "level": Level.BEGINNER,
        "order": 1,
        "access": Access.PAID,
        "outline": Visibility.PUBLIC,
        "upcoming": Visibility.PUBLIC,
        "outcomes": ("You can do it.",),
        "prerequisites": (),
        "cover": None,
        "status": Status.PUBLISHED,
        "products": tuple(p.id for p in sold.values() if draft.id in p.grants or "*" in p.grants),
    }
    return Course(id=draft.id, path=PurePosixPath(draft.id), lessons=(), **(values | dict(draft.fields)))


def _lesson(draft: Draft, course: Course, sold: Mapping[str, Product]) -> Lesson:
    slug = PurePosixPath(draft.name).stem.lstrip("0123456789").lstrip("-")
    id_ = draft.fields.get("id", f"{course.id}/{slug}")
    products = tuple(p.id for p in sold.values() if {course.id, id_, "*"} & set(p.grants))
    values: dict[str, Any] = {
        "id": id_,
        "slug": slug,
        "title": slug.replace("-", " ").title(),
        "language": course.language,
        "products": products if draft.access is Access.PAID else (),
        "status": Status.PUBLISHED,
        "publish_at": None,
        "summary": f"What {slug} is about.",
        "tags": (),
        "authors": (),
        "level": Level.BEGINNER,
        "prerequisites": (),
        "moved_from": (),
        "minutes": draft.minutes,
        "updated": date(2026, 11, 1),
        "search_exclude": False,
        "section": None,
        "body": draft.public + (f"<!-- paywall -->\n{draft.private}" if draft.private else ""),
        "body_line": 5,
    }
    values |= dict(draft.fields)
    values["status"] = Status(values["status"])
    return Lesson(course=course.id, path=course.path / draft.name, access=draft.access, **values)


def _edition(draft: Draft, value: Lesson) -> LessonEdition:
    rule = PUBLIC
    if draft.private is not None:
        rule = MEMBER if value.access is Access.MEMBER else products_rule(value.products)
    return LessonEdition(
        lesson=value,
        rule=rule,
        public_markdown=draft.public,
        private_markdown=draft.private,
        private_line=draft.private_line,
        outline=draft.outline,
        minutes=draft.minutes,
        public_files=draft.public_files,
        private_files=draft.private_files,
    )


def _with(course: Course, lessons: Iterable[Lesson]) -> Course:
    return replace(course, lessons=tuple(lessons))
