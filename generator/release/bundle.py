"""Site + Edition → Release. Who may have what was decided in the edition; here it is only written down (rule R2).

- Lessons: the visible ones and the retired ones, which those who own them may still read. Hidden and upcoming ones are not named.
- A part or file without an access rule, one that is public, a half that was rendered without being in the edition, a leak check
  that saw other files or found something: nothing is bundled (rule R3).
- No symbolic link is followed out of the built site (attack case P16).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from gatekeeper.contract import keys
from gatekeeper.contract.access import Rule, RuleKind
from gatekeeper.contract.manifest import CourseEntry, LessonEntry, Manifest, ObjectEntry, ProductEntry
from generator.access.edition import Edition
from generator.errors import LeakError, LyceumError, StoreError
from generator.release import media
from generator.release.release import HOME, PrivateObject, PublicFile, Release, content_digest
from generator.release.store import Body, checked_key
from generator.site.build import Site
from generator.site.leaks import Attestation, public_digest


def bundle(
    site: Site,
    edition: Edition,
    *,
    content_key: bytes,
    now: datetime,
    commit: str,
    base_url: str,
    attestation: Attestation,
) -> Release:
    """The release of this build.

    content_key: the school's secret that names private objects, at least 16 bytes. now: with a zone. base_url: the public site's.
    Raises LeakError when `attestation` is not about these files or states hits, LyceumError for a build that is not whole.
    """
    public = _public_files(site.public)
    if attestation.hits:
        raise LeakError([f"the leak check states {attestation.hits} hits"])
    if attestation.digest != public_digest({path: file.sha256 for path, file in public.items()}):
        raise LeakError(["the public files are not those that the leak check has read"])
    if HOME not in public:
        raise LyceumError(
            "the built site has no home page", where=str(site.public / HOME), hint="build it again"
        )
    private: dict[str, PrivateObject] = {}
    parts = {
        lesson: _entry(
            private, content_key, html, media.PART, _part_rule(edition, lesson), f"part of {lesson}"
        )
        for lesson, html in sorted(site.parts.items())
    }
    files = {
        path: _entry(private, content_key, place, media.media_type(path), _file_rule(edition, path), path)
        for path, place in sorted(site.files.items())
    }
    for id_, lesson in edition.lessons.items():
        if lesson.private_markdown is not None and id_ not in parts:
            raise LyceumError("a lesson's private half was not rendered", where=id_, hint="build it again")
        for path in lesson.private_files:
            if path.as_posix() not in files:
                raise LyceumError(
                    "a lesson's private file was not built", where=str(path), hint="build it again"
                )
    moment = now.astimezone(UTC)
    whole = Manifest(
        release=f"{moment:%Y%m%dT%H%M%SZ}-{'0' * 8}",
        created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        commit=commit,
        site=base_url.rstrip("/") + "/",
        name=edition.school.name,
        languages=edition.school.languages,
        courses=_courses(edition),
        lessons=_lessons(edition, parts),
        parts=parts,
        files=files,
        products=_products(edition),
        attestation=attestation.to_json(),
    )
    digest = content_digest(whole, public)
    whole = replace(whole, release=f"{moment:%Y%m%dT%H%M%SZ}-{digest[:8]}")
    return Release(
        id=keys.checked_release(whole.release),
        digest=digest,
        manifest=whole,
        private=private,
        public=public,
        folder=site.public,
    )


def _public_files(folder: Path) -> dict[str, PublicFile]:
    files: dict[str, PublicFile] = {}
    for place in sorted(folder.rglob("*")):
        if place.is_symlink():
            raise LyceumError(
                "the built site holds a symbolic link", where=str(place), hint="put the file itself there"
            )
        if place.is_file():
            path = checked_key(place.relative_to(folder).as_posix())
            sha256, size_bytes = _hashed(place)
            files[path] = PublicFile(
                sha256=sha256.hex(), size_bytes=size_bytes, media_type=media.media_type(path)
            )
    return files


def _entry(
    private: dict[str, PrivateObject],
    content_key: bytes,
    body: Body,
    media_type: str,
    rule: Rule,
    what: str,
) -> ObjectEntry:
    """The manifest's entry of a private object, which is added to `private`."""
    if rule.kind is RuleKind.PUBLIC:
        raise LyceumError(
            "something private is marked public", where=what, hint="this is a fault of Lyceum; report it"
        )
    sha256, size_bytes = _hashed(body)
    key = keys.private_key(content_key, sha256)
    private[key] = PrivateObject(body=body, sha256=sha256.hex(), size_bytes=size_bytes, media_type=media_type)
    return ObjectEntry(
        key=key, sha256=sha256.hex(), size_bytes=size_bytes, media_type=media_type, access=rule
    )


def _hashed(body: Body) -> tuple[bytes, int]:
    if isinstance(body, bytes):
        return hashlib.sha256(body).digest(), len(body)
    try:
        with body.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest(), file.tell()
    except OSError as error:
        raise StoreError(
            f"cannot be read: {error.strerror or error}", where=str(body), hint="check it and build again"
        ) from error


def _part_rule(edition: Edition, lesson: str) -> Rule:
    entry = edition.lessons.get(lesson)
    if entry is None or entry.private_markdown is None:
        raise LyceumError(
            "a private half was rendered that the edition does not have",
            where=lesson,
            hint="build it again",
        )
    return entry.rule


def _file_rule(edition: Edition, path: str) -> Rule:
    rule = edition.private_files.get(PurePosixPath(path))
    if rule is None:
        raise LyceumError("a private file has no access rule", where=path, hint="build it again")
    return rule


def _courses(edition: Edition) -> dict[str, CourseEntry]:
    named = {course.id for course in edition.courses}
    named |= {entry.lesson.course for entry in edition.lessons.values()}  # a retired lesson's may be hidden
    return {
        course.id: CourseEntry(title=course.title, language=course.language, url=course.url)
        for course in edition.school.courses
        if course.id in named
    }


def _lessons(edition: Edition, parts: Mapping[str, ObjectEntry]) -> dict[str, LessonEntry]:
    return {
        id_: LessonEntry(
            course=entry.lesson.course,
            title=entry.lesson.title,
            url=entry.lesson.url,
            access=entry.rule,
            parts=(id_,) if id_ in parts else (),
            files=tuple(sorted(path.as_posix() for path in entry.private_files)),
        )
        for id_, entry in edition.lessons.items()
    }


def _products(edition: Edition) -> dict[str, ProductEntry]:
    return {
        id_: ProductEntry(
            kind=product.kind,
            title=product.title,
            grants=product.grants,
            prices=product.prices,
            interval=product.interval,
            refund_days=product.refund_days,
            active=product.active,
        )
        for id_, product in edition.school.products.items()
    }
