from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from generator.recommend.content import KEEP, Traits, by_rank, counted, features, words
from generator.recommend.content import alike as alike_counted


def alike(traits: list[Traits], sharpness: float = 1.0) -> csr_array:
    return alike_counted(counted(traits), sharpness=sharpness, keep=KEEP)


def test_latin_words_and_pairs_of_chinese_signs_are_terms() -> None:
    assert words("B+树 的 Page 分裂，page_size") == ["b+", "page", "page_size", "分裂"]
    assert words("缓冲池管理") == ["缓冲", "冲池", "池管", "管理"]


def test_lessons_on_the_same_thing_are_more_alike() -> None:
    found = alike(
        [
            Traits(text="缓冲池把页留在内存里，替换页"),
            Traits(text="页的替换：缓冲池满了怎么办"),
            Traits(text="协程与事件循环，取消任务"),
            Traits(text="事件循环怎样调度协程和任务"),
        ]
    ).toarray()
    assert found[0].argmax() == 1
    assert found[3].argmax() == 2
    assert (np.diag(found) == 0).all()
    assert found.max() <= 1 + 1e-6


def test_tags_and_headings_count_beside_words() -> None:
    plain = [Traits(text="alpha beta"), Traits(text="gamma delta"), Traits(text="alpha delta")]
    tagged = [
        Traits(text="alpha beta", tags=("Locks",)),
        Traits(text="gamma delta", tags=("locks",)),
        Traits(text="alpha delta"),
    ]
    assert alike(plain).toarray()[0, 1] == 0
    assert alike(tagged).toarray()[0, 1] > 0
    assert alike([Traits(headings=("Alpha",)), Traits(headings=("alpha!",))]).toarray()[0, 1] > 0


@pytest.mark.parametrize("traits", [[], [Traits()], [Traits(), Traits()], [Traits(text="one two"), Traits()]])
def test_lessons_without_terms_are_like_none(traits: list[Traits]) -> None:
    found = alike(traits)
    assert found.shape == (len(traits), len(traits))
    assert found.nnz == 0


def test_rare_terms_say_more_the_sharper() -> None:
    texts = [Traits(text=f"common rare{number // 2}") for number in range(20)]
    usual, sharp = alike(texts).toarray(), alike(texts, sharpness=3).toarray()
    assert sharp[0, 1] == pytest.approx(1)
    assert sharp[0, 5] < usual[0, 5]


def test_by_rank_keeps_the_order_and_nothing_else() -> None:
    texts = [
        Traits(text="a1 b1 c1 d1"),
        Traits(text="a1 b1 c1 x1"),
        Traits(text="a1 b1 y1"),
        Traits(text="a1"),
    ]
    values, ranks = alike(texts).toarray(), by_rank(alike(texts)).toarray()
    assert np.argsort(-values[0])[:3].tolist() == np.argsort(-ranks[0])[:3].tolist() == [1, 2, 3]
    assert sorted(ranks[0][ranks[0] > 0].tolist(), reverse=True) == [1, 0.5, np.float32(1 / 3)]


def test_features_have_length_one_on_average_and_are_longer_where_more_is_said() -> None:
    found = features(
        counted([Traits(text="a1 b1 c1"), Traits(text="a1 b1 c1 d1"), Traits(text="d1 a1"), Traits()])
    )
    lengths = np.asarray(found.power(2).sum(axis=1)).ravel()
    assert lengths[:3].mean() == pytest.approx(1, rel=1e-5)
    assert lengths[1] > lengths[0] > lengths[3] == 0
