"""What is a run: exactly 8 words or 16 characters, however they are written, and never by a collision of hashes."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.site.leaks.search import Search
from generator.site.leaks.words import Vocabulary, fold, spell, weight, words

WORDS = st.text(alphabet=string.ascii_lowercase, min_size=2, max_size=9)
CHARACTERS = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
# Words that no private text below has.
STRANGERS = st.lists(st.text(alphabet=string.digits, min_size=12, max_size=14), max_size=30)


def found(private: str, public: str) -> list[str]:
    """The windows of `private` that stand in `public`."""
    vocabulary = Vocabulary()
    learnt = [vocabulary.learn(private)]
    vocabulary.close()
    search = Search(vocabulary, learnt)
    search.look(0, vocabulary.read(public))
    return [vocabulary.spell([n for n in row if n]) for row in search.found().words.tolist()]


@given(private=st.lists(WORDS, min_size=8, max_size=60), data=st.data(), before=STRANGERS, after=STRANGERS)
def test_any_eight_words_in_a_row_are_found_wherever_they_are_planted(
    private: list[str], data: st.DataObject, before: list[str], after: list[str]
) -> None:
    start = data.draw(st.integers(0, len(private) - 8))
    run = private[start : start + 8]
    assert spell(run) in found(" ".join(private), " ".join([*before, *run, *after]))


@given(
    private=st.lists(WORDS, min_size=8, max_size=60, unique=True),
    data=st.data(),
    before=STRANGERS,
    after=STRANGERS,
)
def test_seven_words_in_a_row_are_no_hit(
    private: list[str], data: st.DataObject, before: list[str], after: list[str]
) -> None:
    start = data.draw(st.integers(0, len(private) - 7))
    run = private[start : start + 7]
    assert found(" ".join(private), " ".join([*before, *run, *after])) == []


@given(private=st.lists(CHARACTERS, min_size=16, max_size=80), data=st.data(), before=STRANGERS)
def test_any_sixteen_characters_in_a_row_are_found(
    private: list[str], data: st.DataObject, before: list[str]
) -> None:
    start = data.draw(st.integers(0, len(private) - 16))
    run = "".join(private[start : start + 16])
    assert fold(run) in found("".join(private), " ".join(before) + "，" + run + "。")


@given(private=st.lists(CHARACTERS, min_size=16, max_size=80, unique_by=fold), data=st.data())
def test_fifteen_characters_in_a_row_are_no_hit(private: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(private) - 15))
    assert found("".join(private), "".join(private[start : start + 15])) == []


@given(
    private=st.lists(st.one_of(WORDS, CHARACTERS), min_size=2, max_size=60, unique_by=fold),
    data=st.data(),
    before=STRANGERS,
)
def test_in_mixed_text_a_word_weighs_two_and_a_character_one(
    private: list[str], data: st.DataObject, before: list[str]
) -> None:
    start = data.draw(st.integers(0, len(private) - 1))
    end = data.draw(st.integers(start + 1, len(private)))
    run = private[start:end]
    is_heavy = sum(map(weight, run)) >= 16
    assert bool(found(" ".join(private), " ".join([*before, *run]))) is is_heavy


@pytest.mark.parametrize(
    "written",
    [
        "Alpha BETA gamma delta epsilon zeta eta theta",
        "alpha, beta; gamma — delta (epsilon) “zeta” eta... theta!",
        "alpha\nbeta\tgamma\r\ndelta epsilon zeta\u00a0eta\u3000theta",
        "al\u00adpha beta gam\u200bma delta epsilon zeta eta the\u2060ta",
        "ａｌｐｈａ beta ｇａｍｍａ delta epsilon zeta eta theta",
        "alpha *beta* _gamma_ **delta** `epsilon` ~~zeta~~ eta/theta",
    ],
)
def test_case_punctuation_width_and_invisible_characters_do_not_hide_a_run(written: str) -> None:
    assert found("alpha beta gamma delta epsilon zeta eta theta", written)


def test_apostrophes_do_not_cut_words() -> None:
    assert words("Don't, can’t") == ["dont", "cant"]


def test_rows_of_digits_and_single_letters_are_no_phrase() -> None:
    """A table of numbers or the path of a drawing says nothing."""
    row = "0 0 24 24 1 2 3 4 5 6 7 8 a b c d"
    assert found(row, row) == []
    assert found(row + " alpha", row + " alpha")


def test_a_collision_of_hashes_accuses_nobody() -> None:
    vocabulary = Vocabulary()
    private = [vocabulary.learn("alpha beta gamma delta epsilon zeta eta theta")]
    vocabulary.learn("iota kappa lambda mu nu xi omicron pi")
    vocabulary.close()
    vocabulary._values = np.ones_like(vocabulary._values)  # every window of eight words has the same hash now
    search = Search(vocabulary, private)
    search.look(0, vocabulary.read("iota kappa lambda mu nu xi omicron pi"))
    search.look(1, vocabulary.read("alpha beta gamma delta epsilon zeta eta theta"))
    assert search.found().files.tolist() == [1]


def test_a_run_does_not_reach_from_one_file_into_the_next() -> None:
    vocabulary = Vocabulary()
    private = [vocabulary.learn("alpha beta gamma delta epsilon zeta eta theta")]
    vocabulary.close()
    search = Search(vocabulary, private)
    search.look(0, vocabulary.read("alpha beta gamma delta"))
    search.look(1, vocabulary.read("epsilon zeta eta theta"))
    assert len(search.found()) == 0


def test_a_file_longer_than_a_batch_is_searched_to_its_end() -> None:
    vocabulary = Vocabulary()
    private = [vocabulary.learn("alpha beta gamma delta epsilon zeta eta theta")]
    vocabulary.close()
    search = Search(vocabulary, private)
    filler = "stranger " * 250_000
    for file in range(3):
        search.look(file, vocabulary.read(filler))
    search.look(3, vocabulary.read(filler + "alpha beta gamma delta epsilon zeta eta theta"))
    assert search.found().files.tolist() == [3]
