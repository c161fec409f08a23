"""Block markup without the processors that cannot apply: the same result, at half the cost.

Python-Markdown asks some twenty block processors about every paragraph. Most of them need a sign that prose does not hold (`signs`).
What each of the libraries' own processors needs was read in the versions named here; with any other version, or for a processor
that is not named, they are asked as ever. So they are about a block that begins with a space or an empty line, and while a
container (an admonition, a tab) may go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element, ElementTree

import markdown
import pymdownx
from markdown import blockprocessors as own
from markdown.blockparser import BlockParser
from markdown.extensions import abbr, admonition, def_list, footnotes, md_in_html, tables
from markdown.util import HTML_PLACEHOLDER_RE
from pymdownx import arithmatex, details, superfences, tabbed
from pymdownx.blocks import BlocksProcessor

from generator.markdown.signs import Sieve, Signs, needed_signs

READ = (("3.11.3", "13.1"),)  # Markdown, pymdown-extensions

_NOTHING: Signs = frozenset()
_CONTAINERS = (admonition.AdmonitionProcessor, details.DetailsProcessor, tabbed.TabbedProcessor)
# The exact class → what a block that begins with neither a space nor an empty line must hold for it to do anything at all.
_NEEDS: dict[type, Callable[[Any], Signs | None]] = {
    own.EmptyBlockProcessor: lambda _: _NOTHING,
    own.ListIndentProcessor: lambda _: _NOTHING,
    def_list.DefListIndentProcessor: lambda _: _NOTHING,
    own.CodeBlockProcessor: lambda _: _NOTHING,
    superfences.SuperFencesCodeBlockProcessor: lambda _: _NOTHING,
    own.HashHeaderProcessor: lambda one: needed_signs(one.RE),
    own.SetextHeaderProcessor: lambda one: needed_signs(one.RE),
    own.HRProcessor: lambda one: needed_signs(one.SEARCH_RE),
    own.OListProcessor: lambda one: needed_signs(one.RE),
    own.UListProcessor: lambda one: needed_signs(one.RE),
    own.BlockQuoteProcessor: lambda one: needed_signs(one.RE),
    own.ReferenceProcessor: lambda one: needed_signs(one.RE),
    def_list.DefListProcessor: lambda one: needed_signs(one.RE),
    footnotes.FootnoteBlockProcessor: lambda one: needed_signs(one.RE),
    abbr.AbbrBlockprocessor: lambda one: needed_signs(one.RE),
    md_in_html.MarkdownInHtmlProcessor: lambda _: needed_signs(HTML_PLACEHOLDER_RE),
    tables.TableProcessor: lambda _: frozenset("|"),
    arithmatex.BlockArithmatexProcessor: lambda one: needed_signs(one.pattern) if one.pattern else _NOTHING,
    admonition.AdmonitionProcessor: lambda one: needed_signs(one.RE),
    details.DetailsProcessor: lambda one: needed_signs(one.START),
    tabbed.TabbedProcessor: lambda one: needed_signs(one.START),
    BlocksProcessor: lambda one: needed_signs(one.start),
}


class QuickBlocks:
    """What a block parser does with blocks. parser: it, with all its processors in place."""

    def __init__(self, parser: BlockParser) -> None:
        self._parser = parser
        self._parse_document = parser.parseDocument
        self._processors: list[Any] = []
        self._containers: list[Any] = []
        self._blocks: list[BlocksProcessor] = []
        self._sieve = Sieve(())
        self._every: tuple[int, ...] = ()
        self._look()

    def parse_document(self, lines: Iterable[str]) -> ElementTree:
        self._look()
        return self._parse_document(lines)

    def _look(self) -> None:
        processors = list(self._parser.blockprocessors)
        if processors != self._processors:
            self._processors = processors
            self._every = tuple(range(len(processors) + 1))
            self._containers = [one for one in processors if isinstance(one, _CONTAINERS)]
            self._blocks = [one for one in processors if isinstance(one, BlocksProcessor)]
            self._sieve = Sieve([needs(one) for one in processors])

    def parse_blocks(self, parent: Element, blocks: list[str]) -> None:
        """One frame a call, as the library's own: where it nears the limit of recursion, it stops."""
        count = len(self._processors)
        while blocks:
            block = blocks[0]
            is_prose = bool(block) and block[0] not in " \n" and not self._goes_on()
            following = self._sieve.following(block) if is_prose else self._every
            index = following[0]
            while index < count:
                processor = self._processors[index]
                if processor.test(parent, blocks[0]):
                    if processor.run(parent, blocks) is not False:
                        break
                    following = self._every  # it may have changed the block
                index = following[index + 1]

    def _goes_on(self) -> bool:
        """Whether a container may take the block, whatever stands in it."""
        for container in self._containers:
            if container.current_sibling is not None:
                return True
        for blocks in self._blocks:  # noqa: SIM110 - asked of every block
            if blocks.stack or blocks.cached_parent is not None:
                return True
        return False


def needs(processor: Any) -> Signs | None:
    """The signs of which a block holds one when the processor has to do with it; None: it may have to do with any."""
    read = _NEEDS.get(type(processor))
    return read(processor) if read else None


def hasten(md: markdown.Markdown) -> None:
    """Let `md`, with all its extensions in place, pass over processors that cannot apply."""
    parser = md.parser
    is_plain = type(parser) is BlockParser and not {"parseBlocks", "parseDocument"} & vars(parser).keys()
    if is_plain and md.tab_length > 0 and (markdown.__version__, pymdownx.__version__) in READ:
        quick = QuickBlocks(parser)
        parser.parseBlocks = quick.parse_blocks  # type: ignore[method-assign]
        parser.parseDocument = quick.parse_document  # type: ignore[method-assign]
