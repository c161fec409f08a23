"""What the recommend stage costs: simulated signals of many readers in, recommendations out, counting included, in one process."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from generator.access.edition import Edition
from generator.recommend.counting import load_interactions
from generator.recommend.ranking import rank
from tests.benchmarks.recommend.quality import Figure
from tests.benchmarks.recommend.simulate import write_signals
from tests.generator.site.editions import course, edition, lesson

MOST_SECONDS = 120.0
EVENTS_PER_READER = 14
LESSONS_A_COURSE = 20
WORDS, VOCABULARY = 400, 20_000


def cost(readers: int, lessons: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="lyceum-bench-") as folder:
        signals = Path(folder) / "signals"
        signals.mkdir()
        events = write_signals(signals, readers=readers, lessons=lessons, events=readers * EVENTS_PER_READER)
        made = _school(lessons, load_interactions(signals).lessons)
        begun = time.perf_counter()
        interactions = load_interactions(signals)
        counted = time.perf_counter()
        found = rank(made, interactions, Path(folder))
        seconds = time.perf_counter() - begun
    note = f"{events:,} events, counting {counted - begun:.0f} s; {found.recommendations.model}"
    yield Figure(what="the whole stage, seconds", value=seconds, bar=MOST_SECONDS, note=note, is_cost=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    yield Figure(what="peak memory, GB", value=peak)
    rows = [len(row) for row in found.recommendations.rows.values()]
    yield Figure(what="bytes of the longest row", value=max(rows, default=0), bar=500, is_cost=True)


def _school(lessons: int, ids: tuple[str, ...]) -> Edition:
    """Courses of lessons that have these ids, as far as they go, each with text of a Zipf-like vocabulary and two tags."""
    names = (*ids, *(f"none/{place}" for place in range(lessons - len(ids))))
    words = [f"word{place}" for place in range(VOCABULARY)]

    def text(place: int) -> str:
        lot = np.random.default_rng(place)
        return " ".join(words[min(VOCABULARY - 1, int(draw * 20))] for draw in lot.pareto(0.8, WORDS))

    return edition(
        *(
            course(
                f"course-{first // LESSONS_A_COURSE}",
                *(
                    lesson(
                        f"{place:05}-l{place}.md",
                        text(place),
                        id=names[place],
                        tags=(f"t{first // LESSONS_A_COURSE % 50}", f"u{place % LESSONS_A_COURSE}"),
                    )
                    for place in range(first, min(first + LESSONS_A_COURSE, lessons))
                ),
            )
            for first in range(0, lessons, LESSONS_A_COURSE)
        ),
        products=[],
    )
