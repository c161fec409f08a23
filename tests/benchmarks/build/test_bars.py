"""The benchmark judges what was measured, and nothing else."""

from __future__ import annotations

from tests.benchmarks.build import report
from tests.benchmarks.build.bars import Verdict, verdicts
from tests.benchmarks.build.measure import Sample


def sample(wall: float, *, cpu: float = 1.0, search: float = 0.0, files: int | None = None) -> Sample:
    return Sample(
        wall_seconds=wall, cpu_seconds=cpu, peak_mb=100, stages={"search": search}, files_written=files
    )


def found(samples: dict[str, list[Sample]], bar: str) -> Verdict:
    chosen = [v for v in verdicts(samples, {}, 1000, 10_000) if f"{v.case}: {v.bar}" == bar]
    assert len(chosen) == 1
    return chosen[0]


def test_a_bar_is_judged_by_medians_of_one_run() -> None:
    samples = {
        "lyceum 1000 cold": [sample(10), sample(900), sample(9)],
        "material 1000 cold": [sample(41), sample(40), sample(1)],
    }
    bar = "1000 lessons, cold: wall, of Material's with navigation.prune"
    assert (found(samples, bar).value, found(samples, bar).holds) == (0.25, True)
    samples["material 1000 cold"][1:] = [sample(39), sample(39)]
    assert found(samples, bar).holds is False


def test_the_search_index_is_left_out_where_the_peer_makes_none() -> None:
    samples = {
        "lyceum 1000 public edit": [sample(3.0, search=2.5)],
        "lyceum 1000 private edit": [sample(0.6)],
        "hugo 1000 one": [sample(4.0)],
    }
    verdict = found(samples, "one of 1000 changed: wall without search, of Hugo's")
    assert verdict.value == 0.15


def test_a_file_that_was_written_although_nothing_changed_fails() -> None:
    samples = {"lyceum 10000 nothing": [sample(1, files=0), sample(1, files=1)]}
    assert found(samples, "nothing of 10000 changed: files written").holds is False


def test_what_was_not_measured_does_not_hold() -> None:
    for verdict in verdicts({}, {}, 1000, 10_000):
        assert verdict.holds is None
    text = report.markdown({}, {}, verdicts({}, {}, 1000, 10_000), {})
    assert "holds" not in text
    assert text.count("not measured") == 17
