"""School → Edition: which lessons show, what of each is public, and which file belongs to which side (rules R1 to R3).

A file is public exactly if public text refers to it: a public half, a course's description or its cover. Else its rule is the
loosest of those of the private halves that refer to it. What nothing refers to is published nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from types import MappingProxyType

from gatekeeper.contract.access import MEMBER, PUBLIC, Rule, loosest, products_rule
from generator.access import includes
from generator.access.cutting import Cut, Half, cut
from generator.access.edition import Edition, LessonEdition, OutlineEntry
from generator.access.fences import fences, normalized
from generator.access.includes import Included
from generator.access.marker import find
from generator.access.outline import minutes, outline
from generator.access.references import References, Targets, line_of
from generator.catalogue import names
from generator.catalogue.findings import Findings
from generator.catalogue.model import Access, Course, Lesson, School, Status, Visibility
from generator.errors import Problem, Severity

_RULES = {Access.FREE: PUBLIC, Access.MEMBER: MEMBER}


def split(school: School, now: datetime, across: Across | None = None) -> Edition:
    """What a build at `now` shows. across: `map`, if it can be done better than one by one.

    Raises ContentError with every lesson that cannot be cut and every missing file.
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    return _Splitting(school, now, across=across or _one_by_one).edition()


def split_alone(
    lesson: Lesson, course: Course, school: School, now: datetime, targets: Targets
) -> tuple[LessonEdition, tuple[Problem, ...]] | None:
    """One lesson as `split` would give it, and what it would notice about it; files that others make public are still private.

    None where more than the lesson itself decides: one that is not shown, has a mistake or includes other files.
    """
    alone = _Splitting(school, now)
    if state(lesson, course, now) not in {Status.PUBLISHED, Status.RETIRED}:
        return None
    parted = cut(lesson, school, alone.findings, Severity.ERROR)
    if parted is None or parted.included or includes.has_directive(lesson.body):
        return None
    alone._show(lesson, course, parted, targets)
    if alone.findings.has_errors:
        return None
    return alone.lessons[lesson.id], alone.findings.in_order()


def state(lesson: Lesson, course: Course, now: datetime) -> Status:
    """What the lesson is at `now`: a scheduled one is published when its time has come; a course's state covers its lessons'."""
    if Status.DRAFT in {course.status, lesson.status}:
        return Status.DRAFT
    if lesson.status is Status.SCHEDULED and (lesson.publish_at is None or lesson.publish_at > now):
        return Status.SCHEDULED
    if Status.RETIRED in {course.status, lesson.status}:
        return Status.RETIRED
    return Status.PUBLISHED


@dataclass(frozen=True, slots=True)
class _Use:
    lesson: Lesson
    included: Included
    is_public: bool


Item = tuple[Course, Lesson]
Across = Callable[[Callable[[Item], "_Gain"], Sequence[Item]], Iterator["_Gain"]]


def _one_by_one(work: Callable[[Item], _Gain], items: Sequence[Item]) -> Iterator[_Gain]:
    return map(work, items)


@dataclass(frozen=True, slots=True)
class _Gain:
    """What one lesson adds to an edition. shown: without its lesson, which need not travel between processes."""

    problems: tuple[Problem, ...]
    shown: LessonEdition | None
    public: set[PurePosixPath]
    private: dict[PurePosixPath, list[Rule]]
    awaited: set[PurePosixPath]
    included: tuple[tuple[Included, bool], ...]


def _gain(item: Item, status: Status, whole: _Splitting, targets: Targets) -> _Gain:
    course, lesson = item
    alone = _Splitting(whole.school, whole.now)
    alone.look_at(lesson, course, status, targets)
    shown = alone.lessons.get(lesson.id)
    return _Gain(
        problems=alone.findings.found(),
        shown=None if shown is None else replace(shown, lesson=replace(lesson, body="")),
        public=alone.public,
        private=alone.private,
        awaited=alone.awaited,
        included=tuple((use.included, use.is_public) for use in alone.uses),
    )


@dataclass(slots=True)
class _Splitting:
    school: School
    now: datetime
    findings: Findings = field(default_factory=Findings)
    lessons: dict[str, LessonEdition] = field(default_factory=dict)
    public: set[PurePosixPath] = field(default_factory=set)
    private: dict[PurePosixPath, list[Rule]] = field(default_factory=dict)
    awaited: set[PurePosixPath] = field(default_factory=set)  # by drafts and scheduled lessons
    uses: list[_Use] = field(default_factory=list)
    across: Across = _one_by_one

    def edition(self) -> Edition:
        school = self.school
        states = {
            lesson.path: state(lesson, course, self.now)
            for course in school.courses
            for lesson in course.lessons
        }
        targets = Targets(
            root=school.root,
            lessons={path: status in {Status.PUBLISHED, Status.RETIRED} for path, status in states.items()},
            files=school.files,
            folders=frozenset(parent for path in (*states, *school.files) for parent in path.parents),
        )
        every = [(course, lesson) for course in school.courses for lesson in course.lessons]
        gains = self.across(lambda one: _gain(one, states[one[1].path], self, targets), every)
        courses: list[Course] = []
        upcoming: list[Lesson] = []
        hidden: list[Lesson] = []
        for course in school.courses:
            shown = []
            for lesson in course.lessons:
                self._take(lesson, next(gains))
                status = states[lesson.path]
                announced = status is Status.SCHEDULED and course.upcoming is Visibility.PUBLIC
                if status in {Status.DRAFT, Status.SCHEDULED}:
                    (upcoming if announced and course.status is Status.PUBLISHED else hidden).append(lesson)
                elif status is Status.PUBLISHED:
                    shown.append(lesson)
            if course.status is Status.PUBLISHED:
                self._describe(course, targets)
                courses.append(replace(course, lessons=tuple(shown)))
        private = {path: loosest(rules) for path, rules in self.private.items() if path not in self.public}
        self._check_includes(private)
        unused = self._unused(private)
        return Edition(
            school=school,
            now=self.now,
            courses=tuple(courses),
            lessons=MappingProxyType(
                {
                    id_: replace(one, private_files=one.private_files - self.public)
                    if one.private_files & self.public
                    else one
                    for id_, one in self.lessons.items()
                }
            ),
            public_files=frozenset(self.public),
            private_files=MappingProxyType(private),
            unused_files=unused,
            upcoming=tuple(upcoming),
            hidden=tuple(hidden),
            notices=self.findings.settle(),
            included=frozenset(use.included.path for use in self.uses),
        )

    def look_at(self, lesson: Lesson, course: Course, status: Status, targets: Targets) -> None:
        """Cut a lesson and see what its halves refer to."""
        severity = Severity.WARNING if status is Status.DRAFT else Severity.ERROR
        parted = cut(lesson, self.school, self.findings, severity)
        if parted is None:
            return
        if status in {Status.DRAFT, Status.SCHEDULED}:
            self._await(lesson, course, parted, targets, severity)
        else:
            self._show(lesson, course, parted, targets)

    def _take(self, lesson: Lesson, gain: _Gain) -> None:
        self.findings.take(gain.problems)
        if gain.shown is not None:
            self.lessons[lesson.id] = replace(gain.shown, lesson=lesson)
        self.public |= gain.public
        for path, rules in gain.private.items():
            self.private.setdefault(path, []).extend(rules)
        self.awaited |= gain.awaited
        self.uses += [_Use(lesson, included, is_public) for included, is_public in gain.included]

    def _show(self, lesson: Lesson, course: Course, parted: Cut, targets: Targets) -> None:
        rule = _RULES.get(lesson.access) or products_rule(lesson.products)
        public = self._refers(parted.public, lesson, course, targets, Severity.ERROR)
        self.public |= public.files
        private = References()
        headings: tuple[OutlineEntry, ...] = ()
        if parted.private is not None:
            private = self._refers(parted.private, lesson, course, targets, Severity.ERROR)
            for path in private.files:
                self.private.setdefault(path, []).append(rule)
            if course.outline is Visibility.PUBLIC:
                headings = outline(parted.private.lines, parted.private.code)
        self.uses += [_Use(lesson, one, is_public) for one, is_public in parted.included]
        self.lessons[lesson.id] = LessonEdition(
            lesson=lesson,
            rule=PUBLIC if parted.private is None else rule,
            public_markdown=parted.public.markdown,
            private_markdown=None if parted.private is None else parted.private.markdown,
            private_line=0 if parted.private is None else lesson.body_line + parted.private_start,
            outline=headings,
            minutes=lesson.minutes or minutes(lesson.body),
            public_files=frozenset(public.files),
            private_files=frozenset(private.files - public.files),
        )

    def _await(
        self, lesson: Lesson, course: Course, parted: Cut, targets: Targets, severity: Severity
    ) -> None:
        for half in (parted.public, parted.private):
            if half is not None:
                self.awaited |= self._refers(half, lesson, course, targets, severity).files

    def _refers(
        self,
        half: Half,
        lesson: Lesson,
        course: Course,
        targets: Targets,
        severity: Severity,
    ) -> References:
        """What `half` refers to; dangling references are reported. severity: the worst they may be."""
        found = targets.of(half.lines, half.code, lesson.path.parent)
        for one in found.dangling:
            at = half.source[line_of(one.address, half.lines)] if half.source else 0
            worst = one.severity or course.missing_files
            self.findings.note(
                Severity.WARNING if severity is Severity.WARNING else worst,
                lesson.path,
                lesson.body_line + at,
                one.what,
                one.hint,
            )
        return found

    def _describe(self, course: Course, targets: Targets) -> None:
        """A course's description and cover are public."""
        where = course.path / "course.yml"
        if course.cover is not None:
            self.public.add(course.cover)
        lines = normalized(course.description)
        fenced = fences(lines)
        verdict = find(lines, fenced)
        if verdict.line is not None or verdict.mistakes:
            self.findings.error(
                where, 0, "description: a paywall marker", "a description is public: take the marker out"
            )
        if includes.has_unescaped(lines):
            self.findings.error(where, 0, "description: an include", "write the text itself")
        found = targets.of(lines, fenced.mask(len(lines)), course.path)
        self.public |= found.files
        for one in found.dangling:
            self.findings.note(
                one.severity or course.missing_files, where, 0, f"description: {one.what}", one.hint
            )

    def _check_includes(self, private: dict[PurePosixPath, Rule]) -> None:
        """No include carries private text to readers who may not have it (case L15)."""
        by_path = {lesson.path: lesson for lesson in self.school.lessons}
        for use in self.uses:
            path, line = use.included.path, use.lesson.body_line + use.included.line
            half = "public" if use.is_public else "private"
            if path in by_path:
                source = self.lessons.get(by_path[path].id)
                same_rule = (
                    source is not None
                    and not use.is_public
                    and self.lessons[use.lesson.id].rule == source.rule
                )
                if source is None or (source.private_markdown is not None and not same_rule):
                    what = f"the {half} half includes the lesson {path}, which others may not read whole"
                    self.findings.error(use.lesson.path, line, what, "move the shared text into includes/")
            elif use.is_public and path in private:
                what = f"the public half includes {path}, which only private text refers to"
                self.findings.error(
                    use.lesson.path,
                    line,
                    what,
                    "move the file into includes/, or the include below the paywall",
                )

    def _unused(self, private: Iterable[PurePosixPath]) -> frozenset[PurePosixPath]:
        unused = frozenset(self.school.files) - self.public - frozenset(private)
        included = {use.included.path for use in self.uses}
        for path in sorted(unused - included - self.awaited):
            if names.INCLUDES not in path.parts[:2]:
                self.findings.warning(
                    path,
                    0,
                    "no lesson refers to this file; it is published nowhere",
                    "link to it, or delete it",
                )
        return unused
