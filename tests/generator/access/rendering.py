"""What Python-Markdown itself makes of a text, as HTML parsed by another library: the judge in property tests."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import html5lib
from markdown import Markdown

from generator.access.engine import EXTENSIONS

CONTAINERS = {"li", "blockquote", "td", "th", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "details"}


def html(text: str) -> str:
    """`text` by a fresh engine with the extensions that the splitter knows."""
    configs = {name: dict(config) for name, config in EXTENSIONS.items() if config}
    return Markdown(extensions=list(EXTENSIONS), extension_configs=configs).convert(text)


def tree(markup: str) -> Element:
    found: Element = html5lib.parseFragment(markup, treebuilder="etree", namespaceHTMLElements=False)
    return found


def comments(root: Element, text: str) -> list[list[Element]]:
    """The ancestors, outermost first, of every comment whose text is `text`."""
    found = []
    waiting: list[list[Element]] = [[root]]
    while waiting:
        trail = waiting.pop()
        for child in trail[-1]:
            if callable(child.tag):
                if (child.text or "").strip() == text:
                    found.append(trail[1:])
            else:
                waiting.append([*trail, child])
    return found
