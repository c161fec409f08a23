from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from generator.recommend.blend import blended, cold


def matrix(*entries: tuple[int, int, float], size: int = 4) -> csr_array:
    found = np.zeros((size, size), np.float32)
    for row, column, value in entries:
        found[row, column] = value
    return csr_array(found)


# Readers join 0 and 1, both ways; lesson 2 is alone among readers and like lesson 1; lesson 3 is like lesson 0.
BEHAVIOUR = matrix((0, 1, 2.0), (1, 0, 2.0))
CONTENT = matrix((1, 2, 0.5), (2, 1, 0.5), (0, 3, 0.1), (3, 0, 0.1))


def test_content_leads_to_new_lessons_and_through_behaviour_further() -> None:
    found = blended(BEHAVIOUR, CONTENT, 0.5).toarray()
    assert found[1, 2] > 0  # like it
    assert found[0, 2] > 0  # readers of 0 went on to 1, which is like 2
    assert found[2, 0] > 0  # and back: 2 is like 1, whose readers went on to 0
    assert blended(BEHAVIOUR, CONTENT, 0.5, through=0).toarray()[0, 2] == 0


def test_behaviour_says_more_of_known_lessons_the_smaller_the_share() -> None:
    found = blended(BEHAVIOUR, CONTENT, 0.1).toarray()
    assert found[0, 1] > 5 * found[0, 3] > 0


def test_a_share_of_zero_is_behaviour_alone() -> None:
    assert blended(BEHAVIOUR, CONTENT, 0.0) is BEHAVIOUR


@pytest.mark.parametrize("behaviour", [matrix(), BEHAVIOUR])
def test_nothing_to_mix_with_stays_what_it_is(behaviour: csr_array) -> None:
    found = blended(behaviour, matrix(), 0.5)
    assert ((found > 0) != (behaviour > 0)).nnz == 0
    assert np.isfinite(found.data).all()
    assert blended(matrix(), CONTENT, 0.5).toarray()[2, 1] > 0


def test_new_lessons_are_ranked_by_what_they_are_like() -> None:
    scores = cold(BEHAVIOUR, CONTENT).scores(matrix((0, 1, 1.0)))[0]
    assert min(scores[2], scores[3]) > 0
    assert scores[0] == scores[1] == 0
