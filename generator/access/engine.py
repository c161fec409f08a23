"""The real Markdown engine, asked in doubt: where a comment ends up, what a text refers to, which definitions it uses.

The extensions are those of the project's mkdocs.yml as far as they shape blocks, links or code; colours and icons are left out.
Asking costs milliseconds, so callers ask only where reading lines is not certain.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions.footnotes import FootnoteExtension

from generator.markdown import hasten

EXTENSIONS: Mapping[str, Mapping[str, Any]] = {
    "abbr": {},
    "admonition": {},
    "attr_list": {},
    "def_list": {},
    "footnotes": {},
    "md_in_html": {},
    "tables": {},
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.betterem": {},
    "pymdownx.blocks.admonition": {},
    "pymdownx.blocks.details": {},
    "pymdownx.blocks.tab": {"alternate_style": True},
    "pymdownx.caret": {},
    "pymdownx.details": {},
    "pymdownx.highlight": {"use_pygments": False},
    "pymdownx.inlinehilite": {},
    "pymdownx.keys": {},
    "pymdownx.mark": {},
    "pymdownx.superfences": {"relaxed_headers": True},
    "pymdownx.tabbed": {"alternate_style": True},
    "pymdownx.tasklist": {},
    "pymdownx.tilde": {},
}

_STASHED = re.compile("\x02wzxhzdk:([0-9]+)\x03")
_CODE = re.compile(
    r"\s*<(?:div class=\"highlight\"|pre|code|table class=\"highlighttable\"|span class=\"arithmatex\")"
)
_CONTAINERS = {
    "li": "a list",
    "blockquote": "a quotation",
    "table": "a table",
    "details": "a collapsible block",
    "dl": "a definition list",
    "sup": "a footnote",
    "h1": "a heading",
    "h2": "a heading",
    "h3": "a heading",
    "h4": "a heading",
    "h5": "a heading",
    "h6": "a heading",
    "a": "a link",
}
_BOXES = (
    ("tabbed", "a tab"),
    ("admonition", "an admonition"),
    ("arithmatex", "a formula"),
)
_URLS = frozenset({"src", "href", "poster", "data", "xlink:href", "background"})
_CSS_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)")


class Where(Enum):
    TOP = "top"  # a block of its own at top level
    TEXT = "text"  # in code, a formula, or raw HTML: not a marker
    INSIDE = "inside"  # in some other block


@dataclass(frozen=True, slots=True)
class Position:
    """inside: the block's name for `Where.INSIDE`; for raw HTML, its last line."""

    where: Where
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Uses:
    """references: labels as Python-Markdown compares them. abbreviations, footnotes: as written."""

    references: frozenset[str]
    footnotes: frozenset[str]
    abbreviations: frozenset[str]


class _Recording(dict[str, Any]):
    """Python-Markdown's reference table, remembering which entries were asked for and were there."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.used.add(key)
        return super().__getitem__(key)


@functools.cache
def _markdown() -> Markdown:
    md = Markdown(
        extensions=list(EXTENSIONS), extension_configs={k: dict(v) for k, v in EXTENSIONS.items() if v}
    )
    hasten(md)
    return md


def _tree(text: str, *, inline: bool = True) -> tuple[Markdown, Element]:
    """The element tree of `text` before it is written out; raw HTML and code lie in the engine's stash."""
    md = _markdown()
    md.reset()
    md.references = _Recording()
    lines = text.split("\n")
    for preprocessor in md.preprocessors:
        lines = preprocessor.run(lines)
    root: Element = md.parser.parseDocument(lines).getroot()  # type: ignore[assignment]  # a parsed document has a root
    if inline:
        for processor in md.treeprocessors:
            changed: Element | None = processor.run(root)
            if changed is not None:
                root = changed
    return md, root


def position(text: str, word: str) -> Position:
    """Where the HTML comment `<!-- word -->` of `text` ends up. word: occurs once and consists of letters and digits."""
    md, root = _tree(text)
    comment = f"<!-- {word} -->"
    places = {word}
    for index, stashed in enumerate(md.htmlStash.rawHtmlBlocks):
        if isinstance(stashed, str) and word in stashed:
            if stashed.strip() != comment:
                return Position(Where.TEXT, "code" if _CODE.match(stashed) else _last_line(stashed))
            places.add(f"\x02wzxhzdk:{index}\x03")
    for trail in _trails(root):
        element = trail[-1]
        held = (
            (element.text or "")
            + "".join(child.tail or "" for child in element)
            + "".join(element.attrib.values())
        )
        if not any(place in held for place in places):
            continue
        tags = [step.tag for step in trail]
        if {"code", "pre"} & set(tags) or any("arithmatex" in (step.get("class") or "") for step in trail):
            return Position(Where.TEXT, "code")
        alone = (element.text or "").strip() in places and not len(element)
        if tags[1:] == ["p"] and alone and word not in held:
            return Position(Where.TOP)
        return Position(Where.INSIDE, _container(trail))
    return Position(Where.INSIDE, "a construct that hides it")


def _trails(root: Element) -> Iterator[list[Element]]:
    waiting = [[root]]
    while waiting:
        trail = waiting.pop()
        yield trail
        waiting.extend([*trail, child] for child in reversed(trail[-1]))


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].strip()


def _container(trail: list[Element]) -> str:
    if any(step.get("class") == "footnote" for step in trail):
        return "a footnote"
    for step in reversed(trail[1:]):
        classes = step.get("class") or ""
        for sign, name in _BOXES:
            if sign in classes:
                return name
        if step.tag in _CONTAINERS:
            return _CONTAINERS[step.tag]
        if step.tag not in {
            "p",
            "span",
            "em",
            "strong",
            "td",
            "th",
            "tr",
            "tbody",
            "thead",
            "dd",
            "dt",
            "ul",
            "ol",
        }:
            return "an HTML block"
    return "a paragraph"


def addresses(text: str) -> set[str]:
    """Every address that `text`, rendered, refers to: links, pictures, media, styles; decoded as a browser reads HTML."""
    md, root = _tree(text)
    found: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            found.update(_in_attribute(name, md_unescaped(value)))
    collector = _Collector()
    for stashed in md.htmlStash.rawHtmlBlocks:
        if isinstance(stashed, str) and "<" in stashed:
            collector.feed(stashed)
    collector.close()
    return found | collector.found


def md_unescaped(value: str) -> str:
    """Undoes the placeholders that stand for `&` and for escaped signs in the tree."""
    value = value.replace("\x02amp\x03", "&")
    return re.sub("\x02(\\d+)\x03", lambda match: chr(int(match[1])), value)


def _in_attribute(name: str, value: str | None) -> Iterator[str]:
    if not value:
        return
    if name in _URLS:
        yield value.strip()
    elif name == "srcset":
        for candidate in re.split(r",\s+|,(?=\S+\s)", value):
            yield from candidate.split()[:1]
    elif name == "style":
        yield from _CSS_URL.findall(value)


class _Collector(HTMLParser):
    """Addresses in raw HTML; what stands in `<script>` and comments is no reference."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.found.update(_in_attribute(name, value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)


def uses(text: str) -> Uses:
    """Which of the definitions in `text` its own text uses, not counting what only footnotes' bodies use."""
    md, root = _tree(text)
    footnotes = next(e for e in md.registeredExtensions if isinstance(e, FootnoteExtension))
    references = md.references
    return Uses(
        references=frozenset(references.used)
        if isinstance(references, _Recording)
        else frozenset(references),
        footnotes=frozenset(footnotes.footnote_order),
        abbreviations=frozenset(element.text or "" for element in root.iter("abbr")),
    )


@dataclass(frozen=True, slots=True)
class Defined:
    references: frozenset[str]
    footnotes: frozenset[str]
    abbreviations: frozenset[str]


def defined(text: str) -> Defined:
    """Every definition that the engine finds in `text`, footnote bodies included."""
    md, _ = _tree(text)
    footnotes = next(e for e in md.registeredExtensions if isinstance(e, FootnoteExtension))
    abbreviations = md.treeprocessors["abbr"].abbrs  # type: ignore[attr-defined]
    return Defined(
        references=frozenset(md.references),
        footnotes=frozenset(footnotes.footnotes),
        abbreviations=frozenset(abbreviations),
    )


def headings(text: str) -> list[tuple[int, str]]:
    """Level and Markdown of the top-level headings of `text`, in order."""
    _, root = _tree(text, inline=False)
    return [(int(e.tag[1]), (e.text or "").strip()) for e in root if re.fullmatch(r"h[1-6]", str(e.tag))]
