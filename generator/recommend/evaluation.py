"""How good a model is: every lesson is ranked for every judging reader, what the reader has taken up already is left out, and what was
held back must come first. No sampled negatives.

    NDCG@10       gain 1 for a held lesson, discount log2(place + 1), against the best possible with min(10, held) hits (Järvelin & Kekäläinen 2002)
    Recall@20     held lessons among the first 20, of all held ones
    coverage@10   lessons that stand in anybody's first 10, of all lessons
    length        how many lessons the first 10 hold on average: a model that knows nothing of a reader has nothing to show

A lesson whose score is not above zero is not shown, and so is no hit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.recommend.models.model import Model
from generator.recommend.sparse import across

NDCG_AT = 10
RECALL_AT = 20
READERS_AT_ONCE = 256

Floats = NDArray[np.float64]

_DISCOUNT = 1 / np.log2(np.arange(2, 2 + RECALL_AT))
_BEST = np.concatenate(
    ([1.0], np.cumsum(_DISCOUNT))
)  # by number of held lessons; 1 for none, which judge nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """ndcg, recall: one for each judging reader, in the order of the split, so that two models can be compared reader by reader."""

    ndcg: Floats
    recall: Floats
    coverage: float
    length: float

    @property
    def ndcg_mean(self) -> float:
        return float(self.ndcg.mean()) if len(self.ndcg) else 0.0

    @property
    def recall_mean(self) -> float:
        return float(self.recall.mean()) if len(self.recall) else 0.0


def evaluate(
    model: Model,
    history: csr_array,
    held: csr_array,
    readers: NDArray[np.int64],
    *,
    pool: NDArray[np.bool_] | None = None,
) -> Scores:
    """history, held: readers × lessons. readers: the rows that judge. pool: only these lessons may be shown."""
    lessons = history.shape[1]
    if not len(readers) or not lessons:
        return Scores(ndcg=np.zeros(0), recall=np.zeros(0), coverage=0.0, length=0.0)

    def part(rows: slice) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.bool_]]:
        chosen = readers[rows]
        places, shown = ranked(model, csr_array(history[chosen]), RECALL_AT, pool=pool)
        wanted = csr_array(held[chosen])
        hits = (np.take_along_axis(wanted.toarray(), places, 1) > 0) & shown
        count = np.diff(wanted.indptr)
        gained = hits[:, :NDCG_AT] @ _DISCOUNT[: min(NDCG_AT, hits.shape[1])]
        return gained / _BEST[np.minimum(count, NDCG_AT)], hits.sum(1) / np.maximum(count, 1), places, shown

    parts = across(part, len(readers), READERS_AT_ONCE)
    places = np.concatenate([found[2][:, :NDCG_AT] for found in parts])
    shown = np.concatenate([found[3][:, :NDCG_AT] for found in parts])
    return Scores(
        ndcg=np.concatenate([found[0] for found in parts]),
        recall=np.concatenate([found[1] for found in parts]),
        coverage=len(np.unique(places[shown])) / lessons,
        length=float(shown.sum(1).mean()),
    )


def ranked(
    model: Model, history: csr_array, count: int, *, pool: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each row the first `count` lessons and whether each is shown. Equal scores by place in the catalogue."""
    scores = model.scores(history)
    if pool is not None:
        scores[:, ~pool] = -np.inf
    row = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr))
    scores[row, history.indices] = -np.inf
    count = min(count, scores.shape[1])
    first = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    first.sort(axis=1)
    values = np.take_along_axis(scores, first, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(first, order, 1), np.take_along_axis(values, order, 1) > 0
