"""One lesson, cut: what everybody reads, what only some read, and where each line comes from.

free                    everything is public; a marker is a mistake
member, paid            the lead-in above the marker is public; definitions follow their use (`definitions`)
… without a marker, or with nothing above it
                        the heading and the summary are public; without a summary the heading alone, with a warning
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.access import includes
from generator.access.definitions import (
    Definition,
    Kind,
    Name,
    definitions,
    mentioned_in,
    unreadable,
    used_in_public,
)
from generator.access.fences import fences, normalized
from generator.access.includes import Included
from generator.access.marker import MARKER, Verdict, find
from generator.catalogue.findings import Findings
from generator.catalogue.headings import first_heading
from generator.catalogue.model import Access, Lesson, School
from generator.errors import Severity

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#+~^=$|&@]|(?<!\w):(?=\w)|(?<=\w):(?=\w)")
_AT_START = re.compile(r"[-:!?/.)%;]|\d+[.)]")


@dataclass(slots=True)
class Half:
    """source: for each line, the index of the line of the lesson's body that it comes from. code: 1 if it is fenced code."""

    lines: list[str] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    code: bytearray = field(default_factory=bytearray)

    def add(self, line: str, source: int, code: int = 0) -> None:
        self.lines.append(line)
        self.source.append(source)
        self.code.append(code)

    def blank(self, source: int) -> None:
        """An empty line, unless there is one already."""
        if self.lines and self.lines[-1]:
            self.add("", source)

    @property
    def markdown(self) -> str:
        return "\n".join(self.lines).strip("\n") + "\n"


@dataclass(frozen=True, slots=True)
class Cut:
    """private_start: index of the private half's first line in the body. included: with whether in the public half."""

    public: Half
    private: Half | None
    private_start: int
    included: tuple[tuple[Included, bool], ...]


@dataclass(slots=True)
class _Text:
    """A body with its includes in place: as written, and as the Markdown engine counts indentation."""

    raw: list[str]
    lines: list[str]
    source: list[int] | range
    mask: bytearray
    verdict: Verdict


def cut(lesson: Lesson, school: School, findings: Findings, severity: Severity) -> Cut | None:
    """`lesson`'s halves, or None after reporting why it cannot be cut. severity: of its mistakes."""
    included: list[Included] = []
    raw = lesson.body.split("\n")
    source: list[int] | range = range(len(raw))
    if includes.has_directive(lesson.body):
        expanded = includes.expand(lesson, school, findings, severity)
        raw, source, included = expanded.lines, expanded.source, expanded.included
    lines = normalized("\n".join(raw))
    fenced = fences(lines)
    text = _Text(raw, lines, source, fenced.mask(len(lines)), find(lines, fenced))
    if _refused(lesson, text, findings, severity):
        return None
    if lesson.access is Access.FREE:
        public = Half(list(raw), list(source), text.mask)
        return Cut(public, None, 0, tuple((one, True) for one in included))
    return _parted(lesson, text, included, findings, severity)


def _refused(lesson: Lesson, text: _Text, findings: Findings, severity: Severity) -> bool:
    def number(line: int) -> int:
        return lesson.body_line + text.source[line]

    verdict = text.verdict
    for mistake in verdict.mistakes:
        what = re.sub(r"\{line:(\d+)\}", lambda match: str(number(int(match[1]))), mistake.what)
        findings.note(severity, lesson.path, number(mistake.line), what, mistake.hint)
    if lesson.access is Access.FREE and verdict.line is not None:
        findings.note(
            severity,
            lesson.path,
            number(verdict.line),
            "a paywall marker in a free lesson",
            "write 'access: paid' or 'access: member' in its front matter, or take the marker out",
        )
        return True
    return bool(verdict.mistakes)


def _parted(
    lesson: Lesson, text: _Text, included: Sequence[Included], findings: Findings, severity: Severity
) -> Cut | None:
    count = len(text.lines)
    marker = text.verdict.line
    if marker is not None:
        text.raw[marker] = text.lines[marker] = ""
    lead_end, rest_start = (0, 0) if marker is None else (marker, marker + 1)
    found = (
        definitions(text.lines, text.mask) if any("]" in line and ":" in line for line in text.lines) else []
    )
    spans = {line for one in found for line in range(one.start, one.end)}
    says_something = _says_something(text.lines[:lead_end], spans)
    if not says_something:
        lead_end, rest_start = _heading_first(text.lines, lead_end, rest_start, spans)
        _tell(lesson, marker, text, findings)
    lead = range(lead_end)
    rest = range(rest_start if marker is None else max(rest_start, marker + 1), count)
    has_heading = says_something or first_heading(text.lines[:lead_end]) is not None
    opening = [] if has_heading else [f"# {escaped(lesson.title)}"]
    summary = [escaped(lesson.summary)] if lesson.summary and not says_something else []
    shown = "\n".join([*opening, *summary, "", *("" if line in spans else text.lines[line] for line in lead)])
    found, lost = unreadable(text.lines, text.mask, found, lead, shown)
    for line in lost:
        findings.note(
            severity,
            lesson.path,
            lesson.body_line + text.source[line],
            "a definition in a place where it cannot be moved to the half that uses it",
            "put it in a line of its own at the top level of the text",
        )
    if lost:
        return None
    used, kept = _shared(text, lead, rest, found, shown)
    at = lead_end if lead_end else (marker or 0)
    public, private = Half(), Half()
    for extra in opening:
        public.add(extra, 0)
        public.blank(0)
    public_own, private_own = _chosen(found, used, lead), _chosen(found, kept, rest)
    _fill(public, text, lead, found, public_own)
    for extra in summary:
        public.blank(at)
        public.add(extra, at)
    _fill(private, text, rest, found, private_own)
    _append(public, [one for one in public_own if one.start not in lead], text)
    _append(private, [one for one in private_own if one.start not in rest], text)
    _tell_shared(lesson, text, public_own, rest, findings)
    first = next((line for line, written in enumerate(private.lines) if written), 0)
    start = private.source[first] if private.lines else 0
    boundary = text.source[rest.start] if rest.start < count else count
    return Cut(public, private, start, tuple((one, one.line < boundary) for one in included))


def _says_something(lines: Sequence[str], spans: set[int]) -> bool:
    """Whether a lead-in has more than its heading, comments and definitions."""
    heading = first_heading(list(lines))
    left = [
        "" if index in spans or (heading and heading.start <= index < heading.end) else line
        for index, line in enumerate(lines)
    ]
    return bool(_COMMENT.sub("", "\n".join(left)).strip())


def _heading_first(lines: list[str], lead_end: int, rest_start: int, spans: set[int]) -> tuple[int, int]:
    """Gives the heading that starts the lesson to the public half, when nothing else stands above it."""
    heading = first_heading(lines)
    if heading is None or heading.end <= lead_end:
        return lead_end, rest_start
    above = ["" if index in spans else line for index, line in enumerate(lines[: heading.start])]
    if _COMMENT.sub("", "\n".join(above)).strip():
        return lead_end, rest_start
    return heading.end, heading.end


def _tell(lesson: Lesson, marker: int | None, text: _Text, findings: Findings) -> None:
    line = lesson.body_line + (text.source[marker] if marker is not None else 0)
    why = (
        "nothing stands above the paywall marker"
        if marker is not None
        else f"a {lesson.access} lesson without a marker"
    )
    hint = "write a lead-in that everybody may read" + (
        "" if marker is not None else f", and {MARKER} below it"
    )
    if text.verdict.as_text:
        shown = lesson.body_line + text.source[text.verdict.as_text[0]]
        hint = f"the marker in line {shown} stands in code or HTML and is text; {hint}"
    if not lesson.summary:
        findings.warning(lesson.path, line, f"{why} and without a summary: only its title is public", hint)
    elif marker is not None or text.verdict.as_text:
        findings.warning(lesson.path, line, f"{why}: its summary is public instead", hint)


def _shared(
    text: _Text, lead: range, rest: range, found: Sequence[Definition], shown: str
) -> tuple[set[Name], set[Name]]:
    """The definitions that the public and the private half hold. One that nobody uses is private. shown: the public text."""
    used = used_in_public(shown, _preferred(found, lead))
    if not used:
        return used, {one.name for one in found}
    spans = {line for one in found for line in range(one.start, one.end)}
    hidden = "\n".join(text.lines[line] for line in rest if line not in spans and not text.mask[line])
    kept = mentioned_in(hidden, _preferred(found, rest))
    return used, kept | ({one.name for one in found} - used)


def _preferred(found: Sequence[Definition], own: range) -> list[Definition]:
    """One definition a name: the last of the half's own, else the last of all, as the engine takes it."""
    chosen: dict[Name, Definition] = {}
    for one in found:
        present = chosen.get(one.name)
        if present is None or one.start in own or present.start not in own:
            chosen[one.name] = one
    return list(chosen.values())


def _chosen(found: Sequence[Definition], wanted: set[Name], own: range) -> list[Definition]:
    return [one for one in _preferred(found, own) if one.name in wanted]


def _fill(
    half: Half, text: _Text, lines: range, found: Sequence[Definition], own: Sequence[Definition]
) -> None:
    """Adds `lines` to `half`, without the definitions that are not its own."""
    kept = {one.start for one in own}
    dropped = {line for one in found if one.start not in kept for line in range(one.start, one.end)}
    closing_up = False
    for line in lines:
        if line in dropped:
            half.blank(text.source[line])
            closing_up = True
        elif not (closing_up and not text.lines[line] and not (half.lines and half.lines[-1])):
            half.add(text.raw[line], text.source[line], text.mask[line])
            closing_up = False


def _append(half: Half, moved: Sequence[Definition], text: _Text) -> None:
    for one in moved:
        half.blank(text.source[one.start])
        for offset, line in enumerate(one.text.split("\n")):
            origin = min(one.start + offset, one.end - 1)
            half.add(line, text.source[origin], text.mask[origin])


def _tell_shared(
    lesson: Lesson, text: _Text, used: Sequence[Definition], rest: range, findings: Findings
) -> None:
    below = [one for one in used if one.start in rest]
    if below:
        names = ", ".join(f"[^{one.key}]" if one.kind is Kind.FOOTNOTE else f"[{one.key}]" for one in below)
        findings.warning(
            lesson.path,
            lesson.body_line + text.source[below[0].start],
            f"defined below the paywall and public, because the lead-in uses it: {names}",
            "move it above the marker to show that it is meant, or take the use out",
        )


def escaped(plain: str) -> str:
    """Plain text as Markdown that shows exactly it: entities, which no extension reads as markup."""
    text = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", " ".join(plain.split()))
    text = text.replace("--", "&#45;&#45;").replace("!!", "&#33;!").replace("//", "&#47;/")
    start = _AT_START.match(text)
    if start and not text.startswith("&#"):
        last = start.end() - 1
        text = f"{text[:last]}&#{ord(text[last])};{text[last + 1 :]}"
    return text
