from __future__ import annotations

import numpy as np

from generator.recommend.splitting import sample, split
from tests.generator.recommend.communities import groups, readings


def test_the_newest_fifth_of_each_reader_is_held_back() -> None:
    history = [7, 3, 9, 1, 5, 0, 2, 8, 4, 6]
    parted = split(readings([history, [3, 1]], 10, timed=True), seed=1, judges=10)
    assert parted.by_time
    assert sorted(parted.held[[0]].indices.tolist()) == [4, 6]
    assert parted.held[[1]].indices.tolist() == [1]
    assert parted.train.at is not None
    assert len(parted.train.at) == parted.train.matrix.nnz == 9


def test_without_times_it_is_chosen_by_lot_and_the_same_lot_falls_again() -> None:
    school = readings(groups(50, 20), 20)
    first, again, other = (split(school, seed=seed, judges=100) for seed in (1, 1, 2))
    assert not first.by_time
    assert (first.held != again.held).nnz == 0
    assert (first.held != other.held).nnz > 0


def test_what_is_held_back_is_not_learned_from_and_nothing_is_lost() -> None:
    school = readings(groups(50, 20), 20)
    parted = split(school, seed=3, judges=100)
    assert parted.train.matrix.multiply(parted.held).nnz == 0
    assert ((parted.train.matrix + parted.held) != school.matrix).nnz == 0
    kept = np.diff(parted.train.matrix.indptr)
    assert (kept == np.maximum(1, np.floor(0.8 * np.diff(school.matrix.indptr)))).all()


def test_readers_of_one_lesson_judge_nothing_and_are_learned_from() -> None:
    parted = split(readings([[0], [1, 2], [3]], 4), seed=1, judges=10)
    assert parted.readers.tolist() == [1]
    assert parted.train.matrix[[0]].indices.tolist() == [0]


def test_at_most_so_many_judge() -> None:
    assert len(split(readings(groups(50, 20), 20), seed=1, judges=7).readers) == 7


def test_a_sample_keeps_whole_readers_with_their_times() -> None:
    school = readings(groups(50, 20), 20, timed=True)
    part = sample(school, 10, seed=1)
    assert part.matrix.shape == (10, 20)
    assert part.at is not None
    assert len(part.at) == part.matrix.nnz
    whole = {tuple(school.matrix[[row]].indices) for row in range(50)}
    assert all(tuple(part.matrix[[row]].indices) in whole for row in range(10))
    assert sample(school, 50, seed=1) is school


def test_nobody_is_split_into_nobody() -> None:
    parted = split(readings([], 3), seed=1, judges=5)
    assert parted.train.matrix.shape == (0, 3)
    assert len(parted.readers) == 0
