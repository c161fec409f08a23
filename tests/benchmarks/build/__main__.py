"""Runs the rounds, one engine after the other in each, so that a slow minute of the machine falls on all of them.

    python -m tests.benchmarks.build                            everything; about half an hour
    python -m tests.benchmarks.build --lessons 200 --cases cold,one --peers hugo --rounds 1

Exit codes: 0 every bar that was measured holds, 1 one does not or a command failed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.build import report, texts
from tests.benchmarks.build.bars import verdicts
from tests.benchmarks.build.lyceum import School, append, command, save_to_screen
from tests.benchmarks.build.measure import CommandFailed, Sample, run
from tests.benchmarks.build.peers import PEERS, Peer

CASES = ("help", "cold", "one", "none", "bytes", "serve", "large")
COLD_ONLY = frozenset({"material", "zensical"})  # nothing is asked of their second build
LARGE_PEERS = frozenset({"hugo"})


class Benchmark:
    def __init__(self, folder: Path, lessons: int, large: int, rounds: int, peers: list[str]) -> None:
        self.folder = folder
        self.lessons = lessons
        self.large = large
        self.rounds = rounds
        self.peers = [PEERS[name] for name in peers]
        self.samples: defaultdict[str, list[Sample]] = defaultdict(list)
        self.numbers: dict[str, float] = {}
        self.versions: dict[str, str] = {}

    def run(self, cases: set[str]) -> None:
        for peer in self.peers if cases & {"cold", "one", "large"} else ():
            self._install(peer)
        if "help" in cases:
            for _ in range(max(5, self.rounds)):
                self._note("lyceum 0 help", run(command("--help"), cwd=self.folder)[0])
        if cases & {"cold", "one", "none"}:
            self._rounds(self.lessons, self.peers, self.rounds, cases, self.rounds)
        if "bytes" in cases:
            self._bytes()
        if "serve" in cases:
            school = self._school(self.lessons)
            school.cold()
            saves = sorted(save_to_screen(school, saves=max(5, self.rounds)))
            self.numbers["save to screen"] = saves[len(saves) // 2]
            say(f"save to screen: {', '.join(f'{seconds:.2f}' for seconds in saves)} s")
        if "large" in cases:
            peers = [peer for peer in self.peers if peer.name in LARGE_PEERS]
            self._rounds(self.large, peers, self.rounds, {"cold", "one", "none"}, cold_rounds=1)

    def _install(self, peer: Peer) -> None:
        home = self._home(peer)
        if not (home / ".installed").is_file():
            say(f"installing {peer.name} …")
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            peer.install(home)
            (home / ".installed").touch()
        self.versions[peer.name] = peer.version(home)

    def _home(self, peer: Peer) -> Path:
        return self.folder / "peers" / peer.name

    def _rounds(
        self, lessons: int, peers: list[Peer], rounds: int, cases: set[str], cold_rounds: int
    ) -> None:
        school = self._school(lessons)
        sites = {peer.name: self._site(peer, lessons) for peer in peers}
        for number in range(rounds):
            if "cold" in cases and number < cold_rounds:
                self._note(f"lyceum {lessons} cold", school.cold())
                for peer in peers:
                    sample = self._build(peer, sites[peer.name], is_cold=True)
                    self._note(f"{peer.name} {lessons} cold", sample)
            elif number == 0:
                school.cold()
            if "one" in cases:
                self._note(f"lyceum {lessons} public edit", school.after_public_edit())
                self._note(f"lyceum {lessons} private edit", school.after_private_edit())
                for peer in peers:
                    if peer.name not in COLD_ONLY:
                        self._edit(peer, sites[peer.name], number)
                        sample = self._build(peer, sites[peer.name], is_cold=False)
                        self._note(f"{peer.name} {lessons} one", sample)
            if "none" in cases:
                self._note(f"lyceum {lessons} nothing", school.unchanged())

    def _school(self, lessons: int, per_course: int = 20) -> School:
        made = texts.write(
            self.folder / "texts" / f"paid-{lessons}-{per_course}", lessons, per_course, is_paid=True
        )
        return School(self.folder / f"lyceum-{lessons}-{per_course}", made)

    def _site(self, peer: Peer, lessons: int) -> Path:
        made = texts.write(self.folder / "texts" / f"plain-{lessons}-20", lessons, 20, is_paid=False)
        site = self.folder / f"{peer.name}-{lessons}"
        shutil.rmtree(site, ignore_errors=True)
        site.mkdir()
        peer.prepare(site, made, self._home(peer))
        return site

    def _build(self, peer: Peer, site: Path, *, is_cold: bool) -> Sample:
        if is_cold:
            for output in peer.outputs:
                shutil.rmtree(site / output, ignore_errors=True)
        sample = run(peer.command(self._home(peer)), cwd=site)[0]
        lessons = len(texts.lessons_in(site / peer.sources))
        pages = sum(1 for _ in (site / peer.outputs[0]).rglob("index.html"))
        if pages < lessons:
            raise CommandFailed(f"{peer.name} made {pages} pages of {lessons} lessons")
        return sample

    def _edit(self, peer: Peer, site: Path, number: int) -> None:
        lessons = texts.lessons_in(site / peer.sources)
        append(lessons[len(lessons) * (number + 1) // 7 % len(lessons)], f"One more remark, number {number}.")

    def _bytes(self) -> None:
        """The same first lessons in a school of ten courses and in one of a hundred."""
        for courses in (10, 100):
            school = self._school(courses * 5, per_course=5)
            school.cold()
            page, everything = school.page_bytes(lessons=50)
            self.numbers[f"page bytes at {courses}"] = page
            self.numbers[f"all bytes at {courses}"] = everything

    def _note(self, name: str, sample: Sample) -> None:
        self.samples[name].append(sample)
        stages = " ".join(f"{stage} {seconds:.2f}" for stage, seconds in sample.stages.items())
        say(
            f"{name:<28} {sample.wall_seconds:7.2f} s  CPU {sample.cpu_seconds:7.2f} s  {sample.peak_mb:5.0f} MB  {stages}"
        )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=texts.ROOT / ".cache" / "bench", help="where it works")
    parser.add_argument("--lessons", type=int, default=1000)
    parser.add_argument("--large", type=int, default=10_000, help="lessons of the case `large`")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES), help="of " + ",".join(CASES))
    parser.add_argument("--peers", default=",".join(PEERS), help="of " + ",".join(PEERS))
    parser.add_argument("--out", type=Path, help="a folder for results.md and results.json")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    cases = set(chosen.cases.split(","))
    benchmark = Benchmark(
        chosen.folder,
        chosen.lessons,
        chosen.large,
        chosen.rounds,
        list(filter(None, chosen.peers.split(","))),
    )
    if unknown := cases - set(CASES):
        parser.error(f"unknown cases: {', '.join(sorted(unknown))}")
    try:
        benchmark.run(cases)
    except CommandFailed as error:
        say(f"error: {error}")
        return 1
    samples = dict(benchmark.samples)
    found = verdicts(samples, benchmark.numbers, chosen.lessons, chosen.large)
    told = (samples, benchmark.numbers, found, benchmark.versions)
    print(report.markdown(*told))
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "results.md").write_text(report.markdown(*told), "utf-8")
        (chosen.out / "results.json").write_text(report.as_json(*told), "utf-8")
    return 1 if any(verdict.holds is False for verdict in found) else 0


if __name__ == "__main__":
    sys.exit(main())
