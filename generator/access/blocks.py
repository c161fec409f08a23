"""What a line of Markdown stands in, as far as lines alone can tell: the quick half of every decision about structure.

Bodies of lists, admonitions, tabs, footnotes and definitions are indented by four; a line indented so belongs to the last
block at the margin if that is one of these, and else is code.
"""

from __future__ import annotations

import re

_CONTAINER = re.compile(
    r"""[ ]{0,3}(?:
        (?P<list>(?:[*+-]|\d+\.)[ ]) | (?P<quotation>>) | (?P<admonition>!!![ ]) | (?P<collapsible>\?\?\?\+?[ ])
        | (?P<tab>===[!+]*[ ]["']) | (?P<footnote>\[\^[^\]]*\]:) | (?P<definition>:[ ]{1,3}\S) | (?P<formula>\$\$|\\\[|\\begin\{)
    )""",
    re.VERBOSE,
)
_NAMES = {
    "list": "a list",
    "quotation": "a quotation",
    "admonition": "an admonition",
    "collapsible": "a collapsible block",
    "tab": "a tab",
    "footnote": "a footnote",
    "definition": "a definition list",
    "formula": "a formula",
}
_TABLE_RULE = re.compile(r"[ ]{0,3}[|: -]*-[|: -]*", re.ASCII)

_SLASHES = re.compile(r"[ >]*(/{3,})[ ]*(.*)")

CODE_INDENT = 4

# Tags that make a raw HTML block where they start a line (markdown.core.BLOCK_LEVEL_ELEMENTS), and what HTML parsers read raw.
_RAW = re.compile(
    r"""^[ ]{0,3}(?:
        </?(?:address|article|aside|blockquote|body|canvas|center|colgroup|dd|details|dir|div|dl|dt|fieldset|figcaption|figure|footer
        |form|frameset|h[1-6r]|head|header|hgroup|html|iframe|legend|li|link|main|map|math|menu|meta|nav|noframes|noscript|object|ol
        |optgroup|option|output|p|param|pre|progress|script|section|style|summary|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul
        |video)\b
        | <!(?!--(?:(?!-->).)*-->) | <\?
    ) | <(?:script|style|textarea|title|plaintext|xmp|iframe|noembed|noframes)\b""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def container(lines: list[str], start: int, end: int) -> str:
    """The container that the block of non-blank lines [start, end) begins or holds, such as `a list`, or ""."""
    for index in range(start, end):
        match = _CONTAINER.match(lines[index])
        if match:
            return _NAMES[match.lastgroup or "list"]
        if "|" in lines[index] and index > start and _TABLE_RULE.fullmatch(lines[index]):
            return "a table"
    return ""


def block_above(lines: list[str], line: int) -> tuple[int, int]:
    """The run of non-blank lines that ends right above `line`; empty when that line is blank."""
    start = line
    while start > 0 and lines[start - 1]:
        start -= 1
    return start, line


def owner_above(lines: list[str], mask: bytearray, line: int) -> str:
    """The container that an indented line at `line` would belong to, or "" when it would be code."""
    end = line
    while end > 0:
        while end > 0 and not lines[end - 1]:
            end -= 1
        start = end
        while start > 0 and lines[start - 1]:
            start -= 1
        if start < end and indentation(lines[start]) < CODE_INDENT:
            text_start = start
            while text_start < end and mask[text_start]:
                text_start += 1
            return container(lines, start, end) if text_start == start else ""
        end = start
    return ""


def has_raw_html(text: str) -> bool:
    """Whether a raw HTML block, or a comment of several lines, may start in `text`. text: without fenced code."""
    return "<" in text and _RAW.search(text) is not None


class Slashes:
    """Follows blocks `/// name` … `///` line by line. Every name counts, so that none is ever thought closed too early."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def pass_line(self, line: str) -> None:
        if "///" not in line or not (match := _SLASHES.fullmatch(line)):
            return
        if match[2]:
            self._open.append(match[1])
        elif self._open and self._open[-1] == match[1]:
            self._open.pop()

    @property
    def is_open(self) -> bool:
        return bool(self._open)
