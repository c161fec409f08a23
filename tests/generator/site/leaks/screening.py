"""Public folders put through the screen, as a builder does it, and as any Secrets can be put through it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from generator.access.edition import Edition
from generator.site.leaks import (
    SCHOOL,
    THEME,
    Hit,
    Ledger,
    Reading,
    Secrets,
    Unit,
    awaited_key,
    course_key,
    lesson_key,
    names_of,
    settle,
)
from generator.site.leaks.private import private_files
from generator.site.leaks.sources import default_theme


def files_below(public: Path) -> dict[str, bytes]:
    return {
        path.relative_to(public).as_posix(): path.read_bytes()
        for path in sorted(public.rglob("*"))
        if path.is_file()
    }


@contextmanager
def ledger(folder: Path, environment: bytes = b"") -> Iterator[Ledger]:
    """The ledger that lies in a folder; what happens to it is kept."""
    with closing(sqlite3.connect(folder / "cache.sqlite")) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        yield Ledger(database, folder / "arrays", environment=environment)


def units_of(reading: Reading, edition: Edition, parts: Mapping[str, bytes]) -> dict[str, Unit]:
    units = {lesson_key(id_): reading.lesson(cut, parts.get(id_)) for id_, cut in edition.lessons.items()}
    for lesson in edition.upcoming:
        units[awaited_key(lesson.id)] = reading.awaited(lesson, is_hidden=False)
    for lesson in edition.hidden:
        units[awaited_key(lesson.id)] = reading.awaited(lesson, is_hidden=True)
    units |= {course_key(course.id): reading.course(course) for course in edition.courses}
    units[SCHOOL] = reading.school(edition.school, edition.public_files)
    units[THEME] = reading.theme(default_theme(edition.school.root))
    return units


def fingerprints_of(reading: Reading, edition: Edition) -> dict[bytes, str]:
    """Of the private files, without those of the public ones."""
    root = edition.school.root

    def all_of(paths: Iterable[PurePosixPath]) -> dict[bytes, str]:
        return {
            sha256: name
            for path in paths
            for name, sha256 in reading.fingerprints(path.as_posix(), (root / path).read_bytes())
        }

    public = all_of(sorted(edition.public_files))
    private = all_of(private_files(edition))
    return {sha256: name for sha256, name in private.items() if sha256 not in public}


def hits_of_a_build(edition: Edition, parts: Mapping[str, bytes], public: Path) -> tuple[Hit, ...]:
    """What a first build says."""
    reading = Reading(default_theme(edition.school.root))
    with TemporaryDirectory() as folder, ledger(Path(folder)) as fresh:
        fresh.judge(
            units=units_of(reading, edition, parts),
            files={path: reading.file(path, data) for path, data in files_below(public).items()},
            names=names_of(edition),
            fingerprints=fingerprints_of(reading, edition),
            complete=True,
        )
        return settle(fresh, public, edition, lambda: Secrets.of(edition, parts))


def suspects_of(public: Path, secrets: Secrets) -> set[str]:
    """The files that the screen suspects to hold any of the secrets, wherever these come from."""
    reading = Reading(secrets.theme)
    private = reading.public(text.text for text in secrets.texts).public
    units = {
        SCHOOL: Unit(private=private, public=reading.public(secrets.public_texts).public),
        THEME: reading.theme(secrets.theme),
    }
    fingerprints = secrets.fingerprints()
    known = secrets.public_fingerprints() if fingerprints else frozenset()
    with TemporaryDirectory() as folder, ledger(Path(folder)) as fresh:
        verdict = fresh.judge(
            units=units,
            files={path: reading.file(path, data) for path, data in files_below(public).items()},
            names=secrets.names,
            fingerprints={sha256: name for sha256, name in fingerprints.items() if sha256 not in known},
            complete=True,
        )
    return set(verdict.suspects)


def assert_suspected(public: Path, secrets: Secrets, hits: tuple[Hit, ...]) -> None:
    """Every file with a hit is suspect: the screen never knows less than the exact check. Canaries are the latter's alone."""
    found = {hit.public_file.partition("!")[0] for hit in hits if "the canary" not in hit.what}
    assert found <= suspects_of(public, secrets)
