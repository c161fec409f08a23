"""What a locked page may say of the rest: its headings, where the course allows it, and how long the lesson takes."""

from __future__ import annotations

from generator.access import engine
from generator.access.blocks import has_raw_html
from generator.access.edition import OutlineEntry
from generator.catalogue.headings import heading_at, plain

_WORDS_A_MINUTE = 200
_CHINESE_A_MINUTE = 400
_STEP = 5


def outline(lines: list[str], mask: bytearray) -> tuple[OutlineEntry, ...]:
    """The headings of a private half. mask: 1 where a line is fenced code.

    Where HTML stands in the text the engine is asked, so that a heading in a comment stays private.
    """
    prose = "\n".join("" if code else line for line, code in zip(lines, mask, strict=True))
    if has_raw_html(prose):
        found = engine.headings(prose)
    else:
        found = []
        blank = True
        for index, line in enumerate(lines):
            heading = None if mask[index] or not line else heading_at(lines, index, after_blank=blank)
            blank = not line.strip() or bool(mask[index])
            if heading:
                found.append((heading.level, heading.text))
                blank = True
    return tuple(
        OutlineEntry(level=max(level, 2), title=title) for level, text in found if (title := plain(text))
    )


def minutes(body: str) -> int:
    """Reading time, rounded to 5 minutes, at least 5: 200 words or 400 Chinese characters a minute."""
    other = len(body) - len(body.encode("ascii", "ignore"))
    estimate = len(body.split()) / _WORDS_A_MINUTE + other / _CHINESE_A_MINUTE
    return max(_STEP, round(estimate / _STEP) * _STEP)
