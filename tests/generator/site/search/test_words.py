"""Chinese in pairs and back, in Python as in the browser's modules."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.site.search import words
from tests.support.searching import HOUSE

MODULE = HOUSE / "theme/assets/javascripts/lyceum/search/words.js"
TEXTS = (
    "使用 Python 写一个小型数据库，从零开始。",
    "第3章“引号”、B 树（查找）与《日志》……",
    "asyncio.run(main()) 之后 [1] 的结果: ok!",
    "每一个字节 100% 恢复",
    "plain English, and nothing else.",
    "𠮷野家与〇号",
)


def test_each_character_is_a_word_with_the_next_one() -> None:
    assert words.encode("数据库").split() == ["数据", "据库", "库〆"]
    assert words.encode("用 Python写").split() == ["用〆", "Python", "写〆"]


def test_a_line_that_goes_on_in_another_tag_is_one_run() -> None:
    assert words.encode("数据", "库").split() == ["数据", "据库"]


def test_punctuation_joins_no_word() -> None:
    assert words.encode("日志，Python的").split() == ["日志", "志〆", "，", "Python", "的〆"]


def test_english_is_left_alone() -> None:
    assert words.encode("Plain, English.") == "Plain, English."


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_comes_back_but_for_spaces(text: str) -> None:
    assert words.decode(words.encode(text)).replace(" ", "") == text.replace(" ", "")


def test_no_space_is_put_between_chinese_characters_and_their_marks() -> None:
    assert (
        words.decode(words.encode("一层一层写出日志、索引，最后得到数据库。"))
        == "一层一层写出日志、索引，最后得到数据库。"
    )


@given(st.text(alphabet="数据库的用〇々，。“” aB1", max_size=40))
def test_nothing_but_spaces_is_lost_or_added(text: str) -> None:
    assert words.decode(words.encode(text)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node to run the browser's module with")
def test_the_browser_reads_the_words_as_they_are_written() -> None:
    spelled = [words.encode(text) for text in TEXTS]
    script = f"""
      const {{ decoded, encoded, wanted, sign }} = await import({json.dumps(MODULE.as_uri())});
      const [spelled, texts] = {json.dumps([spelled, TEXTS])};
      console.log(JSON.stringify([
        spelled.map(decoded),
        texts.map((text) => encoded(wanted(text))),
        spelled.map((text) => text.split(/\\s+/u).filter(Boolean).map(sign).join("")),
      ]));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    read, asked, signs = json.loads(done.stdout)
    assert read == [words.decode(text) for text in spelled]
    for text, query, found in zip(TEXTS, asked, signs, strict=True):
        runs = words.runs(text)
        assert found == "".join(runs)
        pairs = {run[place : place + 2] for run in runs for place in range(len(run) - 1)}
        assert pairs | {run for run in runs if len(run) == 1} == {
            word for word in query.split() if words.runs(word)
        }
