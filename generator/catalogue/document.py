"""YAML with places: a document becomes plain values and, for every key, the line it stands on.

Stricter than YAML 1.1 where YAML guesses: a key given twice is a mistake, dates and numbers with a point stay text (`3.10`
is a version, not 3.1), only strings are keys. Anchors and merge keys work. Nothing but plain values is ever constructed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from generator.catalogue.findings import Findings

Key = tuple[str | int, ...]

_STR = "tag:yaml.org,2002:str"
_SCALARS = {"bool", "int", "null"}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C one is ten times faster
    pass


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Document:
    """values: the mapping. lines: path of keys and list indexes → line number in the file, from 1."""

    path: PurePosixPath
    values: dict[str, Any]
    first_line: int
    lines: dict[Key, int] = field(default_factory=dict)

    def line(self, *key: str | int) -> int:
        """The line of `key`, or of the nearest thing around it that the author wrote."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key[:-1]
        return self.first_line


def parse(text: str, path: PurePosixPath, findings: Findings, *, first_line: int = 1) -> Document | None:
    """The mapping in `text`, or None after reporting why there is none. An empty text is an empty mapping.

    first_line: number of the text's first line in its file.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            document = Document(path, {}, first_line)
            if node is None:
                return document
            if not isinstance(node, yaml.MappingNode):
                findings.error(
                    path, first_line, "not a list of 'field: value' lines", "write 'title: …', one a line"
                )
                return None
            walk = _Walk(loader, document, findings, first_line)
            document.values.update(walk.mapping(node, ()))
            return document if walk.sound else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "not YAML"
        findings.error(path, first_line + (mark.line if mark else 0), f"broken YAML: {what}", _remedy(what))
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        findings.error(path, line, "broken YAML: a control character", "take the invisible character out")
    except RecursionError:
        findings.error(path, first_line, "broken YAML: nested too deeply")
    return None


def _remedy(what: str) -> str:
    if "mapping values are not allowed" in what:
        return "a text that holds ': ' must stand in quotes"
    if "cannot start any token" in what and "\\t" in what:
        return "indent with spaces, not with tabs"
    return "a text with : # [ ] { } & * ! | > ' \" % @ or ` in it is safest in quotes"


class _Walk:
    """Builds values from nodes; shared nodes (aliases) are built once, and cycles are refused."""

    def __init__(self, loader: Any, document: Document, findings: Findings, first_line: int) -> None:
        self._loader = loader
        self._document = document
        self._findings = findings
        self._first_line = first_line
        self._done: dict[int, Any] = {}
        self._open: set[int] = set()
        self.sound = True

    def mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        seen: dict[str, int] = {}
        for name, _ in node.value:
            if name.tag != _STR and not name.tag.endswith(":merge"):
                self._wrong(
                    name, f"'{name.value}' is not a text and cannot name a field", f'quote it: "{name.value}"'
                )
            elif name.value in seen and name.value != "<<":
                self._wrong(
                    name, f"'{name.value}' is given twice", f"the first is in line {seen[name.value]}"
                )
            else:
                seen[name.value] = self._line(name)
        if "<<" in seen:
            self._loader.flatten_mapping(node)
        values = {}
        for name, value in node.value:
            path = (*key, name.value)
            self._document.lines[path] = self._line(name)
            values[name.value] = self._value(value, path)
        return values

    def _value(self, node: yaml.Node, key: Key) -> Any:
        if node.tag == _STR:
            return node.value
        identity = id(node)
        if identity in self._done:
            return self._done[identity]
        if identity in self._open:
            self._wrong(node, "a value that contains itself")
            return None
        self._open.add(identity)
        value: Any
        if isinstance(node, yaml.MappingNode):
            value = self.mapping(node, key)
        elif isinstance(node, yaml.SequenceNode):
            value = []
            for index, item in enumerate(node.value):
                self._document.lines[(*key, index)] = self._line(item)
                value.append(self._value(item, (*key, index)))
        elif node.tag.rpartition(":")[2] in _SCALARS:
            try:
                value = self._loader.construct_object(node)
            except (ValueError, yaml.YAMLError):
                value = None
                self._wrong(node, f"'{node.value}' cannot be read", f'quote it: "{node.value}"')
        else:
            value = None
            self._wrong(node, f"the YAML tag '{node.tag}' is not allowed here", "write a plain value")
        self._open.discard(identity)
        self._done[identity] = value
        return value

    def _line(self, node: yaml.Node) -> int:
        return self._first_line + int(node.start_mark.line)

    def _wrong(self, node: yaml.Node, what: str, hint: str = "") -> None:
        self.sound = False
        self._findings.error(self._document.path, self._line(node), what, hint)
