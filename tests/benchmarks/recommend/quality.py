"""How good the models are, on the measured behaviour, beside the bars. Every number of a model is chosen on validation inside what it may learn from.

behaviour   80/20 per reader; models of behaviour alone
tags        the same with articles' tags as content
cold        a fifth of the articles held out of every library; only these are ranked, for every reader
related     lists below an article against the articles that it cites or that cite it
few         whole libraries of 100, 300, 1,000 readers to learn from, 1,000 others judge (80/20); content alone beside it
shipped     the published form: 50 of a row, uint8, unpacked from the bytes; beside the same model uncut
unseen      the same 1,000 readers with the same number of readers to learn from: once among them, once not
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from generator.recommend import candidates
from generator.recommend.blend import cold
from generator.recommend.candidates import Candidate
from generator.recommend.evaluation import NDCG_AT, Scores, evaluate
from generator.recommend.gate import lower_bound
from generator.recommend.material import Material, material, shipped
from generator.recommend.models.model import Model
from generator.recommend.models.popularity import popularity
from generator.recommend.packing import Entry, pack, unpack
from generator.recommend.readings import Readings
from generator.recommend.selection import Choice, choose
from generator.recommend.sparse import top_rows
from tests.benchmarks.recommend.citeulike import Community, Places, parted, rows

SEED = 0
OTHERS = 1_000
COLD_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured. bar: at least so much, or at most where it is a cost; None where there is none."""

    what: str
    value: float
    bar: float | None = None
    note: str = ""
    is_cost: bool = False

    @property
    def is_held(self) -> bool:
        if self.bar is None:
            return True
        return self.value <= self.bar if self.is_cost else self.value >= self.bar


class Quality:
    """The cases, sharing what they have in common."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.alike = {sharpness: community.alike(sharpness) for sharpness in candidates.SHARPNESSES}
        self.terms = community.terms()
        kept, held = parted(community.libraries)
        self.train = community.readings(kept)
        self.held = rows(held, community.articles)
        self._choices: dict[tuple[bool, int], tuple[Choice, Material]] = {}

    def behaviour(self) -> Iterator[Figure]:
        choice, made_of = self._choice(cut=False)
        found = self._evaluate(self._best(choice, *candidates.BEHAVIOURS).fit(made_of))
        floor = self._evaluate(popularity(self.train))
        yield Figure(what="popularity, NDCG@10", value=floor.ndcg_mean, note="no bar")
        name = next(one.name for one in choice.judged if one.family in candidates.BEHAVIOURS)
        yield Figure(what="behaviour only, NDCG@10", value=found.ndcg_mean, bar=0.245, note=name)
        yield Figure(what="behaviour only, Recall@20", value=found.recall_mean, bar=0.305)
        yield Figure(
            what="lower bound of the difference to popularity",
            value=lower_bound(found.ndcg, floor.ndcg, seed=SEED),
            bar=0.0,
        )

    def tags(self) -> Iterator[Figure]:
        choice, made_of = self._choice(cut=False)
        best = self._best(choice, "blend")
        found = self._evaluate(best.fit(made_of))
        yield Figure(what="behaviour + tags, NDCG@10", value=found.ndcg_mean, bar=0.255, note=best.name)
        yield Figure(what="behaviour + tags, Recall@20", value=found.recall_mean, bar=0.32)

    def cold(self) -> Iterator[Figure]:
        count = self.community.articles
        is_new = np.zeros(count, np.bool_)
        is_new[np.random.default_rng(SEED).permutation(count)[: int(COLD_SHARE * count)]] = True
        old = [library[~is_new[library]] for library in self.community.libraries]
        new = [library[is_new[library]] for library in self.community.libraries]
        readings = self.community.readings(old)
        choice, _ = self._choice(cut=False)
        made_of = material(readings, self.alike, [], terms=self.terms, least=1)
        behaviour = self._best(choice, *candidates.BEHAVIOURS).fit(made_of).weights
        content = self.alike[_sharpness(choice)]
        held = rows(new, count)
        readers = _judges(readings.matrix, held)
        found = evaluate(cold(behaviour, content), readings.matrix, held, readers, pool=is_new)
        alone = evaluate(Model(name="content", weights=content), readings.matrix, held, readers, pool=is_new)
        yield Figure(what="new articles, content alone, NDCG@10", value=alone.ndcg_mean, note="no bar")
        yield Figure(what="new articles, NDCG@10", value=found.ndcg_mean, bar=0.29)

    def related(self) -> Iterator[Figure]:
        choice, made_of = self._choice(cut=False)
        assert choice.related is not None
        weights = top_rows(choice.related.fit(made_of).weights, NDCG_AT)
        cited = rows(self.community.citations, self.community.articles)
        single = csr_array(
            (
                np.ones(cited.shape[0], np.float32),
                np.arange(cited.shape[0]),
                np.arange(cited.shape[0] + 1),
            ),
            shape=cited.shape,
        )
        readers = np.flatnonzero(np.diff(cited.indptr) > 0)
        found = evaluate(Model(name="related", weights=weights), single, cited, readers)
        yield Figure(
            what="related against citations, NDCG@10",
            value=found.ndcg_mean,
            bar=0.18,
            note=choice.related.name,
        )

    def few(self) -> Iterator[Figure]:
        order = np.random.default_rng(SEED).permutation(len(self.community.libraries))
        libraries = self.community.libraries
        history, held = parted([libraries[place] for place in order[:OTHERS]])
        judged = self.community.readings(history), rows(held, self.community.articles)
        for count in (100, 300, 1_000):
            readings = self.community.readings([libraries[place] for place in order[OTHERS : OTHERS + count]])
            choice = choose(readings, self.alike, [], terms=self.terms, seed=SEED, least=1, cut=False)
            made_of = material(readings, self.alike, [], terms=self.terms, least=1)
            best = self._best(choice)
            found = self._evaluate(best.fit(made_of), *judged)
            content = self._evaluate(Model(name="content", weights=self.alike[_sharpness(choice)]), *judged)
            yield Figure(
                what=f"{count} readers to learn from, NDCG@10",
                value=found.ndcg_mean,
                bar=max(0.146, content.ndcg_mean),
                note=f"content alone {content.ndcg_mean:.4f}; {best.name}",
            )

    def shipped(self) -> Iterator[Figure]:
        choice, made_of = self._choice(cut=True)
        best = self._best(choice)
        full = best.fit(made_of)
        whole = self._evaluate(full)
        short = shipped(full.weights, self.train.counts)
        seen = self._evaluate(_unpacked(short))
        yield Figure(what="uncut, NDCG@10", value=whole.ndcg_mean, note=best.name)
        yield Figure(
            what="as shipped, NDCG@10", value=seen.ndcg_mean, note="50 of a row, uint8, one scale a row"
        )
        yield Figure(what="as shipped / uncut", value=seen.ndcg_mean / whole.ndcg_mean, bar=0.98)
        greatest = np.maximum(short.max(axis=1).toarray().ravel(), 1e-12)
        flat = csr_array(short / greatest[:, None])
        yield Figure(what="without the rows' scales", value=self._evaluate(_unpacked(flat)).ndcg_mean)
        positive = short.copy()
        positive.data = np.maximum(positive.data, 0)
        positive.eliminate_zeros()
        yield Figure(what="without negative weights", value=self._evaluate(_unpacked(positive)).ndcg_mean)
        strict, evident = self._choice(cut=True, least=5)
        published = self._best(strict).fit(evident)
        lasting = self._evaluate(_unpacked(shipped(published.weights, self.train.counts)))
        share = evident.shared.nnz / max(1, made_of.shared.nnz)
        yield Figure(
            what="published: without pairs of fewer than 5 readers",
            value=lasting.ndcg_mean,
            note=f"{share:.1%} of the pairs remain; {strict.judged[0].name}",
        )

    def unseen(self) -> Iterator[Figure]:
        choice, _ = self._choice(cut=False)
        count = len(self.community.libraries)
        order = np.random.default_rng(SEED + 1).permutation(count)
        judging, inside, outside = order[:OTHERS], order[OTHERS : count - OTHERS], order[count - OTHERS :]
        matrix = self.train.matrix
        history = csr_array(matrix[judging])
        held = csr_array(self.held[judging])

        def learned(readers: Places) -> Scores:
            readings = replace(self.train, matrix=csr_array(matrix[np.sort(readers)]))
            made_of = material(readings, self.alike, [], terms=self.terms, least=1)
            best = self._best(choice)
            model = best.fit(made_of)
            return evaluate(model, history, held, _judges(history, held))

        seen = learned(np.concatenate((judging, inside)))
        unseen = learned(np.concatenate((outside, inside)))
        below = lower_bound(unseen.ndcg, seen.ndcg, seed=SEED)
        above = -lower_bound(seen.ndcg, unseen.ndcg, seed=SEED)
        yield Figure(what="the same readers, learned from, NDCG@10", value=seen.ndcg_mean)
        yield Figure(
            what="never seen in training, NDCG@10",
            value=unseen.ndcg_mean,
            note=f"difference between {below:+.4f} and {above:+.4f} (95 %)",
        )
        yield Figure(what="upper end of unseen - seen", value=above, bar=0.0)

    def _choice(self, *, cut: bool, least: int = 1) -> tuple[Choice, Material]:
        if (cut, least) not in self._choices:
            choice = choose(self.train, self.alike, [], terms=self.terms, seed=SEED, least=least, cut=cut)
            self._choices[cut, least] = (
                choice,
                material(self.train, self.alike, [], terms=self.terms, least=least),
            )
        return self._choices[cut, least]

    def _best(self, choice: Choice, *families: str) -> Candidate:
        """The best of these families on validation; of all when none is named."""
        return choice.candidates[
            next(one.name for one in choice.judged if not families or one.family in families)
        ]

    def _evaluate(
        self, model: Model, readings: Readings | None = None, held: csr_array | None = None
    ) -> Scores:
        history = (readings or self.train).matrix
        wanted = self.held if held is None else held
        return evaluate(model, history, wanted, _judges(history, wanted))


def _judges(history: csr_array, held: csr_array) -> Places:
    found: Places = np.flatnonzero((np.diff(history.indptr) > 0) & (np.diff(held.indptr) > 0))
    return found


def _sharpness(choice: Choice) -> float:
    return float(next(one.name for one in choice.judged if one.family == "content").rpartition(" ")[2])


def _unpacked(weights: csr_array) -> Model:
    """The weights as a browser has them, through the bytes."""
    data: list[float] = []
    columns: list[int] = []
    starts = [0]
    for row in range(weights.shape[0]):
        here = slice(weights.indptr[row], weights.indptr[row + 1])
        entries = unpack(
            pack(
                [
                    Entry(key=key, weight=weight)
                    for key, weight in zip(
                        weights.indices[here].tolist(), weights.data[here].tolist(), strict=True
                    )
                ]
            )
        )
        data += [entry.weight for entry in entries]
        columns += [entry.key for entry in entries]
        starts.append(len(data))
    found = csr_array((np.array(data, np.float32), columns, starts), shape=weights.shape)
    return Model(name="as shipped", weights=found)
