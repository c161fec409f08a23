"""Ids that a rename would lose. Purchases, progress and comments hang on a lesson's id; an id from the path goes with it.

Pure: the command line keeps the record (id → path as it was last seen) and shows what is said here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from generator.catalogue.model import Lesson, School
from generator.errors import Problem, Severity


def lost_ids(previous: Mapping[str, str], school: School) -> tuple[Problem, ...]:
    """A warning for each recorded id that no lesson has any more, with the way to keep it. previous: id → path."""
    present = {lesson.id for lesson in school.lessons}
    newcomers = [lesson for lesson in school.lessons if lesson.id not in previous]
    by_path = {str(lesson.path): lesson for lesson in school.lessons}
    problems = []
    for id_, path in sorted(previous.items(), key=lambda item: item[1]):
        if id_ in present:
            continue
        same_file = by_path.get(path)
        heir = same_file if same_file in newcomers else _heir(id_, path, newcomers)
        if heir:
            newcomers.remove(heir)
            problems.append(
                Problem(
                    str(heir.path),
                    f"the lesson was known as '{id_}' and is now '{heir.id}'; what readers own and did is kept by id",
                    f"add 'id: {id_}' to its front matter"
                    + ("" if same_file else f" and 'moved_from: [{_old_address(path)}]'"),
                    Severity.WARNING,
                )
            )
        else:
            problems.append(
                Problem(
                    path,
                    f"the lesson '{id_}' is gone",
                    "keep it with 'status: retired', so that those who own it may still read it",
                    Severity.WARNING,
                )
            )
    return tuple(problems)


def _heir(id_: str, path: str, newcomers: Sequence[Lesson]) -> Lesson | None:
    """The new lesson that the lost one was most likely renamed to: nearest by path, and near enough."""
    scored = [
        (difflib.SequenceMatcher(None, path, str(lesson.path)).ratio(), -place)
        for place, lesson in enumerate(newcomers)
    ]
    if not scored:
        return None
    best, place = max(scored)
    lesson = newcomers[-place]
    same_name = id_.rpartition("/")[2] == lesson.slug.rpartition("/")[2]
    return lesson if best >= 0.6 or same_name else None


def _old_address(path: str) -> str:
    from generator.catalogue.names import slug

    whole = PurePosixPath(path)
    return f"{whole.parts[0]}/{slug(PurePosixPath(*whole.parts[1:]))}/" if len(whole.parts) > 1 else ""
