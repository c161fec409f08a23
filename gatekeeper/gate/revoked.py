"""Sessions whose tokens are dead before their time: sign-out, refund, revocation, ban, deletion (attack cases J22, S07, D01).

The list is read from the database beside the requests (`accounts.revocations`) and swapped whole, so that a decision looks into a
dictionary and nothing else (rule R7). It stays small: what was revoked longer ago than a token lives cannot matter any more.
While the database is away the last list stays; then a token lives its ten minutes at most, and no new one is minted either.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.gate.token import Claims


class Revoked:
    """Whose tokens are dead. One a process; threads share it."""

    def __init__(self) -> None:
        self._until: Mapping[str, int] = {}

    def replace(self, until: Mapping[str, int]) -> None:
        """until: session id → Unix seconds; its tokens issued up to then, then included, are dead."""
        self._until = dict(until)

    def covers(self, claims: Claims) -> bool:
        until = self._until.get(claims.session)
        return until is not None and claims.issued_at <= until
