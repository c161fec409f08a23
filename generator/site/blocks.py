"""What in a Markdown text is code, and what is live text, by position.

Follows Python-Markdown with pymdownx: fences may stand at any indentation; four spaces more than the open containers
(list items, admonitions, tabs, footnotes, definitions) after a blank line are code; `<pre>`, `<code>`, `<script>`,
`<style>` and comments are not read. The result is the text with everything that is not live blanked out, same length,
same lines, so that a match in it has its place in the original.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_FENCE = re.compile(r"(?P<indent>[ \t>]*)(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)")
_CONTAINER = re.compile(r"(?:[-*+]|\d+[.)])[ \t]+\S?|!!!|\?\?\?\+?|===[+!]*[ \t]|\[\^[^\]]+\]:|:[ \t]+\S")
_RAW = re.compile(
    r"<!--.*?-->|<(?P<tag>pre|code|script|style|textarea)\b[^>]*>.*?</(?P=tag)\s*>", re.DOTALL | re.IGNORECASE
)
_SPAN = re.compile(
    r"(?<![`\\])(?P<ticks>`+)(?!`)(?P<code>(?:(?!\n[ \t]*\n).)+?)(?<!`)(?P=ticks)(?!`)", re.DOTALL
)
_TAB = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The header of a fenced block: where its info string (`python title="x.py"`) starts and ends in the text."""

    info_start: int
    info_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    live: str
    fences: tuple[Fence, ...]


def read(text: str) -> Blocks:
    """The live text of `text` and the headers of its fences."""
    unclosed: set[int] = set()
    while True:
        blocks, opened = _read(text, unclosed)
        if opened is None:
            return blocks
        unclosed.add(opened)  # nothing closes it, so it is text and what follows it is live


def _read(text: str, unclosed: Collection[int]) -> tuple[Blocks, int | None]:
    """One pass; also the offset of the line that opened a fence which is still open at the end."""
    fences: list[Fence] = []
    kept: list[str] = []
    closing = ""
    opened = 0
    containers: list[int] = []
    after_blank = True
    place = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        fence = _FENCE.match(bare)
        if closing:
            kept.append(_blank(line))
            if fence and fence["mark"] == closing and not fence["info"].strip():
                closing = ""
            after_blank = False
        elif fence and place not in unclosed and not (fence["mark"][0] == "`" and "`" in fence["info"]):
            fences.append(Fence(info_start=place + fence.start("info"), info_end=place + fence.end("info")))
            kept.append(_blank(line))
            closing, opened = fence["mark"], place
            after_blank = False
        elif not bare.strip():
            kept.append(line)
            after_blank = True
        else:
            level = _level(bare)
            if level > len(containers) and after_blank:
                kept.append(_blank(line))  # an indented code block; stays one until the indentation ends
            else:
                if level <= len(containers) and (after_blank or _CONTAINER.match(bare.lstrip())):
                    del containers[level:]
                if _CONTAINER.match(bare.lstrip()) and level <= len(containers):
                    containers.append(level)
                kept.append(line)
                after_blank = False
        place += len(line)
    live = "".join(kept)
    live = _RAW.sub(lambda match: _blank(match.group()), live)
    live = _SPAN.sub(lambda match: _blank(match.group()), live)
    return Blocks(live=live, fences=tuple(fences)), opened if closing else None


def _level(line: str) -> int:
    """How many tab stops of four columns a line is indented by."""
    columns = 0
    for sign in line:
        if sign == " ":
            columns += 1
        elif sign == "\t":
            columns += _TAB - columns % _TAB
        else:
            break
    return columns // _TAB


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
