"""Keeps the ids of a private half apart from those of the page it will be put into.

    headings      number on: a second `Example` becomes `example_1`, as it would in one text
    footnotes     `fn:a` → `fn:part-a`; their numbers go on where the lead-in's end
    tabs          `__tabbed_1_1` → `__tabbed_part-1_1`, so that a tab here does not switch one there
    the title     where the whole lesson is private, its text begins with the title that the page shows already: only the
                  heading's id stays, for the links to it
    the author's  an explicit id that the page has already gets a number, and the author a warning

Deterministic: the same half under the same lead-in gets the same ids.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

_BEFORE_TOC = 6  # the toc extension and MkDocs' anchors run at 5
_AFTER_TOC = 4
_OWN = re.compile(r"(?P<kind>fn:|fnref\d*:|__tabbed_)(?P<name>.*)", re.DOTALL)
_REFERENCES = ("for", "name", "aria-labelledby", "aria-describedby", "aria-controls")
_NUMBER = re.compile(r"\d+")


class FragmentExtension(Extension):
    """Add to a Markdown instance that renders private halves, and `begin` each of them.

    reserved: the ids of the page around it. title: the heading that the page shows above it.

    Afterwards: ids_before, ids: those of the half's elements before and after renaming; clashes: explicit ones renamed.
    """

    def __init__(self, reserved: frozenset[str] = frozenset(), title: str = "") -> None:
        super().__init__()
        self.begin(reserved, title)

    def begin(self, reserved: frozenset[str], title: str = "") -> None:
        """From here on it is about the next half."""
        self._title = _letters(title)
        self.reserved = reserved
        self._footnotes = sum(id_.startswith("fn:") for id_ in reserved)
        self.ids_before: frozenset[str] = frozenset()
        self.ids: frozenset[str] = frozenset()
        self.clashes: frozenset[str] = frozenset()

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the name is Markdown's
        md.treeprocessors.register(_Reserve(md, self), "lyceum_reserve", _BEFORE_TOC)
        md.treeprocessors.register(_Separate(md, self), "lyceum_separate", _AFTER_TOC)

    def separate(self, root: ET.Element, headings: Mapping[str, str]) -> None:
        """Rename what the page around has already, wherever it stands in `root`. headings: id → plain text."""
        new_ids: dict[str, str] = {}
        self.ids_before = _ids(root)
        taken = self.reserved | self.ids_before
        prefix = _free_prefix(taken)
        for element in root.iter():
            if id_ := element.get("id"):
                if own := _OWN.fullmatch(id_):
                    new_ids[id_] = f"{own['kind']}{prefix}{own['name']}"
                elif id_ in self.reserved:
                    self.clashes |= {id_}
                    new_ids[id_] = _free(id_, taken | set(new_ids.values()))
        self._drop_title(root, headings)
        for element in root.iter():
            _rename(element, new_ids, prefix)
            self._number(element)
        self.ids = _ids(root)

    def _drop_title(self, root: ET.Element, headings: Mapping[str, str]) -> None:
        first = root[0] if len(root) else None
        if first is None or first.tag not in {"h1", "h2"} or not self._title:
            return
        id_ = first.get("id", "")
        if _letters(headings.get(id_, "")) == self._title:
            first.clear()
            first.tag = "span"
            first.set("id", id_)

    def _number(self, element: ET.Element) -> None:
        """Footnotes are counted through the whole lesson."""
        if not self._footnotes:
            return
        name = element.get("class") or ""
        if name == "footnote-ref":
            element.text = _shifted(element.text or "", self._footnotes)
        elif name == "footnote-backref":
            element.set("title", _shifted(element.get("title", ""), self._footnotes))
        elif name == "footnote":
            for items in element.findall("ol"):
                items.set("start", str(self._footnotes + 1))


class _Reserve(Treeprocessor):
    """Stand-ins for the page's ids, so that the toc extension numbers its own on from them."""

    def __init__(self, md: Markdown, extension: FragmentExtension) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, root: ET.Element) -> None:
        for id_ in sorted(self._extension.reserved):
            ET.SubElement(root, "span", {"id": id_, _STAND_IN: ""})


class _Separate(Treeprocessor):
    def __init__(self, md: Markdown, extension: FragmentExtension) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, root: ET.Element) -> None:
        for element in [child for child in root if child.get(_STAND_IN) is not None]:
            root.remove(element)
        self._extension.separate(root, dict(_headings(getattr(self.md, "toc_tokens", []))))


_STAND_IN = "data-lyceum-reserved"


def _headings(tokens: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every heading that the toc extension has seen: its id and plain text."""
    for token in tokens:
        yield token["id"], html.unescape(token["name"])
        yield from _headings(token["children"])


def _letters(text: str) -> str:
    """What two titles are compared by: markup and typography may differ."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _ids(root: ET.Element) -> frozenset[str]:
    return frozenset(id_ for element in root.iter() if (id_ := element.get("id")))


def _rename(element: ET.Element, new_ids: dict[str, str], prefix: str) -> None:
    if (id_ := element.get("id")) in new_ids:
        element.set("id", new_ids[id_ or ""])
    href = element.get("href") or ""
    if href[:1] == "#" and href[1:] in new_ids:
        element.set("href", f"#{new_ids[href[1:]]}")
    for attribute in _REFERENCES:
        value = element.get(attribute)
        if value is None:
            continue
        if value in new_ids:
            element.set(attribute, new_ids[value])
        elif attribute == "name" and element.tag == "input" and (own := _OWN.fullmatch(value)):
            element.set(attribute, f"{own['kind']}{prefix}{own['name']}")


def _free_prefix(taken: frozenset[str] | set[str]) -> str:
    """`part-`, unless an author's own footnote is called so."""
    for prefix in _prefixes():
        if not any((own := _OWN.fullmatch(id_)) and own["name"].startswith(prefix) for id_ in taken):
            return prefix
    raise AssertionError("the prefixes are endless")


def _prefixes() -> Iterator[str]:
    yield "part-"
    number = 2
    while True:
        yield f"part{number}-"
        number += 1


def _free(id_: str, taken: frozenset[str] | set[str]) -> str:
    number = 1
    while f"{id_}_{number}" in taken:
        number += 1
    return f"{id_}_{number}"


def _shifted(text: str, by: int) -> str:
    return _NUMBER.sub(lambda match: str(int(match.group()) + by), text, count=1)
