"""What must hold between files: ids and addresses are unique, and everything that is named exists.

Ids are compared without regard to case, because addresses of both would meet on some file systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.catalogue import names
from generator.catalogue.document import Document
from generator.catalogue.findings import Findings, did_you_mean
from generator.catalogue.model import Access, Author, Course, Lesson, Product
from generator.catalogue.products import EVERYTHING


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents that things came from: school.yml; course path → course.yml; lesson path → front matter or None."""

    school: Document
    courses: Mapping[str, Document]
    lessons: Mapping[str, Document | None]

    def line(self, thing: Course | Lesson, *key: str | int) -> int:
        document = self._document(thing)
        return document.line(*key) if document else 1

    def says(self, thing: Course | Lesson, field: str) -> bool:
        """Whether the thing's own file has the field, rather than the school's or course's default."""
        document = self._document(thing)
        return document is not None and field in document.values

    def _document(self, thing: Course | Lesson) -> Document | None:
        return (
            self.courses[str(thing.path)] if isinstance(thing, Course) else self.lessons.get(str(thing.path))
        )


def check(
    courses: Sequence[Course],
    products: Mapping[str, Product],
    authors: Mapping[str, Author],
    sources: Sources,
    findings: Findings,
) -> None:
    things: list[Course | Lesson] = [*courses, *(lesson for course in courses for lesson in course.lessons)]
    _unique_ids(things, sources, findings)
    for course in courses:
        _unique_addresses(course, findings)
    _moved(courses, sources, findings)
    _authors(things, authors, sources, findings)
    _prerequisites(things, sources, findings)
    _grants(products, {thing.id: thing for thing in things}, sources, findings)


def _place(thing: Course | Lesson) -> str:
    return str(thing.path / "course.yml") if isinstance(thing, Course) else str(thing.path)


def _unique_ids(things: Iterable[Course | Lesson], sources: Sources, findings: Findings) -> None:
    seen: dict[str, Course | Lesson] = {}
    for thing in things:
        line = sources.line(thing, "id")
        if thing.id.lower() in names.RESERVED:
            findings.error(
                _place(thing),
                line,
                f"the id '{thing.id}' belongs to the site itself",
                f"choose another, such as '{thing.id}-course'",
            )
        first = seen.setdefault(thing.id.lower(), thing)
        if first is not thing:
            findings.error(
                _place(thing),
                line,
                f"the id '{thing.id}' is already that of {_place(first)}",
                "give one of them another id; an id is never used for two lessons",
            )


def _unique_addresses(course: Course, findings: Findings) -> None:
    seen: dict[str, Lesson] = {}
    for lesson in course.lessons:
        if lesson.slug.split("/")[0].lower() == names.ATTACHMENTS:
            findings.error(
                lesson.path, 0, f"the address '{lesson.url}' belongs to the attachments", "rename the file"
            )
        first = seen.setdefault(lesson.slug.lower(), lesson)
        if first is not lesson:
            findings.error(
                lesson.path,
                0,
                f"its address '{lesson.url}' is already that of {first.path}",
                "rename one of the files; the number in front is not part of the address",
            )


def _moved(courses: Sequence[Course], sources: Sources, findings: Findings) -> None:
    taken = {course.url: str(course.path) for course in courses}
    taken |= {lesson.url: str(lesson.path) for course in courses for lesson in course.lessons}
    for lesson in (lesson for course in courses for lesson in course.lessons):
        for index, address in enumerate(lesson.moved_from):
            line = sources.line(lesson, "moved_from", index)
            if address in taken:
                findings.error(
                    lesson.path,
                    line,
                    f"moved_from: '{address}' is in use by {taken[address]}",
                    "take it out, or rename",
                )
            else:
                taken[address] = str(lesson.path)


def _authors(
    things: Iterable[Course | Lesson], authors: Mapping[str, Author], sources: Sources, findings: Findings
) -> None:
    for thing in things:
        for index, author in enumerate(thing.authors):
            if author not in authors and sources.says(thing, "authors"):
                findings.error(
                    _place(thing),
                    sources.line(thing, "authors", index),
                    f"there is no author '{author}'",
                    did_you_mean(author, authors, otherwise="authors are listed in school.yml"),
                )


def _grants(
    products: Mapping[str, Product],
    things: Mapping[str, Course | Lesson],
    sources: Sources,
    findings: Findings,
) -> None:
    for place, product in enumerate(products.values()):
        for index, grant in enumerate(product.grants):
            line = sources.school.line("products", place, "grants", index)
            thing = things.get(grant)
            if product.is_trial and (grant == EVERYTHING or isinstance(thing, Course)):
                findings.error(
                    sources.school.path,
                    line,
                    f"the trial '{product.id}' grants '{grant}', which is not one lesson",
                    "name the lessons that may be tried: [rust/traits]",
                )
            elif product.is_trial and isinstance(thing, Lesson) and thing.access is not Access.PAID:
                findings.error(
                    sources.school.path,
                    line,
                    f"the trial '{product.id}' grants '{grant}', which is {thing.access} already",
                    "take it out, or write 'access: paid' in the lesson",
                )
            elif grant != EVERYTHING and thing is None:
                findings.error(
                    sources.school.path,
                    line,
                    f"the product '{product.id}' grants '{grant}', which is neither a course nor a lesson",
                    did_you_mean(grant, things, otherwise="grants are course ids, lesson ids or '*'"),
                )


def _prerequisites(things: Sequence[Course | Lesson], sources: Sources, findings: Findings) -> None:
    known = {thing.id: thing for thing in things}
    courses = {id_ for id_, thing in known.items() if isinstance(thing, Course)}
    for thing in things:
        for index, id_ in enumerate(thing.prerequisites):
            allowed = courses if isinstance(thing, Course) else set(known)
            if id_ not in allowed:
                kind = "course" if isinstance(thing, Course) else "lesson or course"
                findings.error(
                    _place(thing),
                    sources.line(thing, "prerequisites", index),
                    f"prerequisites: there is no {kind} '{id_}'",
                    did_you_mean(id_, allowed),
                )
    _cycles(known, sources, findings)


def _cycles(known: Mapping[str, Course | Lesson], sources: Sources, findings: Findings) -> None:
    """Reports each circle of prerequisites once, at the thing on it that comes first in the school."""
    finished: set[str] = set()
    for start in known:
        trail: list[str] = []
        waiting = [(start, False)]
        while waiting:
            id_, left = waiting.pop()
            if left:
                finished.add(trail.pop())
                continue
            if id_ in trail:
                circle = trail[trail.index(id_) :]
                first = min(circle, key=list(known).index)
                turned = circle[circle.index(first) :] + circle[: circle.index(first)]
                findings.error(
                    _place(known[first]),
                    sources.line(known[first], "prerequisites"),
                    "prerequisites go in a circle: " + " → ".join([*turned, first]),
                    "take one of them out",
                )
                continue
            if id_ in finished or id_ not in known:
                continue
            trail.append(id_)
            waiting.append((id_, True))
            waiting.extend((before, False) for before in reversed(known[id_].prerequisites))
