"""Patterns are passed over only where they cannot match."""

from __future__ import annotations

import re

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown.inlinepatterns import SimpleTagInlineProcessor
from pymdownx import arithmatex, betterem, caret, emoji, inlinehilite, keys, mark, tilde

from generator.markdown.inline import QuickInline, hasten
from generator.markdown.signs import first_signs, needed_signs

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


@given(st.text("ab 1中\n\\`*_[](){}<>!:+=~^$&#;@\"'/.-|", max_size=60))
def test_a_match_begins_with_one_of_its_first_signs(text: str) -> None:
    for pattern in patterns():
        signs = first_signs(pattern)
        if signs is not None:
            assert all(match.group()[0] in signs for match in pattern.finditer(text))


@pytest.mark.parametrize(
    ("expression", "signs"),
    [
        (r"ab", {"a"}),
        (r"a?b", None),
        (r"(?<!x)(?:a+|(b)c)", {"a", "b"}),
        (r"(?:a|b?)c", None),
        (r"(?=q)r", {"r"}),
        (r"\bx", {"x"}),
        (r"", None),
    ],
)
def test_the_first_signs_are_read_from_the_expression(expression: str, signs: set[str] | None) -> None:
    assert first_signs(re.compile(expression)) == signs


@pytest.mark.parametrize("expression", [re.compile("a", re.IGNORECASE), re.compile("(?i:a)")])
def test_without_case_nothing_is_said(expression: re.Pattern[str]) -> None:
    assert needed_signs(expression) is None
    assert first_signs(expression) is None


def test_a_pattern_that_comes_later_is_tried_too() -> None:
    plain, quick = (markdown.Markdown() for _ in range(2))
    hasten(quick)
    for md in (plain, quick):
        md.convert("first")
        md.inlinePatterns.register(SimpleTagInlineProcessor(r"()%%(.+?)%%", "b"), "percent", 5)
    assert quick.convert("a %%b%% c") == plain.convert("a %%b%% c") == "<p>a <b>b</b> c</p>"


@given(st.text("ab 1\n\\`*_[](){}<>!:+=~^$&", max_size=80))
def test_the_result_is_markdowns_own(text: str) -> None:
    plain, quick = (markdown.Markdown(extensions=EXTENSIONS) for _ in range(2))
    hasten(quick)
    assert type(quick.treeprocessors["inline"]) is QuickInline
    assert quick.convert(text) == plain.convert(text)
