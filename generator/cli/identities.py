"""The record of lesson ids, `content/.ids.json`: committed with the content, so that every machine knows which ids exist.

Readers' purchases, progress and comments hang on a lesson's id. An id that comes from the path is lost when the file is
renamed; with the record `lyceum check` can say so, on a laptop and in CI alike. Ids are added, never taken out by
themselves: whoever really ends a lesson says so with `--forget`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from generator.catalogue.identity import lost_ids
from generator.catalogue.model import School
from generator.errors import ContentError, Problem, SettingsError

NAME = ".ids.json"


def read_record(content: Path) -> dict[str, str]:
    """id → path, as recorded; empty when there is no record. Raises ContentError when the file is not a record."""
    path = content / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ContentError([_broken(str(error))]) from error
    if not isinstance(record, dict) or not all(isinstance(value, str) for value in record.values()):
        raise ContentError([_broken("not a map of ids to paths")])
    return record


def lost_identities(record: Mapping[str, str], school: School) -> tuple[Problem, ...]:
    return tuple(lost_ids(record, school))


def update_record(content: Path, record: Mapping[str, str], school: School, *, forget: bool) -> int:
    """Write the ids of `school` into the record; returns how many were added or forgotten. Unchanged is not written."""
    present = {lesson.id: lesson.path.as_posix() for lesson in school.lessons}
    wanted = present if forget else {**record, **present}
    if wanted == record:
        return 0
    path = content / NAME
    try:
        path.write_text(
            json.dumps(dict(sorted(wanted.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise SettingsError(
            f"cannot write: {error.strerror or error}", where=str(path), hint="check the folder's permissions"
        ) from error
    return len(set(wanted) ^ set(record))


def _broken(why: str) -> Problem:
    return Problem(
        NAME,
        f"the record of ids cannot be read: {why}",
        "take it back from git, or delete it and run 'lyceum check'",
    )
