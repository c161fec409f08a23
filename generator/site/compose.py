"""Page + private half, put together as the reader's browser does it: the half in the placeholder's place."""

from __future__ import annotations

import re

from generator.errors import LyceumError

_PLACEHOLDER = re.compile(r"<section\b[^>]*\bclass=\"lyceum-part\"[^>]*>")
_SECTION = re.compile(r"<(?P<end>/?)section\b[^>]*>", re.IGNORECASE)
_LABEL = re.compile(r"\s+aria-labelledby=\"[^\"]*\"")
_STATE = re.compile(r"\bdata-state=\"[^\"]*\"")


def compose(page: str, part: str, *, where: str) -> str:
    """`page` with `part` instead of what its placeholder holds, marked as unlocked.

    where: the page's name for the error. Raises LyceumError when the theme prints no placeholder, or never closes it.
    """
    opening = _PLACEHOLDER.search(page)
    if opening is None:
        raise LyceumError(
            "the page has no place for its private half",
            where=where,
            hint='the theme\'s lesson.html must print <section class="lyceum-part" …> on a locked page',
        )
    depth = 1
    for section in _SECTION.finditer(page, opening.end()):
        depth += -1 if section["end"] else 1
        if depth == 0:
            # The label was the offer's heading, which is gone with the offer.
            unlocked = _LABEL.sub("", _STATE.sub('data-state="unlocked"', opening.group()))
            half = f'<div class="md-typeset">\n{part}</div>'
            return f"{page[: opening.start()]}{unlocked}{half}{page[section.start() :]}"
    raise LyceumError("the placeholder of the private half is never closed", where=where)
