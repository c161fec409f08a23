"""Patterns are passed over only where they cannot match."""

from __future__ import annotations

import re

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymdownx import arithmatex, betterem, caret, emoji, inlinehilite, keys, mark, tilde

from generator.site.inline import QuickInline, hasten, needed_signs

EXTENSIONS = [
    *("attr_list", "footnotes", "md_in_html", "tables", "abbr"),
    *(module.__name__ for module in (arithmatex, betterem, caret, emoji, inlinehilite, keys, mark, tilde)),
]


def patterns() -> list[re.Pattern[str]]:
    md = markdown.Markdown(extensions=EXTENSIONS)
    return [pattern.getCompiledRegExp() for pattern in md.inlinePatterns]


@given(st.text("ab 1中\n\\`*_[](){}<>!:+=~^$&#;@\"'/.-|", max_size=60))
def test_a_pattern_matches_nothing_that_lacks_its_signs(text: str) -> None:
    for pattern in patterns():
        signs = needed_signs(pattern)
        if signs is not None and not signs.intersection(text):
            assert pattern.search(text) is None


@pytest.mark.parametrize(
    ("expression", "signs"),
    [
        (r"a", {"a"}),
        (r"a?b", {"b"}),
        (r"a*", None),
        (r"(?:a|b)c?", {"a", "b"}),
        (r"(?:a|.)", None),
        (r"[xy]+z{0,3}", {"x", "y"}),
        (r"(?=q)\w", {"q"}),
        (r"(?!q)\w", None),
        (r"\w+", None),
        (r" \n", {"\n"}),
    ],
)
def test_the_signs_are_read_from_the_expression(expression: str, signs: set[str] | None) -> None:
    assert needed_signs(re.compile(expression)) == signs


def test_without_case_nothing_is_said() -> None:
    assert needed_signs(re.compile("a", re.IGNORECASE)) is None


@given(st.text("ab 1\n\\`*_[](){}<>!:+=~^$&", max_size=80))
def test_the_result_is_markdowns_own(text: str) -> None:
    plain, quick = (markdown.Markdown(extensions=EXTENSIONS) for _ in range(2))
    hasten(quick)
    assert type(quick.treeprocessors["inline"]) is QuickInline
    assert quick.convert(text) == plain.convert(text)
