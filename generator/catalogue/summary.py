"""mdBook's SUMMARY.md: the order of lessons and the headings they stand under.

Understood are part titles (headings after the first), prefix and suffix chapters (a link alone), numbered chapters (lists, nested),
drafts (a link without a file) and separators. A chapter stands under its part's title, or where there are no parts, under the
title of the outermost chapter above it. Source: the mdBook manual, "SUMMARY.md".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote

from generator.catalogue.findings import Findings
from generator.catalogue.headings import plain

NAME = "SUMMARY.md"

_TITLE = re.compile(r"#{1,6}\s+(.*?)\s*#*")
_ENTRY = re.compile(
    r"(?P<indent>\s*)(?P<bullet>[-*+]|\d+[.)])?\s*\[(?P<title>.*)\]\((?P<target>[^)]*)\)\s*", re.DOTALL
)
_SEPARATOR = re.compile(r"\s*(?:[-*_]\s*){3,}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Chapter:
    """target: as written, relative to the summary's folder; "" for a draft."""

    target: str
    title: str
    section: str | None
    line: int


def chapters(text: str, path: PurePosixPath, findings: Findings) -> list[Chapter]:
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    found: list[tuple[Chapter, str | None]] = []  # with the outermost chapter's title
    part: str | None = None
    above: list[tuple[int, str]] = []  # indentation and title of the chapters that the next may stand under
    started = has_parts = is_nested = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or _SEPARATOR.fullmatch(line):
            continue
        title = _TITLE.fullmatch(line)
        if title:
            if started:
                part, has_parts = plain(title[1]), True
            started, above = True, []
            continue
        started = True
        entry = _ENTRY.fullmatch(line)
        if not entry:
            findings.error(
                path,
                number,
                "neither a chapter nor a part title",
                "write '- [Title](file.md)' or '# Part title'",
            )
            continue
        name, outermost = plain(entry["title"]), None
        if entry["bullet"]:
            indent = len(entry["indent"].expandtabs(4))
            while above and above[-1][0] >= indent:
                above.pop()
            is_nested = is_nested or bool(above)
            above.append((indent, name))
            outermost = above[0][1]
        found.append((Chapter(_target(entry["target"]), name, part, number), outermost))
    if has_parts or not is_nested:
        return [chapter for chapter, _ in found]
    return [replace(chapter, section=outermost) for chapter, outermost in found]


def _target(written: str) -> str:
    target = written.strip()
    if target.startswith("<") and target.endswith(">"):
        target = target[1:-1]
    return unquote(target).removeprefix("./")
