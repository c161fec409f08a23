from __future__ import annotations

import numpy as np
import pytest

from generator.catalogue.model import Lesson
from generator.recommend import readings as room
from generator.recommend.readings import Readings, readings_of
from tests.generator.recommend.communities import interactions
from tests.generator.site.editions import course, edition, lesson

SCHOOL = edition(
    course("c", lesson("01-a.md"), lesson("02-new-name.md", moved_from=("c/old-name/",)), lesson("03-d.md"))
)
LESSONS: list[Lesson] = [one for whole in SCHOOL.courses for one in whole.lessons]


def of(*events: tuple[int, str] | tuple[int, str, int]) -> Readings:
    return readings_of(interactions(events), LESSONS)


def test_readers_and_lessons_become_a_matrix_in_the_schools_order() -> None:
    found = of((0, "c/d"), (0, "c/a"), (1, "c/d"))
    assert found.lessons == ("c/a", "c/new-name", "c/d")
    assert found.matrix.toarray().tolist() == [[1, 0, 1], [0, 0, 1]]
    assert found.at is None


@pytest.mark.parametrize("old", ["c/old-name", "c/old-name/"])
def test_a_renamed_lesson_keeps_its_readers(old: str) -> None:
    assert of((0, old), (0, "c/a")).matrix.toarray().tolist() == [[1, 1, 0]]


def test_two_names_of_one_lesson_are_one_reading_at_the_earlier_time() -> None:
    found = of((0, "c/new-name", 900), (0, "c/old-name", 100), (0, "c/a", 500))
    assert found.matrix.toarray().tolist() == [[1, 1, 0]]
    assert found.at is not None
    assert found.at.tolist() == [500, 100]


def test_signals_of_lessons_that_are_gone_count_nowhere() -> None:
    found = of((0, "c/gone"), (1, "c/a"), (2, "c/gone"))
    assert found.matrix.toarray().tolist() == [[1, 0, 0]]


def test_a_school_without_readers_or_lessons() -> None:
    assert of().matrix.shape == (0, 3)
    assert readings_of(interactions([(0, "c/a")]), []).matrix.shape == (0, 0)


def test_only_a_readers_latest_lessons_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LONGEST_HISTORY", 2)
    found = of((0, "c/a", 30), (0, "c/new-name", 10), (0, "c/d", 20), (1, "c/a", 5))
    assert found.matrix.toarray().tolist() == [[1, 0, 1], [1, 0, 0]]
    assert found.at is not None
    assert found.at.tolist() == [30, 20, 5]


def test_counts_and_lengths() -> None:
    found = of((0, "c/a"), (0, "c/d"), (1, "c/a"))
    np.testing.assert_array_equal(found.counts, [2, 0, 1])
    np.testing.assert_array_equal(found.lengths, [2, 1])
