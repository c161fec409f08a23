"""What a check finds: a name, a state, what it saw, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_ORDER = (4, 2, 6, 1)


class Found(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """fix: what to do, empty for what is well. exit_code: of a failed one."""

    name: str
    state: Found
    what: str
    fix: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "state": self.state.value, "what": self.what, "fix": self.fix}


def exit_code(findings: Sequence[Finding]) -> int:
    """The command's: that of the worst failure, 0 without one."""
    codes = {finding.exit_code for finding in findings if finding.state is Found.FAILED}
    return next((code for code in _ORDER if code in codes), 0)


def ok(name: str, what: str) -> Finding:
    return Finding(name=name, state=Found.OK, what=what)


def warning(name: str, what: str, fix: str) -> Finding:
    return Finding(name=name, state=Found.WARNING, what=what, fix=fix)


def failed(name: str, what: str, fix: str, code: int) -> Finding:
    return Finding(name=name, state=Found.FAILED, what=what, fix=fix, exit_code=code)


def skipped(name: str, what: str) -> Finding:
    return Finding(name=name, state=Found.SKIPPED, what=what)
