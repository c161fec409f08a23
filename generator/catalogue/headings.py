"""Headings of a Markdown text: the first one is a lesson's title when the author gives none.

ATX (`# Title`) and setext (`Title` over `===` or `---`), as Python-Markdown reads them. Fenced code and HTML comments are
passed over. `plain` strips inline markup, for places that show text only.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"(#{1,6})(?!#)(.*?)#*[ \t]*")
_SETEXT = re.compile(r"(=+|-+)[ ]*")
_NOT_SETEXT = re.compile(r"[ ]{0,3}(?:[*+-][ ]|\d+\.[ ]|>|\||<|\[[^\]]*\]:|[!?]{3}|===)|[ ]{4}")

_CODE_SPAN = re.compile(r"(?<!\\)(`+)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*[#.A-Za-z][^}\n]*\}[ \t]*$")
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]^][^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_FOOTNOTE = re.compile(r"\[\^[^\]]*\]")
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^>]*>", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w\\])(\*\*\*|\*\*|\*|___|__|_|==|~~|\^\^)(?=\S)(.+?)(?<=[^\s\\])\1(?!\w)")
_STARRED = re.compile(r"(?<!\\)(\*\*|\*|==)(?=\S)(.+?)(?<=[^\s\\])\1")
_KEYS = re.compile(r"\+\+([A-Za-z0-9+-]+)\+\+")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()>#+\-.!~^=|<&$\"'])")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Heading:
    """start, end: line indexes from 0 of what it occupies, end exclusive. text: with its inline markup."""

    level: int
    text: str
    start: int
    end: int


def first_heading(lines: list[str]) -> Heading | None:
    fence = ""
    comment = False
    blank_before = True
    for index, line in enumerate(lines):
        if comment:
            comment = "-->" not in line
            continue
        opening = _FENCE.match(line)
        if fence:
            if opening and opening[1].startswith(fence) and line.strip() == opening[1]:
                fence = ""
            continue
        if opening:
            fence = opening[1]
            continue
        if line.lstrip().startswith("<!--"):
            comment = "-->" not in line
            continue
        heading = heading_at(lines, index, after_blank=blank_before)
        if heading:
            return heading
        blank_before = not line.strip()
    return None


def heading_at(lines: list[str], index: int, *, after_blank: bool) -> Heading | None:
    """The heading that starts in line `index`. A setext heading must be the first thing after a blank line."""
    line = lines[index]
    if line.startswith("#"):
        match = _ATX.fullmatch(line)
        if match and match[2].strip():
            return Heading(len(match[1]), match[2].strip(), index, index + 1)
        return None
    if not after_blank or index + 1 >= len(lines) or not line.strip() or _NOT_SETEXT.match(line):
        return None
    under = lines[index + 1]
    if under[:1] in "=-" and under and _SETEXT.fullmatch(under):
        return Heading(1 if under[0] == "=" else 2, line.strip(), index, index + 2)
    return None


def plain(markdown: str) -> str:
    """One line of Markdown as the text a reader sees, without markup, tags, footnote marks and attribute lists."""
    text = _ATTRIBUTES.sub("", markdown)
    if not any(sign in text for sign in "`*_[<&\\~=^+"):
        return _SPACE.sub(" ", text).strip()
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[2].strip())
        return f"\x02{len(kept) - 1}\x03"

    text = _CODE_SPAN.sub(keep, text)
    text = _FOOTNOTE.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub("", text)
    text = _KEYS.sub(lambda match: match[1].replace("+", " + "), text)
    for _ in range(3):  # nested emphasis
        text = _STARRED.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    text = _ESCAPE.sub(r"\1", html.unescape(text))
    text = re.sub("\x02(\\d+)\x03", lambda match: kept[int(match[1])], text)
    return _SPACE.sub(" ", text).strip()
