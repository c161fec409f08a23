"""Block processors are passed over only where they have nothing to do."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import markdown
import pymdownx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown.blockparser import BlockParser
from markdown.blockprocessors import BlockProcessor, HashHeaderProcessor

from generator.markdown import block_level
from generator.markdown.block_level import READ, QuickBlocks, hasten, needs

EXTENSIONS = [
    *("abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "toc"),
    *(
        f"pymdownx.{name}"
        for name in (
            "arithmatex",
            "blocks.admonition",
            "blocks.details",
            "blocks.tab",
            "details",
            "superfences",
        )
    ),
    *("pymdownx.tabbed", "pymdownx.tasklist"),
]
PIECES = st.sampled_from(
    [
        *("word", "中文", " ", "  ", "    ", "        ", "\n", "\n\n", "\n\n    ", "\n    "),
        *("# ", "a\n===\n", "---", "* ", "- ", "1. ", "> ", ": ", "|", "a | b\n--|--\nc | d\n"),
        *(
            "[^1]",
            "[^1]: ",
            "*[HTML]: ",
            "[x]: /y",
            "$$",
            "\\[",
            "```\n",
            "~~~ python\n",
            "<div markdown>\n",
            "</div>",
        ),
        *(
            "!!! note\n    ",
            '??? tip "a"\n    ',
            '=== "a"\n    ',
            "/// note\n",
            "/// tab | a\n",
            "///\n",
            "\x02",
            "- [ ] ",
        ),
    ]
)


def both() -> tuple[markdown.Markdown, markdown.Markdown]:
    plain, quick = (markdown.Markdown(extensions=EXTENSIONS) for _ in range(2))
    hasten(quick)
    return plain, quick


@given(st.lists(PIECES, max_size=30).map("".join))
def test_the_result_is_markdowns_own(text: str) -> None:
    plain, quick = both()
    expected = plain.convert(text)
    assume(len(expected) < 5000)  # some texts nest without end, as deep as the stack allows
    assert quick.convert(text) == expected


def test_the_libraries_are_those_that_were_read() -> None:
    """With others every processor is asked; read them, see that `_NEEDS` holds, and name them in READ."""
    assert (markdown.__version__, pymdownx.__version__) in READ
    _, quick = both()
    assert isinstance(getattr(quick.parser.parseBlocks, "__self__", None), QuickBlocks)


def test_with_other_libraries_nothing_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_level, "READ", (("3.0", "9.0"),))
    _, quick = both()
    assert quick.parser.parseBlocks == BlockParser.parseBlocks.__get__(quick.parser)


class Shouting(HashHeaderProcessor):
    """A heading without its sign."""

    def test(self, parent: Element, block: str) -> bool:
        return block.isupper()

    def run(self, parent: Element, blocks: list[str]) -> None:
        Element.append(parent, Element("h1", {"title": blocks.pop(0)}))


def test_a_processor_that_is_not_known_is_always_asked() -> None:
    md = markdown.Markdown()
    assert needs(Shouting(md.parser)) is None
    hasten(md)
    md.convert("first")
    md.parser.blockprocessors.register(Shouting(md.parser), "shouting", 200)
    assert md.convert("LOUD\n\nquiet") == '<h1 title="LOUD"></h1>\n<p>quiet</p>'


class Changing(BlockProcessor):
    """Changes the block and leaves it to the others."""

    def test(self, parent: Element, block: str) -> bool:
        return block == "word"

    def run(self, parent: Element, blocks: list[str]) -> bool:
        blocks[0] = "# word"
        return False


def test_a_block_that_a_processor_changed_is_read_anew() -> None:
    md = markdown.Markdown()
    md.parser.blockprocessors.register(Changing(md.parser), "changing", 200)
    hasten(md)
    assert md.convert("word") == "<h1>word</h1>"


def test_a_parser_of_another_kind_is_left_alone() -> None:
    class Other(BlockParser):
        pass

    md = markdown.Markdown()
    md.parser.__class__ = Other
    hasten(md)
    assert "parseBlocks" not in vars(md.parser)
