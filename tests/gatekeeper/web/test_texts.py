"""Words: the same in every language, all used, all there; and which language a page speaks."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatekeeper.web.texts import LANGUAGES, Texts
from tests.support.shop import Shop, visible

ROOT = Path(__file__).resolve().parents[3] / "gatekeeper"
TEXTS = Texts.load()
_CALL = re.compile(
    r"""(?<![a-z_])(?:t|say)\(\s*(?:language,\s*)?["']([a-z0-9_]+\.[a-z0-9_%]+)["'](\s*~|\s*%)?"""
)


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def sources() -> list[Path]:
    return [path for kind in ("*.html", "*.txt", "*.py") for path in sorted(ROOT.rglob(kind))]


def test_all_languages_have_the_same_keys_and_facts() -> None:
    first, *others = (TEXTS.keys(language) for language in LANGUAGES)
    for other in others:
        assert set(other) == set(first)
        for key, text in first.items():
            assert facts(text) == facts(other[key]), key


def test_every_text_that_a_page_or_mail_names_is_there() -> None:
    named = {
        (path, key, bool(joined))
        for path in sources()
        for key, joined in _CALL.findall(path.read_text("utf-8"))
    }
    assert len(named) > 80
    known = set(TEXTS.keys("en"))
    for path, key, joined in named:
        prefix = key.rstrip("%d")
        assert key in known or (joined and any(text.startswith(prefix) for text in known)), (path, key)


def test_every_text_is_named_somewhere() -> None:
    whole = "\n".join(path.read_text("utf-8") for path in sources())
    unused = []
    for key in TEXTS.keys("en"):
        section, _, name = key.partition(".")
        words = name.split("_")
        stems = "|".join("_".join(words[:count]) for count in range(1, len(words)))
        is_joined = stems and re.search(rf'["\']{section}\.(?:{stems})_(?:%d)?["\']', whole)
        if (
            f"{key}" not in whole
            and not is_joined
            and not section.startswith("mail_")
            and not re.search(rf'["\']{section}\.["\'] ~', whole)
        ):
            unused.append(key)
    assert unused == []


def test_chinese_texts_use_chinese_punctuation() -> None:
    wrong = [key for key, text in TEXTS.keys("zh").items() if re.search(r"[\u4e00-\u9fff][,:;?!(]", text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "with_time", "text"),
    [
        ("en", False, "22 Nov 2026"),
        ("en", True, "22 Nov 2026, 09:05 UTC"),
        ("zh", False, "2026\u5e7411\u670822\u65e5"),
        ("zh", True, "2026\u5e7411\u670822\u65e5 09:05 UTC"),
    ],
)
def test_moments_are_written_as_readers_write_them(language: str, with_time: bool, text: str) -> None:
    assert TEXTS.moment(language, datetime(2026, 11, 22, 9, 5, tzinfo=UTC), with_time=with_time) == text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-Hant-TW", "zh-CN"),
        ("en-GB", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "en"),  # the school's first language
        ("", "en"),
        ("\u00ff;;q=x", "en"),
    ],
)
def test_the_browsers_preference_counts(shop: Shop, accept: str, html: str) -> None:
    answer = shop.browser().get(
        "/sign-in", headers={"Accept-Language": accept.encode("latin-1").decode("latin-1")}
    )
    assert f'<html lang="{html}">' in answer.text


def test_a_choice_in_the_address_is_remembered_and_an_unknown_one_is_not(shop: Shop) -> None:
    reader = shop.browser()
    reader.get("/sign-in?lang=zh")
    assert '<html lang="zh-CN">' in reader.get("/redeem?x", follow_redirects=True).text
    reader.get("/sign-in?lang=xx")
    assert reader.cookie("language") == "zh"
    reader.get("/sign-in?lang=en")
    assert '<html lang="en">' in reader.get("/sign-in", headers={"Accept-Language": "zh"}).text


def test_switching_the_language_keeps_the_rest_of_the_address(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    page = reader.get("/buy/rust?lesson=rust/traits&currency=CNY")
    assert 'href="?lesson=rust%2Ftraits&amp;currency=CNY&amp;lang=zh"' in page.text
    assert "\u4e66\u9662" in visible(reader.get("/buy/rust?lang=zh"))
