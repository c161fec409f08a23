"""What can go wrong on the author's side, split by whose fault it is; each class has its exit code.

    0 done · 1 failed · 2 usage · 3 content wrong · 4 private text would become public · 5 readers would lose access
    6 store or provider unreachable, or another publisher won

The command line prints an error as two lines, `error: what (where)` and `hint: …`, and exits with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake and its place. where: `path` or `path:line`, relative to the content folder."""

    where: str
    what: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n  hint: {self.hint}" if self.hint else "")


class LyceumError(Exception):
    """The root of all errors that a person is meant to read."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return self.what + (f" ({self.where})" if self.where else "")


class SettingsError(LyceumError):
    """The operator's mistake: a missing secret, an unwritable folder, a busy port."""

    exit_code = 2


class ContentError(LyceumError):
    """The author's mistakes, all of them at once, in the order of files and lines."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = sum(problem.severity is Severity.ERROR for problem in problems)
        super().__init__(f"{count} mistake{'s' if count != 1 else ''} in the content")


class LeakError(LyceumError):
    """Private text or files would become public. `hits` are in the words of `generator.site.leaks`."""

    exit_code = 4

    def __init__(self, hits: Sequence[str]) -> None:
        self.hits = tuple(hits)
        super().__init__(
            f"{len(hits)} place{'s' if len(hits) != 1 else ''} where private content would become public",
            hint="nothing was published; move the text above the paywall, or take it out of the public file",
        )


class ExposedError(LyceumError):
    """A published school shows strangers something private. places: what and where, a line each."""

    exit_code = 4

    def __init__(self, places: Sequence[str]) -> None:
        self.places = tuple(places)
        super().__init__(
            f"private content answers strangers at {len(places)} address{'es' if len(places) != 1 else ''}",
            hint="close them first (bucket policy, web server), purge caches, then publish again",
        )


class AccessLossError(LyceumError):
    """Somebody who can read something now could no longer. losses: ids of lessons and paths of files."""

    exit_code = 5

    def __init__(self, losses: Sequence[str]) -> None:
        self.losses = tuple(losses)
        shown = ", ".join(losses[:5]) + (f" and {len(losses) - 5} more" if len(losses) > 5 else "")
        super().__init__(
            f"readers would lose access: {shown}",
            hint="if that is meant, say so with --allow-loss; a lesson that only moved keeps its readers with `id:` in its front matter",
        )


class StoreError(LyceumError):
    """The object store did not do what was asked, or another publisher was first."""

    exit_code = 6
