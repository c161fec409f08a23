"""The one line that cuts a lesson, `<!-- paywall -->`: where it is, or why it cannot be trusted.

It cuts only where it is a block of its own at top level. In code, a formula, an HTML block or a comment it is text. Anywhere else, twice,
or written differently, it is a mistake: a cut is right or refused. Plain surroundings are decided by reading lines; wherever
HTML, indentation or blocks come near, the Markdown engine is asked where the line ends up.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

from generator.access import engine
from generator.access.blocks import (
    CODE_INDENT,
    Slashes,
    block_above,
    container,
    has_raw_html,
    indentation,
    owner_above,
)
from generator.access.engine import Position, Where
from generator.access.fences import Fences

MARKER = "<!-- paywall -->"

_WORD = "lyceumpaywallprobe"
_PROBE = f"<!-- {_WORD} -->"
_ALONE = "write exactly <!-- paywall --> alone in its line"
_TO_TOP = "move it to the top level, with an empty line above and below"
# Anything that somebody could have meant as an HTML comment, typographic dashes and full-width signs included.
_COMMENT = re.compile(
    r"""(?:<|&lt;|＜|《)[ ]?(?:[!！][ ]?[-–—－]*|[-–—－]{2,})
        (?:(?P<text>[^<>＞]{0,120}?)[-–—－]*[ ]?(?:>|&gt;|＞|》) | (?P<open>[^<>＞\n]{0,120})$)
      | ^[ ]*[\[{(<]+[%!/ ]*(?P<other>[\w -]{4,20}?)[%!/ ]*[\]})>]+[ ]*$""",
    re.VERBOSE | re.MULTILINE,
)
_LETTERS = re.compile(r"[^\W\d_]+")
_TAG_START = re.compile(r"<[A-Za-z/!?]")
_DEFINITION = re.compile(r"[ ]{0,3}:[ ]{1,3}\S")
_HEADING = re.compile(r"#{1,6}[^#]")


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int  # index from 0
    what: str
    hint: str


@dataclass(slots=True)
class Verdict:
    """line: index of the marker's line, or None. as_text: lines where a marker stands as text."""

    line: int | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    as_text: list[int] = field(default_factory=list)

    def wrong(self, line: int, what: str, hint: str) -> None:
        self.mistakes.append(Mistake(line, what, hint))


def find(lines: list[str], fences: Fences) -> Verdict:
    """lines: normalized (`fences.normalized`), includes in place."""
    text = "\n".join(lines)
    verdict = Verdict()
    if "<" not in text and "pay" not in text.lower():
        return verdict
    mask = fences.mask(len(lines))
    for match in _COMMENT.finditer(text):
        if not _is_meant(match["text"] or match["open"] or match["other"] or ""):
            continue
        line = text.count("\n", 0, match.start())
        if mask[line]:
            _in_fence(lines, fences, line, verdict)
        elif lines[line].strip() == MARKER:
            _exact(lines, fences, mask, line, verdict)
        else:
            _inexact(text, match, line, verdict)
    return verdict


def _inexact(text: str, match: re.Match[str], line: int, verdict: Verdict) -> None:
    start = match.start() + len(match[0]) - len(match[0].lstrip(" "))
    position = _place(text, start, match.end())
    written = " ".join(match[0].split())
    if position.where is Where.TEXT:
        verdict.as_text.append(line)
    elif written == MARKER and position.where is Where.INSIDE:
        verdict.wrong(line, f"the paywall marker stands in {position.inside}", _TO_TOP)
    else:
        verdict.wrong(line, f"'{written}' is not quite a paywall marker", _ALONE)


def _is_meant(text: str) -> bool:
    """Whether a comment's text is the word paywall, however misspelt, perhaps with a word or two beside it."""
    words = _LETTERS.findall(text.lower())
    if not words or len(words) > 6:
        return False
    spellings = (
        {words[0], "".join(words[:2]), "".join(words[:3])} if len(words) > 3 else {*words, "".join(words)}
    )
    spellings |= {"".join(words[:2]), "".join(words[-2:])}
    return bool(difflib.get_close_matches("paywall", spellings, n=1, cutoff=0.78))


def _place(text: str, start: int, end: int) -> Position:
    """Where the thing in text[start:end] ends up when it is a comment: code spans need the rest of their paragraph."""
    stop = text.find("\n\n", end)
    return engine.position(text[:start] + _PROBE + text[end : stop if stop >= 0 else len(text)], _WORD)


def _in_fence(lines: list[str], fences: Fences, line: int, verdict: Verdict) -> None:
    fence = fences.around(line)
    verdict.as_text.append(line)
    if fence is None or lines[line] != MARKER:
        return
    # A closing line that was forgotten lets the block run on to the end of the next one, over the marker.
    reopened = re.compile(re.escape(fence.mark) + r"[ ]*[A-Za-z{]")
    if any(reopened.match(lines[index].lstrip(" ")) for index in range(line + 1, fence.end - 1)):
        verdict.wrong(
            fence.start,
            f"the code block that starts here runs over the paywall marker in line {{line:{line}}}",
            f"close it before the marker with a line {fence.mark}, or give the outer block more signs than the inner",
        )


def _exact(lines: list[str], fences: Fences, mask: bytearray, line: int, verdict: Verdict) -> None:
    if fences.unclosed is not None and fences.unclosed < line:
        mark = lines[fences.unclosed].strip()[:3]
        verdict.wrong(
            fences.unclosed,
            "the code block that starts here is never closed, so the cut after it cannot be trusted",
            f"close it with a line {mark}",
        )
        return
    indent = indentation(lines[line])
    if not (indent == 0 and _is_plain(lines, mask, line)) and not _asked(lines, line, verdict):
        return
    if indent:
        verdict.wrong(
            line, "the paywall marker is indented", "start its line with it, at the top level of the text"
        )
        return
    above = container(lines, *block_above(lines, line)) if line and not mask[line - 1] else ""
    if above:
        verdict.wrong(line, f"the paywall marker stands in {above}", "leave an empty line above it")
        return
    below = next((index for index in range(line + 1, len(lines)) if lines[index]), None)
    if below is not None and (indentation(lines[below]) >= CODE_INDENT or _DEFINITION.match(lines[below])):
        owner = (
            owner_above(lines, mask, line)
            if lines[below].startswith(" " * CODE_INDENT)
            else "a definition list"
        )
        if owner:
            verdict.wrong(line, f"the paywall marker stands in {owner}: what follows belongs to it", _TO_TOP)
            return
    if verdict.line is not None:
        verdict.wrong(
            line,
            f"a second paywall marker; the first is in line {{line:{verdict.line}}}",
            "a lesson is cut once: keep one",
        )
        return
    verdict.line = line


def _is_plain(lines: list[str], mask: bytearray, line: int) -> bool:
    """Whether nothing above can hold the marker: it is a block of its own, and no HTML and no `///` block is near."""
    if line and lines[line - 1] and not mask[line - 1] and not _HEADING.match(lines[line - 1]):
        return False
    prose = "\n".join(above for index, above in enumerate(lines[:line]) if not mask[index])
    if has_raw_html(prose):
        return False
    if "///" in prose:
        slashes = Slashes()
        for above in prose.split("\n"):
            slashes.pass_line(above)
        if slashes.is_open:
            return False
    return _TAG_START.search(prose, prose.rfind(">") + 1) is None


def _asked(lines: list[str], line: int, verdict: Verdict) -> bool:
    """Whether the engine says that the marker is a block at top level; else the verdict says what it is."""
    lead = [*lines[:line], lines[line].replace(MARKER, _PROBE)]
    whole = "\n".join([*lead, *lines[line + 1 :]])
    position = engine.position("\n".join(lead), _WORD)
    if position.where is Where.TOP:
        position = engine.position(whole, _WORD)  # a tag or a quotation that only ends below the marker
    if position.where is Where.TOP:
        return True
    if position.where is Where.INSIDE:
        verdict.wrong(line, f"the paywall marker stands in {position.inside}", _TO_TOP)
        return False
    ending = engine.position(whole, _WORD)
    last = next((below for below in reversed(lines) if below), "").strip()
    if (
        ending.inside not in {"", "code"}
        and ending.inside == last
        and not re.search(r"-->$|</[A-Za-z]+>$", last)
    ):
        verdict.wrong(
            line,
            "the paywall marker stands in an HTML block that is never closed",
            "close the HTML tag above it",
        )
        return False
    verdict.as_text.append(line)
    return False
