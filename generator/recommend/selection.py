"""Chooses the model of a build: every candidate learns from four fifths, is cut to what would be published, and is judged by the rest.

More than MOST_READERS readers are sampled for the choice, and at most JUDGES of them judge; the chosen model is fitted to all readers. Same
readings, same seed: same choice. With too few readers to judge (FEWEST_JUDGES) nothing is chosen, and course order stands.

What stands below a lesson, for whoever comes by, is judged apart: from one lesson of each judge, what else did they take up? One lesson says less
of a reader than a history, so content counts for more there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array

from generator.recommend import candidates
from generator.recommend.candidates import Candidate
from generator.recommend.evaluation import Scores, evaluate
from generator.recommend.gate import Judged, Verdict, decide, lower_bound
from generator.recommend.material import Material, material, shipped
from generator.recommend.models.model import Model
from generator.recommend.models.popularity import popularity
from generator.recommend.queries import LEAST_READERS
from generator.recommend.readings import Readings
from generator.recommend.splitting import Split, sample, split

MOST_READERS = 100_000
JUDGES = 2_000
FEWEST_JUDGES = 20

Said = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """judged: best first. chosen: None when there was nothing to judge by. related: what lists below a lesson are made with.

    readers: who took up anything; judges: who judged. candidates: those that were judged, by name.
    """

    judged: tuple[Judged, ...]
    verdict: Verdict
    chosen: Candidate | None
    related: Candidate | None
    readers: int
    judges: int
    by_time: bool
    candidates: Mapping[str, Candidate] = field(default_factory=dict)

    @property
    def ndcg(self) -> float | None:
        """What was published is worth so much; None when nothing was judged."""
        return next((one.ndcg for one in self.judged if one.name == self.verdict.published), None)


def choose(
    readings: Readings,
    contents: Mapping[float, csr_array],
    courses: Sequence[Sequence[int]],
    *,
    terms: csr_array | None = None,
    seed: int,
    last: float | None = None,
    least: int = LEAST_READERS,
    cut: bool = True,
    said: Said = lambda _what, _done, _of: None,
) -> Choice:
    """contents: sharpness → lessons × lessons. courses: places in reading order. last: as `gate.decide` has it. least, cut: as `material`
    and `shipped` have it; others than the usual ones only compare models with literature.
    """
    readers = readings.matrix.shape[0]
    parted = split(sample(readings, MOST_READERS, seed=seed), seed=seed, judges=JUDGES)
    if len(parted.readers) < FEWEST_JUDGES:
        why = f"{len(parted.readers)} readers have two lessons or more; {FEWEST_JUDGES} are needed to judge a model"
        return Choice(
            judged=(),
            verdict=Verdict(published="course order", refused=(why,)),
            chosen=None,
            related=None,
            readers=readers,
            judges=len(parted.readers),
            by_time=parted.by_time,
        )
    bench = _Bench(parted, material(parted.train, contents, courses, terms=terms, least=least), cut, said)
    bench.judge(candidates.baselines(readings.at is not None))
    bench.judge(candidates.contents(bench.material))
    bench.judge(candidates.behaviours(len(readings.lessons)))
    behaviour = bench.best(*candidates.BEHAVIOURS)
    sharpest = bench.best("content")
    related = behaviour
    if behaviour is not None and sharpest is not None:
        offered = list(candidates.blends(behaviour, float(sharpest.name.rpartition(" ")[2])))
        if bench.material.terms is not None:
            offered += candidates.over_terms()
        bench.judge(offered)
        bench.judge(bench.pair("fsSLIM with", "RP3beta"))
        related = bench.best_from_one_lesson([behaviour, sharpest, *offered], seed)
    judged = bench.table(seed)
    verdict = decide(judged, last)
    return Choice(
        judged=judged,
        verdict=verdict,
        chosen=bench.candidates[verdict.published],
        related=related,
        readers=readers,
        judges=len(parted.readers),
        by_time=parted.by_time,
        candidates=bench.candidates,
    )


def fit(chosen: Candidate, made_of: Material) -> Model:
    """The chosen model of all readers, as it is published."""
    model = chosen.fit(made_of)
    return Model(
        name=chosen.name,
        weights=shipped(model.weights, made_of.readings.counts),
        base=popularity(made_of.readings).base,
    )


class _Bench:
    """Candidates on one split, with their scores."""

    def __init__(self, parted: Split, made_of: Material, cut: bool, said: Said) -> None:
        self.material = made_of
        self.candidates: dict[str, Candidate] = {}
        self._parted = parted
        self._scores: dict[str, Scores] = {}
        self._seconds: dict[str, float] = {}
        self._published: dict[str, Model] = {}
        self._cut = cut
        self._said = said

    def judge(self, offered: Iterable[Candidate]) -> None:
        for candidate in offered:
            begun = time.perf_counter()
            model = candidate.fit(self.material)
            self.candidates[candidate.name] = candidate
            parted = self._parted
            model = self._published[candidate.name] = self._as_published(model)
            self._scores[candidate.name] = evaluate(model, parted.train.matrix, parted.held, parted.readers)
            self._seconds[candidate.name] = time.perf_counter() - begun
            self._said(candidate.name, len(self.candidates), len(self.candidates))

    def pair(self, *beginnings: str) -> Iterator[Candidate]:
        """The best blend of each kind, together, if there is one of each."""
        best = []
        for beginning in beginnings:
            of = [
                name
                for name, one in self.candidates.items()
                if one.family == "blend" and name.split(beginning)[0] == "" and "terms" in name
            ]
            if of:
                best.append(self.candidates[max(of, key=lambda name: (self._scores[name].ndcg_mean, name))])
        if len(best) == len(beginnings) == 2:
            yield candidates.together(*best)

    def best_from_one_lesson(self, offered: Sequence[Candidate], seed: int) -> Candidate:
        """The candidate that knows most of a judge from a single lesson, chosen by lot."""
        parted = self._parted
        train = parted.train.matrix
        lengths = np.diff(train.indptr)[parted.readers]
        lot = np.random.default_rng(seed).random(len(lengths))
        entry = train.indptr[parted.readers] + (lot * lengths).astype(np.int64)
        single = csr_array(
            (np.ones(len(entry), np.float32), (parted.readers, train.indices[entry])), shape=train.shape
        )

        def worth(candidate: Candidate) -> tuple[float, str]:
            return evaluate(
                self._published[candidate.name], single, parted.held, parted.readers
            ).ndcg_mean, candidate.name

        return max(offered, key=worth)

    def _as_published(self, model: Model) -> Model:
        if not self._cut:
            return model
        return replace(model, weights=shipped(model.weights, self.material.readings.counts))

    def best(self, *families: str) -> Candidate | None:
        of = [name for name, candidate in self.candidates.items() if candidate.family in families]
        return self.candidates[max(of, key=lambda name: (self._scores[name].ndcg_mean, name))] if of else None

    def table(self, seed: int) -> tuple[Judged, ...]:
        floor = self.best("popularity")
        assert floor is not None  # noqa: S101 - baselines have one
        against = self._scores[floor.name].ndcg
        judged = [
            Judged(
                name=name,
                family=self.candidates[name].family,
                ndcg=scores.ndcg_mean,
                recall=scores.recall_mean,
                coverage=scores.coverage,
                length=scores.length,
                lower=lower_bound(scores.ndcg, against, seed=seed),
                seconds=self._seconds[name],
            )
            for name, scores in self._scores.items()
        ]
        return tuple(sorted(judged, key=lambda one: (-one.ndcg, one.name)))
