"""Schools of one lesson, split at a fixed moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator import access, catalogue
from generator.access.edition import Edition, LessonEdition
from generator.errors import ContentError, Problem, Severity
from tests.generator.catalogue.building import write

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
PNG = b"\x89PNG"


def split(root: Path, files: Mapping[str, str | bytes], now: datetime = NOW) -> Edition:
    school, _ = catalogue.read(write(root, files))
    return access.split(school, now)


def one(root: Path, text: str, **files: str | bytes) -> LessonEdition:
    """The edition of `rust/01-first.md` with this text, in a paid course."""
    return split(root, {"rust/01-first.md": text, **files}).lessons["rust/first"]


def refused(root: Path, files: Mapping[str, str | bytes]) -> list[Problem]:
    """The errors with which splitting is refused, after reading went well."""
    school, _ = catalogue.read(write(root, files))
    with pytest.raises(ContentError) as caught:
        access.split(school, NOW)
    return [problem for problem in caught.value.problems if problem.severity is Severity.ERROR]


def notices(edition: Edition) -> list[tuple[str, str]]:
    return [(notice.where, notice.what) for notice in edition.notices]
