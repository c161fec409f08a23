"""Whether a model may be published. Rules:

- The lower end of the 95 % interval of a paired bootstrap, over judging readers, of NDCG@10 against the best popularity is above zero.
- coverage@10 is at least popularity's, and lists are on average at least LENGTH_SHARE as long as popularity's.
- NDCG@10 is not more than DROP below what the last build published.

Else popularity, course order or content is, whichever is best on validation. Every refusal says what failed, with its figures.
The bootstrap draws whole readers with replacement (Efron 1979); same seed, same bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
LOWER_PERCENT = 2.5
LENGTH_SHARE = 0.9
DROP = 0.02
FALLBACKS = ("popularity", "course order", "content")

_AT_ONCE = 4_000_000  # draws: 32 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate on validation. lower: of its NDCG@10 minus popularity's; 0 for popularity itself. lasting: seconds to fit and judge."""

    name: str
    family: str
    ndcg: float
    recall: float
    coverage: float
    length: float
    lower: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """published: the candidate's name. refused: why the best one was not published, a line each; empty when it was."""

    published: str
    refused: tuple[str, ...]


def lower_bound(model: NDArray[np.float64], popularity: NDArray[np.float64], *, seed: int) -> float:
    """The lower end of the interval of the mean difference. One number for each reader, in the same order; no reader: -inf."""
    difference = model - popularity
    count = len(difference)
    if not count:
        return float("-inf")
    lot = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // count)
    means = np.concatenate(
        [
            difference[lot.integers(0, count, (min(step, RESAMPLES - done), count))].mean(axis=1)
            for done in range(0, RESAMPLES, step)
        ]
    )
    return float(np.percentile(means, LOWER_PERCENT))


def decide(judged: Sequence[Judged], last: float | None) -> Verdict:
    """last: NDCG@10 of what the last build published, on its own validation split; None when there was none.

    judged must hold a popularity.
    """
    floor = max((one for one in judged if one.family == "popularity"), key=_rank)
    models = [one for one in judged if one.family not in FALLBACKS]
    stand_in = max((one for one in judged if one.family in FALLBACKS), key=_rank)
    if not models:
        return Verdict(published=stand_in.name, refused=("no model could be fitted",))
    best = max(models, key=_rank)
    refused = tuple(_objections(best, floor, last))
    return Verdict(published=stand_in.name if refused else best.name, refused=refused)


def _rank(one: Judged) -> tuple[float, str]:
    return one.ndcg, one.name


def _objections(best: Judged, floor: Judged, last: float | None) -> list[str]:
    said = []
    if not best.lower > 0:
        said.append(
            f"not surely better than popularity: NDCG@10 {best.ndcg:.4f} against {floor.ndcg:.4f}, lower bound of the difference {best.lower:+.4f}"
        )
    if best.coverage < floor.coverage:
        said.append(
            f"shows fewer lessons than popularity: coverage@10 {best.coverage:.1%} against {floor.coverage:.1%}"
        )
    if best.length < LENGTH_SHARE * floor.length:
        said.append(f"its lists are too short: {best.length:.1f} lessons against {floor.length:.1f}")
    if last is not None and best.ndcg < (1 - DROP) * last:
        said.append(
            f"worse than the last build's: NDCG@10 {best.ndcg:.4f} against {last:.4f}, more than {DROP:.0%} below"
        )
    return said
