"""No false freshness: whatever an author did, an incremental build is a clean one, byte for byte.

Hypothesis makes up the edits. `LYCEUM_SOAK_EXAMPLES` asks for more of them than a test run takes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatekeeper.contract import manifest
from generator.cli.pipeline import build_school
from generator.errors import ContentError, LyceumError
from generator.release import bundle
from generator.site.build import Project
from tests.generator.site.conftest import tree
from tests.generator.site.honest.changing import FIRST, Lesson, School
from tests.generator.site.honest.schools import differences

CONTENT_KEY = bytes(range(32))
START = datetime(2026, 11, 22, 9, tzinfo=UTC)
EXAMPLES = int(os.environ.get("LYCEUM_SOAK_EXAMPLES", "5"))

numbers = st.integers(10, 99)
picks = st.integers(0, 9)
SETTINGS = ("", "\ncopyright: Somebody\n", "\nuse_directory_urls: true\n", "\nextra: {colour: red}\n")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a build made: everything below `build/`, the private halves, the manifest; or what it said instead."""

    files: Mapping[str, bytes]
    parts: Mapping[str, bytes]
    manifest: bytes
    warnings: tuple[str, ...]
    error: str = ""


def built(root: Path, now: datetime) -> Result:
    project = Project(root=root)
    try:
        made = build_school(project, now)
    except LyceumError as error:
        problems = [str(p) for p in error.problems] if isinstance(error, ContentError) else []
        said = "\n".join([f"{type(error).__name__}: {error}", *problems]).replace(str(root), "")
        return Result(files={}, parts={}, manifest=b"", warnings=(), error=said)
    release = bundle(
        made.site,
        content_key=CONTENT_KEY,
        now=now,
        commit="",
        attestation=made.attestation,
    )
    return Result(
        files=tree(project.build),
        parts=made.site.parts,
        manifest=manifest.dumps(release.manifest),
        warnings=tuple(str(problem) for problem in made.warnings),
    )


def assert_equal(incremental: Result, clean: Result) -> None:
    assert incremental.error == clean.error
    assert differences(incremental.files, clean.files) == []
    assert differences(incremental.parts, clean.parts) == []
    assert incremental.manifest == clean.manifest
    assert incremental.warnings == clean.warnings


class Author(RuleBasedStateMachine):
    """Edits at random, builds in between, and at the end one comparison with a clean build of the same school."""

    versions: Bundle[School] = Bundle("versions")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="changing-"))
        self.school = FIRST
        self.now = START
        self.deleted: list[Lesson] = []
        self.edits = 0

    @initialize()
    def begin(self) -> None:
        self.school.write(self.root)
        assert built(self.root, self.now).error == ""

    def teardown(self) -> None:
        clean = Path(tempfile.mkdtemp(prefix="clean-"))
        try:
            self.school.write(self.root)
            self.school.write(clean)
            whole = built(clean, self.now)
            event("refused" if whole.error else "built")
            assert_equal(built(self.root, self.now), whole)
        finally:
            shutil.rmtree(self.root)
            shutil.rmtree(clean)

    def pick(self, number: int) -> tuple[str, int, Lesson]:
        every = [
            (course, index, lesson)
            for course, lessons in self.school.courses.items()
            for index, lesson in enumerate(lessons)
        ]
        return every[number % len(every)]

    def change(self, number: int, **fields: object) -> None:
        course, index, lesson = self.pick(number)
        self.school = self.school.with_lesson(course, index, replace(lesson, **fields))  # type: ignore[arg-type]

    @invariant()
    def build_every_other_time(self) -> None:
        self.edits += 1
        if self.edits % 2:
            self.school.write(self.root)
            built(self.root, self.now)

    @rule(target=versions)
    def commit(self) -> School:
        return self.school

    @rule(version=versions)
    def restore(self, version: School) -> None:
        self.school = version

    @rule(number=picks, body=numbers)
    def change_public_body(self, number: int, body: int) -> None:
        self.change(number, public=(body, body + 100))

    @rule(number=picks, body=numbers)
    def change_private_body(self, number: int, body: int) -> None:
        self.change(number, private=(body + 200,))

    @rule(number=picks, title=numbers)
    def change_title(self, number: int, title: int) -> None:
        self.change(number, title=f"Title {title}")

    @rule(number=picks, access=st.sampled_from(["free", "member", "paid"]))
    def change_access(self, number: int, access: str) -> None:
        self.change(number, access=access)

    @rule(number=picks)
    def move_marker(self, number: int) -> None:
        """What was the last of the lead-in is now behind the paywall, or the other way round."""
        _, _, lesson = self.pick(number)
        both = lesson.public + lesson.private
        at = len(lesson.public) % len(both) + 1 if len(both) > 1 else 1
        self.change(number, public=both[:at], private=both[at:])

    @rule(number=picks)
    def take_marker(self, number: int) -> None:
        _, _, lesson = self.pick(number)
        self.change(number, is_marked=not lesson.is_marked)

    @rule(number=picks, tags=st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
    def change_tags(self, number: int, tags: list[str]) -> None:
        self.change(number, tags=tuple(tags))

    @rule(number=picks, to=picks, fragment=st.sampled_from(["", "#title-11", "#nowhere"]))
    def change_link(self, number: int, to: int, fragment: str) -> None:
        """To a lesson by its name now, which a later edit may make a dangling one."""
        course, index, lesson = self.pick(to)
        self.change(number, link=f"../{course}/{index + 1:02d}-{lesson.name}.md{fragment}")

    @rule(number=picks, half=st.sampled_from(["", "public", "private"]))
    def change_who_shows_the_picture(self, number: int, half: str) -> None:
        self.change(number, picture=half)

    @rule(picture=numbers)
    def change_picture(self, picture: int) -> None:
        self.school = replace(self.school, picture=picture)

    @rule(setup=numbers, number=picks)
    def change_include(self, setup: int, number: int) -> None:
        self.school = replace(self.school, setup=setup)
        self.change(number, includes=True)

    @rule(number=picks, status=st.sampled_from(["", "draft", "scheduled", "retired"]))
    def change_status(self, number: int, status: str) -> None:
        self.change(number, status=status)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        """A scheduled lesson may be due now."""
        self.now += timedelta(days=days)

    @rule(price=numbers)
    def change_price(self, price: int) -> None:
        self.school = replace(self.school, price=price * 10)

    @rule(name=numbers)
    def rename_school(self, name: int) -> None:
        self.school = replace(self.school, name=f"School {name}")

    @rule(course=st.sampled_from(["alpha", "beta"]), title=numbers)
    def rename_course(self, course: str, title: int) -> None:
        self.school = replace(self.school, titles={**self.school.titles, course: f"Course {title}"})

    @rule(template=st.integers(0, 3))
    def change_template(self, template: int) -> None:
        self.school = replace(self.school, template=template)

    @rule(style=st.integers(0, 3))
    def change_style(self, style: int) -> None:
        self.school = replace(self.school, style=style)

    @rule(setting=st.sampled_from(SETTINGS))
    def change_configuration(self, setting: str) -> None:
        self.school = replace(self.school, setting=setting)

    @rule(number=picks, name=numbers)
    def rename_lesson(self, number: int, name: int) -> None:
        self.change(number, name=f"lesson-{name}")

    @precondition(lambda self: sum(map(len, self.school.courses.values())) > 1)
    @rule(number=picks)
    def delete_lesson(self, number: int) -> None:
        course, index, lesson = self.pick(number)
        self.deleted.append(lesson)
        self.school = self.school.with_lesson(course, index, None)

    @precondition(lambda self: self.deleted)
    @rule(course=st.integers(0, 1))
    def bring_lesson_back(self, course: int) -> None:
        """Where it was or in the other course."""
        names = list(self.school.courses)
        target = names[course % len(names)]
        lesson = self.deleted.pop()
        if lesson.name not in [other.name for other in self.school.courses[target]]:
            self.school = self.school.with_lesson(target, len(self.school.courses[target]), lesson)

    @rule()
    def reorder_courses(self) -> None:
        self.school = replace(self.school, courses=dict(reversed(list(self.school.courses.items()))))

    @rule(number=numbers)
    def move_course(self, number: int) -> None:
        """Its folder, and with it every address in it, gets another name."""
        first, *rest = self.school.courses.items()
        courses = {f"moved-{number}": first[1], **dict(rest)}
        self.school = replace(self.school, courses=courses)


Author.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestNoSequenceOfEditsLeavesAnythingStale = pytest.mark.timeout(900)(Author.TestCase)
