"""Signed messages: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<raw body>">`, the scheme that Stripe made common.

The signature is over the raw bytes as they came. A message is too old, or from the future, when its time is more than five minutes
away from now (attack case W02). Several `v1` may stand there while a secret is changed; one good one is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

HEADER = "lyceum-signature"
TOLERANCE_SECONDS = 300
_LONGEST_HEADER = 1000
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


def signed(raw: bytes, secret: bytes, *, now: int) -> str:
    """The header for these bytes."""
    return f"t={now},v1={_seal(raw, secret, str(now))}"


def is_genuine(header: str, raw: bytes, secrets: Sequence[bytes], *, now: int) -> bool:
    """Whether one of the secrets signed these bytes at about `now`."""
    if len(header) > _LONGEST_HEADER:
        return False
    times: list[str] = []
    seals: list[str] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            seals.append(value)
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or abs(now - int(times[0])) > TOLERANCE_SECONDS:
        return False
    wanted = [_seal(raw, secret, times[0]).encode() for secret in secrets]
    given = [seal.encode() for seal in seals if _HEX.fullmatch(seal)]
    return any(hmac.compare_digest(one, other) for one in wanted for other in given)


def _seal(raw: bytes, secret: bytes, time: str) -> str:
    return hmac.new(secret, time.encode() + b"." + raw, hashlib.sha256).hexdigest()
