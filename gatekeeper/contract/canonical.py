"""Canonical JSON: the same value always gives the same bytes, so that bytes can be compared, hashed and signed."""

from __future__ import annotations

import json


def dumps(value: object) -> bytes:
    """UTF-8, keys sorted, no spaces, non-ASCII kept, one final newline. Raises ValueError for NaN and infinities."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8") + b"\n"
