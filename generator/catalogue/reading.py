"""`content/` → School: everything is read, everything is checked, and every mistake is reported at once.

This is the only place of the author's side that decides what the content *says*; who may have what is decided in `generator.access`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from generator.catalogue import checks, names, tree
from generator.catalogue.complaints import check
from generator.catalogue.coupons import coupons
from generator.catalogue.courses import Found, read_course
from generator.catalogue.document import Document, parse
from generator.catalogue.fields import SchoolFields
from generator.catalogue.findings import Findings
from generator.catalogue.model import Access, Author, Coupon, Course, Product, School
from generator.catalogue.products import Openings, frozen, products
from generator.catalogue.tree import Tree
from generator.errors import Problem
from generator.members.settings import POINTS, MemberSettings

SCHOOL = PurePosixPath("school.yml")
COURSE = "course.yml"


def read(content: Path) -> tuple[School, tuple[Problem, ...]]:
    """The school in the folder `content`, and warnings. Raises ContentError with every mistake in all files."""
    findings = Findings()
    if not content.is_dir():
        findings.error(
            content.name, 0, "there is no such folder", "a school's texts lie in the folder 'content'"
        )
        findings.settle()
    files = tree.walk(content, findings)
    fields, document = _school_fields(files, findings)
    found_products = products(fields, document, findings) if fields and document else {}
    found_coupons = coupons(fields, found_products, document, findings) if fields and document else {}
    openings = Openings(found_products, complete=fields is not None)
    found: list[Found] = []
    for folder in _course_folders(files, findings):
        one = read_course(files, folder, fields or _STAND_IN, openings, findings)
        if one:
            found.append(one)
    if fields is None or document is None:
        findings.settle()
        raise AssertionError("a school without fields was not reported")
    found.sort(key=lambda one: (one.course.order, one.course.id))
    courses = tuple(one.course for one in found)
    sources = checks.Sources(
        school=document,
        courses={str(one.course.path): one.document for one in found},
        lessons={path: source for one in found for path, source in one.lessons.items()},
    )
    checks.check(courses, found_products, _authors(fields), sources, findings)
    school = _school(content, files, fields, found_products, found_coupons, courses)
    return school, findings.settle()


def read_courses(content: Path, folders: Collection[str]) -> tuple[School, tuple[Problem, ...]]:
    """The school with these of its courses alone, as `read` would give them; what spans courses is not checked.

    Raises ContentError with every mistake in them and in school.yml.
    """
    findings = Findings()
    paths = [PurePosixPath(folder) for folder in sorted(folders)]
    files = tree.walk_parts(content, paths, findings)
    fields, document = _school_fields(files, findings)
    if fields is None or document is None:
        findings.settle()
        raise AssertionError("a school without fields was not reported")
    found_products = products(fields, document, findings)
    found_coupons = coupons(fields, found_products, document, findings)
    openings = Openings(found_products, complete=True)
    found = [
        one for path in paths if (one := read_course(files, path, fields, openings, findings)) is not None
    ]
    found.sort(key=lambda one: (one.course.order, one.course.id))
    courses = tuple(one.course for one in found)
    school = _school(content, files, fields, found_products, found_coupons, courses)
    return school, findings.settle()


def _school(
    content: Path,
    files: Tree,
    fields: SchoolFields,
    found_products: dict[str, Product],
    found_coupons: dict[str, Coupon],
    courses: tuple[Course, ...],
) -> School:
    return School(
        root=content,
        name=frozen(fields.name),
        summary=frozen(fields.summary),
        languages=tuple(dict.fromkeys(fields.languages)),
        base_url=fields.base_url,
        gatekeeper_url=fields.gatekeeper_url,
        authors=MappingProxyType(_authors(fields)),
        courses=courses,
        products=MappingProxyType(found_products),
        files=MappingProxyType(_attachments(files)),
        coupons=MappingProxyType(found_coupons),
        signals=fields.privacy.signals,
        members=MemberSettings(
            points=MappingProxyType({**POINTS, **dict[str, float](fields.members.points.items())}),
            half_life_days=fields.members.half_life_days,
        ),
        private_text=fields.recommendations.private_text,
    )


def _authors(fields: SchoolFields) -> dict[str, Author]:
    return {
        id_: Author(id=id_, name=frozen(entry.name), bio=frozen(entry.bio))
        for id_, entry in fields.authors.items()
    }


# Lets the courses be read for their own mistakes when school.yml has one.
_STAND_IN = SchoolFields.model_construct(languages=["en", "zh"], access=Access.PAID)


def _school_fields(files: Tree, findings: Findings) -> tuple[SchoolFields | None, Document | None]:
    if SCHOOL not in files.sizes:
        findings.error(SCHOOL, 0, "there is no school.yml", "write one, or run 'lyceum new school'")
        return None, None
    text = tree.text(files.root, SCHOOL, findings)
    document = parse(text, SCHOOL, findings) if text is not None else None
    if document is None:
        return None, None
    languages = document.values.get("languages")
    first = (
        languages[0] if isinstance(languages, list) and languages and isinstance(languages[0], str) else "en"
    )
    return check(SchoolFields, document, findings, language=first), document


def _course_folders(files: Tree, findings: Findings) -> list[PurePosixPath]:
    """The folders that hold a course.yml; Markdown outside of them and reserved names are mistakes."""
    courses = sorted(path.parent for path in files.sizes if path.name == COURSE)
    for folder in courses:
        if len(folder.parts) != 1:
            findings.error(
                folder / COURSE, 0, "a course must be a folder of its own in content/", "move it up"
            )
    top = {folder for folder in courses if len(folder.parts) == 1}
    for folder in sorted(files.folders):
        name = folder.name.lower()
        if len(folder.parts) == 1 and folder not in top and name in names.RESERVED and name != names.INCLUDES:
            findings.error(
                folder,
                0,
                f"the name '{folder.name}' belongs to the site itself",
                "choose another folder name",
            )
    for name, markdown in sorted(files.markdown.items()):
        home = PurePosixPath(name)
        if home in top or name == names.INCLUDES:
            continue
        if home in files.folders:
            findings.error(home, 0, "a folder with Markdown and without course.yml", f"add {home}/{COURSE}")
        else:
            hint = "move it into a course's folder, or into includes/"
            findings.error(markdown[0], 0, "a Markdown file outside of every course", hint)
    return sorted(top)


def _attachments(files: Tree) -> dict[PurePosixPath, int]:
    return {
        path: size
        for path, size in files.sizes.items()
        if path.suffix.lower() != ".md" and path != SCHOOL and path.name != COURSE
    }
