"""What the screen reads: the same windows in every process, all of them in pieces, and exactly those that the exact check compares."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.site.leaks import Reading, pieces
from generator.site.leaks.lasting import LastingVocabulary
from generator.site.leaks.markup import BREAK
from generator.site.leaks.pieces import Pieces
from generator.site.leaks.search import Search
from generator.site.leaks.sets import counts_in, distinct, in_one_only, is_in
from generator.site.leaks.units import FileReading, Told
from generator.site.leaks.words import Vocabulary

words = st.lists(
    st.sampled_from(["alder", "birch", "cedar", "7", "12", "x", "镜", "面", "行程", "É", BREAK, "."]),
    max_size=60,
)
numbers = st.lists(st.integers(0, 20), max_size=30)


@given(words, words)
def test_texts_share_a_lasting_hash_exactly_when_the_exact_search_finds_one_in_the_other(
    private: list[str], public: list[str]
) -> None:
    exact = Vocabulary()
    learnt = exact.learn(" ".join(private).replace(BREAK, "."))
    exact.close()
    search = Search(exact, [learnt])
    search.look(0, exact.read(" ".join(public)))
    lasting = LastingVocabulary()
    hidden = lasting.hashes_of(lasting.joined([" ".join(private).replace(BREAK, ".")]))
    shown = lasting.hashes_of(lasting.joined([" ".join(public)]))
    assert len(set(search.found().hashes.tolist())) == is_in(hidden, shown).sum()


@given(words, words)
def test_a_text_has_the_grams_of_every_run_of_words_in_it(before: list[str], name: list[str]) -> None:
    vocabulary = LastingVocabulary()
    name = [word for word in name if word != BREAK]
    held = vocabulary.grams(" ".join([*before, "|", *name, "|", "alder"]))
    assert is_in(vocabulary.grams(" ".join(name)), held).all()


def test_a_gram_tells_the_order_of_words_and_programs_from_texts() -> None:
    vocabulary = LastingVocabulary()
    held = vocabulary.grams("chart png alder chart")
    assert is_in(vocabulary.grams("chart.png"), held).all()
    assert not is_in(vocabulary.grams("png chart"), held).all()
    assert not is_in(vocabulary.grams("chart.png", of_a_program=True), held).any()


@pytest.mark.parametrize("group_words", [1, 50, 1 << 17])
def test_every_window_and_gram_of_a_text_stands_in_one_of_its_pieces(
    monkeypatch: pytest.MonkeyPatch, group_words: int
) -> None:
    monkeypatch.setattr(pieces, "_GROUP_WORDS", group_words)
    random = np.random.default_rng(7)
    text = " ".join(
        f"word{number}" if number % 9 else f"。{BREAK}镜面"
        for number in random.integers(0, 400, 3_000).tolist()
    )
    vocabulary = LastingVocabulary()
    read = vocabulary.read(text)
    ids, several = Pieces(vocabulary).of(read, of_a_program=False)
    told = Told.joined(several)
    assert len(ids) > 30
    assert set(ids) == set(told)
    windows = distinct(told.hashes)
    grams = distinct(told.grams)
    assert windows.tolist() == vocabulary.hashes_of(read).tolist()
    assert grams.tolist() == vocabulary.grams(text).tolist()


def test_a_changed_word_changes_few_pieces_and_only_these_are_told() -> None:
    random = np.random.default_rng(8)
    text = [f"word{number}" for number in random.integers(0, 4_000, 3_000).tolist()]
    reading = Reading()
    first = reading.file("a.txt", " ".join(text).encode())
    text[1_500] = "other"
    second = reading.file("a.txt", " ".join(text).encode())
    assert len(first.pieces) > 50
    assert 1 <= len(second.told) <= 6
    assert set(second.pieces.tolist()) - set(first.pieces.tolist()) == second.told.keys()


def test_words_hash_alike_in_every_process() -> None:
    program = (
        "from generator.site.leaks import Reading;"
        "print(Reading().file('a.html', '<p>Ten words 镜面 of a page that two processes read</p>'.encode()).dumps().hex())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    (only,) = told
    assert FileReading.loads(bytes.fromhex(only)).told


def test_a_file_of_the_theme_is_empty_as_long_as_it_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_bytes(b"one two three four five six seven eight nine")
    reading = Reading([tmp_path])
    assert not len(reading.file("app.js", b"one two three four five six seven eight nine").pieces)
    assert len(reading.file("app.js", b"one two three four five six seven eight nine!").pieces)


def test_many_words_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.site.leaks.screen._MAXIMUM_WORDS", 100)
    reading = Reading()
    first = reading.file("a.txt", " ".join(f"word{number}" for number in range(200)).encode())
    second = reading.file("a.txt", " ".join(f"word{number}" for number in range(200)).encode())
    assert second.told.keys() == first.told.keys()


@given(numbers, numbers)
def test_sorted_arrays_are_sets(first: list[int], second: list[int]) -> None:
    one, other = np.array(first, np.uint64), np.array(second, np.uint64)
    assert distinct(one).tolist() == sorted(set(first))
    assert in_one_only(distinct(one), distinct(other)).tolist() == sorted(set(first) ^ set(second))
    assert is_in(one, np.sort(other)).tolist() == [value in second for value in first]
    assert counts_in(one, np.sort(other)).tolist() == [second.count(value) for value in first]
