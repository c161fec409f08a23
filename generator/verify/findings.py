"""What can be wrong with a published school, and the report of a verification."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The values stand in JSON reports: never rename."""

    STATEMENT = "statement"  # there is no release statement, or it cannot be understood
    SIGNATURE = "signature"  # nobody whose key is known vouches for it
    RELEASE = "release"  # it is another release than expected
    MISSING = "missing"  # a file of the release does not answer
    CHANGED = "changed"  # a file has other bytes than the release's
    EXTRA = "extra"  # something answers that is no file of the release
    LEFT = "left"  # something answers that an earlier release had and this one has not
    PRIVATE = "private"  # something private answers a stranger


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """where: an address, without its query: it could be signed."""

    kind: Kind
    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """release, created, commit: as the statement says, "" where there is none. key: id of the key that signed it, None if not looked at.

    files, size_bytes: compared with the statement. asked: addresses where something private or left behind could have answered.
    notes: what could not be looked at, and why.
    """

    url: str
    release: str
    created: str
    commit: str
    key: str | None
    files: int
    size_bytes: int
    asked: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.findings

    @property
    def is_open(self) -> bool:
        """Whether something private answers."""
        return any(finding.kind is Kind.PRIVATE for finding in self.findings)
