"""Where a lesson's front matter ends and its text begins.

Front matter is YAML between a first line `---` and the next line `---`. A plain Markdown file may start with a rule of the
same look; it is taken for text only if nothing between the rules, or below the first one, looks like `field:`. Whatever looks like
an attempt at front matter and is not one is a mistake, never text: an access rule that is not seen would open a lesson (rule R3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.catalogue.document import Document, parse
from generator.catalogue.findings import Findings

_FENCE = re.compile(r"(?:---|\.\.\.)[ \t]*", re.ASCII)
_KEYLIKE = re.compile(r"[\"']?[A-Za-z_][A-Za-z0-9_.-]*[\"']?[ \t]*:(?:[ \t]|$)", re.ASCII)
_BARE = re.compile(r"(?:access|status|publish_at|products)[ \t]*:(?:[ \t]|$)", re.ASCII | re.IGNORECASE)
_CLOSE_IT = "close the front matter with a line of its own: ---"


@dataclass(frozen=True, slots=True)
class Parted:
    """fields: None when the file has no front matter. body_line: number of the body's first line."""

    fields: Document | None
    body: str
    body_line: int


def part(text: str, path: PurePosixPath, findings: Findings) -> Parted | None:
    """`text` parted, or None after reporting why it cannot be. text: LF line ends, no BOM."""
    if not text.startswith("---"):
        return _without(text, path, findings)
    lines = text.split("\n")
    if lines[0].rstrip(" \t") != "---":
        return Parted(None, text, 1)
    end = next((n for n, line in enumerate(lines[1:], 1) if _FENCE.fullmatch(line)), None)
    inside = lines[1:end]
    first = next((line for line in inside if line.strip() and not line.startswith("#")), "")
    looks_like_fields = _KEYLIKE.match(first) is not None
    if end is None:
        if looks_like_fields:
            findings.error(path, 1, "the front matter has no end", _CLOSE_IT)
            return None
        return Parted(None, text, 1)
    if not looks_like_fields:
        if not any(line.strip() for line in inside):
            rest = lines[end + 1 :]
            return Parted(None, "\n".join(rest), end + 2)
        stray = next((n for n, line in enumerate(inside, 2) if _BARE.match(line)), None)
        if stray is None and (not inside[0].strip() or inside[0].startswith("#")):
            return Parted(None, text, 1)
        if stray is None and any(not line.strip() for line in inside):
            return Parted(None, text, 1)
        findings.error(
            path,
            stray or 2,
            "not a list of 'field: value' lines",
            "write front matter as 'title: …', one a line",
        )
        return None
    document = parse("\n".join(inside), path, findings, first_line=2)
    if document is None:
        return None
    return Parted(document, "\n".join(lines[end + 1 :]), end + 2)


def _without(text: str, path: PurePosixPath, findings: Findings) -> Parted | None:
    start = len(text) - len(text.lstrip())
    line = text.count("\n", 0, start) + 1
    rest = text[start : start + 200]
    if rest.startswith("+++"):
        findings.error(path, line, "front matter in TOML", "write it in YAML between two lines '---'")
        return None
    if rest.startswith("---\n") and start and _KEYLIKE.match(rest[4:]):
        findings.error(
            path, line, "the front matter must start in line 1", "take out what stands above the first '---'"
        )
        return None
    if _BARE.match(rest):
        findings.error(
            path, line, "front matter without its lines '---'", "put a line '---' above and below the fields"
        )
        return None
    return Parted(None, text, 1)
