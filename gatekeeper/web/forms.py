"""What readers type, made safe to look at: lines of text, without what no form field of ours needs (attack cases X11, X12).

A NUL, another control character, a lone surrogate or an unassigned sign makes the field wrong, on every database alike. Spaces and
invisible signs at the ends, which copying brings along, are dropped.
"""

from __future__ import annotations

import unicodedata

from flask import request

# control, surrogate, unassigned, private use, line and paragraph separators
_REFUSED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
_BROKEN = "\ufffd"  # stands where bytes were no UTF-8
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"


class FieldError(ValueError):
    """The field holds what it cannot hold."""


def field(name: str, *, longest: int) -> str:
    """The form's field, trimmed; empty if it is missing. Raises FieldError."""
    return clean_line(request.form.get(name, ""), longest=longest)


def text_field(name: str, *, longest: int) -> str:
    """The form's field of several lines, trimmed; empty if it is missing. Raises FieldError."""
    return clean_text(request.form.get(name, ""), longest=longest)


def clean_text(text: str, *, longest: int) -> str:
    """Trimmed lines of at most `longest` signs together, parted by `\\n` whatever the browser sent. Raises FieldError for anything else."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    joined = "\n".join(clean_line(line, longest=longest) for line in lines).strip()
    if len(joined) > longest:
        raise FieldError("too long")
    return joined


def clean_line(text: str, *, longest: int) -> str:
    """One trimmed line of at most `longest` signs. Raises FieldError for anything else."""
    trimmed = text.strip().strip(_INVISIBLE).strip()
    if len(trimmed) > longest:
        raise FieldError("too long")
    if _BROKEN in trimmed or any(unicodedata.category(sign) in _REFUSED for sign in trimmed):
        raise FieldError("signs that cannot be used here")
    return trimmed
