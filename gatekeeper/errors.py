"""What can go wrong on the reader's side, split by whose fault it is; each class has its exit code.

    0 done · 1 failed · 2 usage or settings · 6 store or provider unreachable

The command line prints an error as two lines, `error: what (where)` and `hint: …`, and exits with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Sequence


class GatekeeperError(Exception):
    """The root of all errors that a person is meant to read. They hold no secret, token or signed URL."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return self.what + (f" ({self.where})" if self.where else "")


class SettingsError(GatekeeperError):
    """The operator's mistakes in the environment, all of them at once: `NAME: what is wrong: what to do`."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in the settings",
            hint="\n".join(self.problems),
        )


class StoreError(GatekeeperError):
    """The object store could not be reached or did not do what was asked. A missing object is not an error."""

    exit_code = 6
