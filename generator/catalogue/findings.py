"""What a reader of the content found wrong: collected everywhere, thrown once (rule R3).

Every stage adds to the same list, so that an author sees all mistakes of all files in one run, in the order of files and lines.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from generator.errors import ContentError, Problem, Severity

_PLACE = re.compile(r"(.*?)(?::(\d+))?")


class Findings:
    """A growing list of problems. Places are `path:line`; line 0 means the whole file."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}  # in the order in which they were found, each once

    def error(self, path: PurePosixPath | str, line: int, what: str, hint: str = "") -> None:
        self._add(path, line, what, hint, Severity.ERROR)

    def warning(self, path: PurePosixPath | str, line: int, what: str, hint: str = "") -> None:
        self._add(path, line, what, hint, Severity.WARNING)

    def note(
        self, severity: Severity, path: PurePosixPath | str, line: int, what: str, hint: str = ""
    ) -> None:
        self._add(path, line, what, hint, severity)

    def _add(self, path: PurePosixPath | str, line: int, what: str, hint: str, severity: Severity) -> None:
        self._problems.setdefault(Problem(f"{path}:{line}" if line else str(path), what, hint, severity))

    def take(self, problems: Iterable[Problem]) -> None:
        """What was found elsewhere."""
        self._problems.update(dict.fromkeys(problems))

    def found(self) -> tuple[Problem, ...]:
        """Everything, in the order in which it was found."""
        return tuple(self._problems)

    @property
    def has_errors(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self._problems)

    def in_order(self) -> tuple[Problem, ...]:
        return tuple(sorted(self._problems, key=_order))

    def settle(self) -> tuple[Problem, ...]:
        """The warnings, if that is all there is; else raises ContentError with everything."""
        if self.has_errors:
            raise ContentError(self.in_order())
        return self.in_order()


def _order(problem: Problem) -> tuple[str, int]:
    match = _PLACE.fullmatch(problem.where)
    path, line = match.groups() if match else (problem.where, None)
    return path, int(line or 0)


def did_you_mean(wrong: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """`did you mean 'x'?` for the nearest of `known`, or `otherwise`."""
    words = {word.lower(): word for word in known}
    nearest = difflib.get_close_matches(wrong.lower(), words, n=1, cutoff=0.6)
    if not nearest:
        return otherwise
    return f"did you mean '{words[nearest[0]]}'?"
