"""A course and its lessons, from course.yml, front matter and the defaults that flow into them.

Defaults flow from school to course to lesson, along the parts of the path and never into a sibling. The access rule in
particular: the lesson's own, else its course's, else the school's; where none is given the content is refused (rule R3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from generator.catalogue import names, tree
from generator.catalogue.complaints import check
from generator.catalogue.document import Document, parse
from generator.catalogue.fields import FOREIGN, CourseFields, LessonFields, SchoolFields
from generator.catalogue.findings import Findings
from generator.catalogue.frontmatter import part
from generator.catalogue.headings import first_heading, plain
from generator.catalogue.model import Access, Course, Lesson, Status
from generator.catalogue.ordering import Place, places
from generator.catalogue.products import Openings
from generator.catalogue.tree import Tree
from generator.errors import Severity

_LAST = 1_000_000  # the order of courses that give none
_NO_FIELDS = LessonFields()


@dataclass(frozen=True, slots=True)
class Found:
    """A course, where its fields stand, and where those of its lessons stand (by path; None without front matter)."""

    course: Course
    document: Document
    lessons: Mapping[str, Document | None]


def read_course(
    files: Tree, folder: PurePosixPath, school: SchoolFields, openings: Openings, findings: Findings
) -> Found | None:
    """The course in `folder`, or None after reporting why it cannot be read; its lessons are then not looked at."""
    path = folder / "course.yml"
    text = tree.text(files.root, path, findings)
    document = parse(text, path, findings) if text is not None else None
    fields = check(CourseFields, document, findings, language=school.languages[0]) if document else None
    if document is None or fields is None:
        return None
    course = _course(files, folder, fields, document, school, openings, findings)
    sources: dict[str, Document | None] = {}
    lessons = []
    listed = list(places(files, folder, fields.lessons, document, findings))
    slugs = names.slugs(place.path.relative_to(folder) for place in listed)
    for place in listed:
        slug = slugs[place.path.relative_to(folder)]
        lesson = _lesson(files, place, slug, course, fields, school, openings, findings, sources)
        if lesson:
            lessons.append(lesson)
    course = replace(course, lessons=_sectioned(course, lessons))
    return Found(course, document, sources)


def _course(
    files: Tree,
    folder: PurePosixPath,
    fields: CourseFields,
    document: Document,
    school: SchoolFields,
    openings: Openings,
    findings: Findings,
) -> Course:
    if fields.id is not None and fields.id != folder.name:
        findings.error(
            document.path,
            document.line("id"),
            f"the course id '{fields.id}' is not its folder's name '{folder.name}'",
            f"rename the folder to '{fields.id}', or take the line out",
        )
    if fields.status is Status.SCHEDULED:
        findings.error(
            document.path,
            document.line("status"),
            "a course cannot be scheduled",
            "schedule its lessons, or write 'status: draft'",
        )
    if fields.language is not None and fields.language not in school.languages:
        findings.error(
            document.path,
            document.line("language"),
            f"the school does not list the language '{fields.language}'",
            f"add it to 'languages' in school.yml: [{', '.join([*school.languages, fields.language])}]",
        )
    products = openings.known(fields.products, document, findings)
    severity = Severity.WARNING if fields.missing_files == "warn" else Severity.ERROR
    return Course(
        id=folder.name,
        path=folder,
        title=fields.title,
        language=fields.language or school.languages[0],
        summary=" ".join(fields.summary.split()),
        description=fields.description.strip("\n"),
        authors=tuple(fields.authors),
        level=fields.level or school.level,
        order=_LAST if fields.order is None else fields.order,
        access=fields.access
        or school.access
        or Access.PAID,  # PAID: a lesson that would inherit nothing is refused
        products=openings.of(folder.name, "") if products is None else products,
        outline=fields.outline or school.outline,
        upcoming=fields.upcoming or school.upcoming,
        outcomes=tuple(fields.outcomes),
        prerequisites=tuple(fields.prerequisites),
        cover=_cover(files, folder, fields, document, severity, findings),
        status=fields.status,
        lessons=(),
        missing_files=severity,
    )


def _cover(
    files: Tree,
    folder: PurePosixPath,
    fields: CourseFields,
    document: Document,
    severity: Severity,
    findings: Findings,
) -> PurePosixPath | None:
    if fields.cover is None:
        return None
    written = PurePosixPath(fields.cover)
    cover = folder / written
    if written.is_absolute() or ".." in written.parts or cover not in files.sizes:
        hint = f"paths are relative to {folder}/"
        findings.note(
            severity, document.path, document.line("cover"), f"cover: there is no file '{fields.cover}'", hint
        )
        return None
    return cover


def _lesson(
    files: Tree,
    place: Place,
    slug: str,
    course: Course,
    course_fields: CourseFields,
    school: SchoolFields,
    openings: Openings,
    findings: Findings,
    sources: dict[str, Document | None],
) -> Lesson | None:
    path = place.path
    text = tree.text(files.root, path, findings)
    parted = part(text, path, findings) if text is not None else None
    if parted is None:
        return None
    document = parted.fields
    fields = _lesson_fields(document, findings) if document else _NO_FIELDS
    if fields is None:
        return None
    document = document or Document(path, {}, 1)
    sources[str(path)] = parted.fields
    title = fields.title or _first_title(parted.body) or place.title
    if not title:
        findings.error(path, 1, "the lesson has no title", "start it with a heading: # Title")
    id_ = fields.id or f"{course.id}/{slug}"
    own_products = openings.known(fields.products, document, findings)
    access = fields.access or course_fields.access or school.access
    if access is None:
        findings.error(
            path,
            document.first_line,
            "no access rule",
            "add 'access: paid' (or free, or member) to it, to course.yml or to school.yml",
        )
        access = (
            Access.FREE
        )  # never seen: the error above refuses the school; it only spares a second complaint
    products: tuple[str, ...] = ()
    if access is Access.PAID:
        products = _opened_by(own_products, course_fields, course, id_, openings)
        if not products and openings.complete and not (fields.products or course_fields.products):
            findings.error(
                path,
                document.line("access"),
                "no product opens this paid lesson",
                f"add one to school.yml with 'grants: [{course.id}]', or write 'access: free'",
            )
        products = openings.with_trials(id_, products) if products else ()
    elif fields.products:
        findings.error(
            path,
            document.line("products"),
            f"a {access} lesson with products",
            "write 'access: paid', or take the products out",
        )
    _check_date(fields, path, document, findings)
    return Lesson(
        id=id_,
        course=course.id,
        path=path,
        slug=slug,
        title=title,
        language=course.language,
        access=access,
        products=products,
        status=fields.status,
        publish_at=fields.publish_at,
        summary=" ".join(fields.summary.split()),
        tags=tuple(dict.fromkeys(fields.tags)),
        authors=course.authors if fields.authors is None else tuple(fields.authors),
        level=fields.level or course.level,
        prerequisites=tuple(fields.prerequisites),
        moved_from=tuple(fields.moved_from),
        minutes=fields.minutes,
        updated=fields.updated,
        search_exclude=fields.search.exclude,
        section=place.section,
        body=parted.body,
        body_line=parted.body_line,
    )


def _lesson_fields(document: Document, findings: Findings) -> LessonFields | None:
    for name in FOREIGN.intersection(document.values):
        del document.values[name]
        findings.warning(
            document.path, document.line(name), f"'{name}' means something to MkDocs only and is ignored"
        )
    return check(LessonFields, document, findings)


def _opened_by(
    own: tuple[str, ...] | None, course_fields: CourseFields, course: Course, id_: str, openings: Openings
) -> tuple[str, ...]:
    if own is not None:
        return own
    if course_fields.products is not None:
        return course.products
    return openings.of(course.id, id_)


def _check_date(fields: LessonFields, path: PurePosixPath, document: Document, findings: Findings) -> None:
    if fields.status is Status.SCHEDULED and fields.publish_at is None:
        findings.error(
            path,
            document.line("status"),
            "scheduled without a date",
            "add publish_at: 2027-03-01T09:00:00+08:00",
        )
    elif fields.status is not Status.SCHEDULED and fields.publish_at is not None:
        findings.error(
            path,
            document.line("publish_at"),
            f"publish_at in a lesson that is {fields.status}",
            "write 'status: scheduled', or take publish_at out",
        )


def _first_title(body: str) -> str:
    heading = first_heading(body.split("\n"))
    return plain(heading.text) if heading else ""


def _sectioned(course: Course, lessons: list[Lesson]) -> tuple[Lesson, ...]:
    """Lessons of nested folders stand under the title of their folder's index, or else under its name."""
    titles = {
        lesson.path.parent: lesson.title
        for lesson in lessons
        if names.is_index(lesson.path) and lesson.path.parent != course.path
    }

    def section(lesson: Lesson) -> str | None:
        inside = lesson.path.relative_to(course.path).parts[:-1]
        if lesson.section is not None or not inside:
            return lesson.section
        folder = course.path / inside[0]
        return titles.get(folder) or names.readable(inside[0])

    return tuple(
        replace(lesson, section=section(lesson)) if lesson.path.parent != course.path else lesson
        for lesson in lessons
    )
