"""What a half refers to: files of the school, other lessons, and nothing else that is local.

Addresses are resolved by path parts against the file that holds them and never leave the content folder. An address that stands in
code refers to nothing. As soon as a file is at stake the Markdown engine decides what is an address; links to lessons alone, which
decide nothing, are read from the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from generator.access import engine
from generator.access.blocks import Slashes, has_raw_html
from generator.access.includes import within
from generator.catalogue.findings import did_you_mean
from generator.errors import Severity

_LINK = re.compile(r"\]\(\s*(?:<([^>\n]*)>|([^)\s]+))")
_DEFINED = re.compile(r"^[ >]*(?:[*+-][ ]|\d+\.[ ])?[ >]*\[(?!\^)[^\]\n]+\]:\s*<?([^\s>]+)", re.MULTILINE)
_ATTRIBUTE = re.compile(
    r"\b(src|href|poster|srcset|data|style|background)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+)", re.IGNORECASE
)
_NAMES = ("src", "href", "poster", "data", "style", "background")
_STYLE_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)")
_CODE_SPAN = re.compile(r"(?<!\\)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|\?|$")
_PAGES = frozenset({"", ".html", ".htm"})


@dataclass(frozen=True, slots=True)
class Dangling:
    """severity: None means what the course says about missing files."""

    address: str
    what: str
    hint: str
    severity: Severity | None


@dataclass(slots=True)
class References:
    files: set[PurePosixPath] = field(default_factory=set)
    dangling: list[Dangling] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Targets:
    """What can be referred to. lessons: path → whether readers can open it now. files: attachments. root: on disk."""

    root: Path
    lessons: Mapping[PurePosixPath, bool]
    files: Mapping[PurePosixPath, int]
    folders: frozenset[PurePosixPath]

    def of(self, lines: Sequence[str], mask: bytearray | None, folder: PurePosixPath) -> References:
        """What the Markdown `lines` of a file in `folder` refer to. mask: 1 where a line is fenced code."""
        prose = "\n".join(
            lines if mask is None else ["" if code else line for line, code in zip(lines, mask, strict=True)]
        )
        if "](" not in prose and "]:" not in prose and "=" not in prose:
            return References()
        written = _written(prose)
        if not written:
            return References()
        likely = self._resolved(written, folder)
        decisive = likely.files or any(one.severity is not Severity.WARNING for one in likely.dangling)
        if decisive:
            return self._resolved(sorted(engine.addresses(around_addresses(prose))), folder)
        return self._resolved(_written(_CODE_SPAN.sub("", prose)), folder) if "`" in prose else likely

    def _resolved(self, addresses: Iterable[str], folder: PurePosixPath) -> References:
        found = References()
        for address in dict.fromkeys(addresses):
            if not _SCHEME.match(address):
                self._resolve(address, folder, found)
        return found

    def _resolve(self, address: str, folder: PurePosixPath, found: References) -> None:
        plain = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
        written = PurePosixPath(plain)
        is_page = written.suffix.lower() in _PAGES or plain.endswith("/")
        if written.is_absolute():
            what = f"'{address}' is an absolute address"
            hint = "write it relative to this file: files/x.png, ../other/files/x.png"
            found.dangling.append(Dangling(address, what, hint, Severity.WARNING if is_page else None))
            return
        path = within(folder, written)
        if path is None or "\\" in plain or "\x00" in plain:
            found.dangling.append(
                Dangling(
                    address,
                    f"'{address}' leads out of the content folder",
                    "put a copy into it",
                    Severity.ERROR,
                )
            )
        elif path in self.files:
            found.files.add(path)
        elif path.suffix == ".md" or (is_page and path.with_suffix(".md") in self.lessons):
            self._resolve_lesson(address, path.with_suffix(".md"), found)
        elif path.name in {"course.yml", "school.yml"}:
            found.dangling.append(
                Dangling(
                    address,
                    f"'{address}' is configuration and never published",
                    "take the link out",
                    Severity.ERROR,
                )
            )
        elif path in self.folders or is_page:
            what = f"'{address}' leads to no lesson"
            found.dangling.append(
                Dangling(address, what, "link to the lesson's file: 02-name.md", Severity.WARNING)
            )
        else:
            near = [str(each) for each in self.files if each.name.lower() == path.name.lower()] or map(
                str, self.files
            )
            hint = did_you_mean(str(path), near, otherwise=f"it would be {path}")
            found.dangling.append(Dangling(address, f"there is no file '{address}'", hint, None))

    def _resolve_lesson(self, address: str, path: PurePosixPath, found: References) -> None:
        if path in self.lessons:
            if not self.lessons[path]:
                what = f"'{address}' leads to a lesson that is not published"
                found.dangling.append(
                    Dangling(address, what, "publish it first, or take the link out", Severity.WARNING)
                )
        elif (self.root / path).is_file():
            what = f"'{address}' is a Markdown file that is no lesson"
            found.dangling.append(Dangling(address, what, "link to a lesson", Severity.ERROR))
        else:
            near = (str(each) for each in self.lessons if each.parts[0] == path.parts[0])
            hint = did_you_mean(str(path), list(near), otherwise="the link is shown, and leads nowhere")
            found.dangling.append(
                Dangling(address, f"there is no lesson '{address}'", hint, Severity.WARNING)
            )


def around_addresses(prose: str) -> str:
    """The parts of `prose` that decide what its addresses are: less to render, and the same addresses.

    A block at the margin after an empty line starts afresh in the engine, together with the indented blocks that follow it. Only
    raw HTML and `///` blocks reach further, and definitions serve everywhere.
    """
    if has_raw_html(prose):
        return prose
    parts: list[list[str]] = [[]]
    blank = True
    slashes = Slashes()
    for line in prose.split("\n"):
        if blank and line and not line.startswith(("    ", ":")) and not slashes.is_open:
            parts.append([])
        slashes.pass_line(line)
        parts[-1].append(line)
        blank = not line.strip()
    by_name = _DEFINED.search(prose) is not None
    chosen = ["\n".join(part) for part in parts]
    return "\n\n".join(part for part in chosen if (by_name and "[" in part) or _written(part))


def _written(prose: str) -> list[str]:
    """Everything in `prose` that could be an address, code spans included."""
    found: list[str] = []
    if "](" in prose:
        found += [match[1] or match[2] for match in _LINK.finditer(prose) if match[1] or match[2]]
    if "]:" in prose:
        found += _DEFINED.findall(prose)
    if "=" in prose and (lowered := prose.lower()) and any(name in lowered for name in _NAMES):
        for match in _ATTRIBUTE.finditer(prose):
            value = match[2].strip("\"'")
            name = match[1].lower()
            if name == "style":
                found += _STYLE_URL.findall(value)
            elif name == "srcset":
                found += [part.split()[0] for part in value.split(",") if part.strip()]
            else:
                found.append(value)
    return found


def line_of(address: str, lines: Sequence[str]) -> int:
    """The index of the first of `lines` that holds `address`, 0 if none does as written."""
    return next((index for index, line in enumerate(lines) if address in line), 0)
