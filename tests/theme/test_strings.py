"""The interface speaks both languages, whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest

THEME = Path(__file__).resolve().parents[2] / "theme"
LANGUAGES = ("en", "zh")


def strings(language: str) -> dict[str, Any]:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(THEME), autoescape=True)
    module: Any = environment.get_template(f"partials/strings/{language}.html").module
    table: dict[str, Any] = module.strings
    return table


def test_both_languages_have_the_same_strings() -> None:
    english, chinese = strings("en"), strings("zh")
    assert english.keys() == chinese.keys()
    assert all(english.values())
    assert all(chinese.values())


def test_both_languages_fill_in_the_same_facts() -> None:
    english, chinese = strings("en"), strings("zh")
    facts = re.compile(r"%\((\w+)\)s")
    for key, text in english.items():
        if isinstance(text, str):
            assert sorted(facts.findall(text)) == sorted(facts.findall(chinese[key])), key


def test_every_string_that_a_template_prints_exists() -> None:
    known = strings("en").keys()
    asked: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for template in THEME.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        asked |= dict.fromkeys(re.findall(r"""\bs(?:trings)?\[["']([\w.-]+)["']\]""", text), template.name)
        prefixes |= dict.fromkeys(re.findall(r"""\bs\[["']([\w.-]+)["'] ~""", text), template.name)
    assert len(asked) > 50
    assert {key: where for key, where in asked.items() if key not in known} == {}
    assert {p: w for p, w in prefixes.items() if not any(key.startswith(p) for key in known)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "prefix", ["access.", "level.", "offer.kind.", "offer.interval.", "course.language."]
)
def test_every_value_of_the_catalogue_has_a_word(language: str, prefix: str) -> None:
    values = {
        "access.": ("free", "member", "paid", "upcoming", "retired"),
        "level.": ("beginner", "intermediate", "advanced"),
        "offer.kind.": ("course", "bundle", "subscription"),
        "offer.interval.": ("month", "year"),
        "course.language.": ("zh", "en"),
    }[prefix]
    table = strings(language)
    assert [value for value in values if not table.get(prefix + value)] == []
