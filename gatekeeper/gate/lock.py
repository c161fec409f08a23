"""The lock: cookies → token → what the reader owns → may they have this object.

The reader is known by the entitlement cookie alone: not by the query, the Authorization header or any header of a proxy (attack cases
J24, H01, H06). Two cookies of that name are none. A token whose session was revoked is none either.
"""

from __future__ import annotations

import logging
import re

from gatekeeper.contract.access import Entitlements, Reason, Refused, Rule, decide
from gatekeeper.gate.revoked import Revoked
from gatekeeper.gate.token import TokenError, TokenVerifier

_log = logging.getLogger(__name__)


class Lock:
    """cookie: the entitlement cookie's name."""

    def __init__(self, verifier: TokenVerifier, revoked: Revoked, *, cookie: str) -> None:
        self._verifier = verifier
        self._revoked = revoked
        self._mark = f"{cookie}="
        self._form = re.compile(rf"(?:^|;) *{re.escape(cookie)}=([^; ]*)", re.ASCII)

    def reader(self, cookies: str, now: int) -> Entitlements | None:
        """What the reader owns, or None if nobody is signed in or the token is not valid (any more). cookies: the Cookie header."""
        token = self._token(cookies)
        if token is None:
            return None
        try:
            claims = self._verifier.verify(token, now)
        except TokenError as error:
            _log.debug("token refused: %s", error.reason)
            return None
        return None if self._revoked.covers(claims) else claims.entitlements

    def refusal(self, rule: Rule, reader: Entitlements | None, now: int) -> Reason | None:
        """Why not, or None if they may."""
        decision = decide(rule, reader, now)
        return decision.reason if isinstance(decision, Refused) else None

    def _token(self, cookies: str) -> str | None:
        before, mark, after = cookies.partition(self._mark)
        if not mark:
            return None
        token = after.partition(";")[0]
        if (before and before[-2:] != "; ") or self._mark in after or " " in token:  # seldom: look closely
            found = self._form.findall(cookies)
            return found[0] if len(found) == 1 else None
        return token
