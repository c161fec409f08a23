"""How fast objects arrive, and how much is asked when little or nothing has changed."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from generator.release import Stores, publish, rollback
from generator.release.memory import Memory
from generator.release.s3_wire import Answer, Wire
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from tests.benchmarks.publish.bars import Row, at_least, at_most
from tests.benchmarks.publish.rival import Bench
from tests.benchmarks.publish.school import change_lesson, release_of, write_school

SMALL_BYTES = 8_000


def first_publish(bench: Bench, *, objects: int, rounds: int) -> list[Row]:
    """Objects a second, from a folder of files to a school that is current, beside the fastest that copies such a folder."""
    lessons = objects // 3  # page, part, and the page's blob
    school = bench.root / "first"
    write_school(school, lessons=lessons, size_bytes=SMALL_BYTES)
    files = objects // 2
    twice = bench.root / "twice"
    write_school(twice, lessons=files, size_bytes=SMALL_BYTES)  # as many objects as we put, of the same size
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in bench.tools}
    for _ in range(rounds):
        for name in bench.tools:
            theirs[name].append(2 * files / bench.copy(name, twice, bench.server.new_bucket()))
        with counting() as counted:
            began = time.perf_counter()
            release = release_of(school, datetime.now(UTC))
            publish(release, Stores(private=bench.bucket(), public=BucketSite(bench.bucket())))
            seconds = time.perf_counter() - began
        ours.append(counted["PUT"] / seconds)
    medians = {name: statistics.median(rates) for name, rates in theirs.items()}
    fastest = max(medians, key=lambda name: medians[name])
    mine = statistics.median(ours)
    others = ", ".join(f"{name} {rate:.0f}" for name, rate in medians.items())
    return [
        at_least(
            f"first publish of {objects} small objects, beside {fastest}",
            mine / medians[fastest],
            0.8,
            f"{mine / medians[fastest]:.2f} × ({mine:.0f} objects/s; {others})",
        )
    ]


def one_changed(bench: Bench, *, lessons: int) -> list[Row]:
    """A school of `lessons` is published, one of them changes: requests and wall; then nothing changes; then it is rolled back."""
    school = bench.root / "changed"
    write_school(school, lessons=lessons, size_bytes=800)
    private, public = bench.bucket(), bench.bucket()
    memory = Memory(bench.root / "memory")
    stores = Stores(private=private, public=BucketSite(public, grace_seconds=600), memory=memory)
    publish(release_of(school, datetime(2026, 11, 1, tzinfo=UTC)), stores)
    rows = []
    sync: list[float] = []
    mine: list[float] = []
    bucket = bench.server.new_bucket()
    if sync_is_there := "aws s3 sync" in bench.tools:
        quickest = "s5cmd cp" if "s5cmd cp" in bench.tools else "aws s3 sync"
        bench.copy(quickest, school, bucket)  # only what comes after it is timed
    for turn in range(2):
        change_lesson(school, 7 + turn, f"changed {turn}")
        if sync_is_there:
            sync.append(bench.copy("aws s3 sync", school, bucket))
        release = release_of(school, datetime(2026, 11, 1, 1 + turn, tzinfo=UTC))
        with counting() as counted:
            began = time.perf_counter()
            publish(release, stores)
            mine.append(time.perf_counter() - began)
        changed = 3 + 2  # page, its blob and the part; the statement in both stores
        rows = [
            at_most(
                f"requests after one changed lesson of {lessons:,}",
                sum(counted.values()) - changed,
                10,
                f"{sum(counted.values()) - changed} beside {changed} changed objects",
            )
        ]
    if sync:
        share = statistics.median(sync) / statistics.median(mine)
        rows.append(
            at_least(
                "… and its time beside aws s3 sync of the same tree",
                share,
                20,
                f"1/{share:.0f} ({statistics.median(mine):.2f} s; {statistics.median(sync):.1f} s)",
            )
        )
    with counting() as counted:
        publish(replace(release, id="20270101T000000Z-00000000"), stores)
    rows.append(
        at_most("requests when nothing changed", sum(counted.values()), 3, str(sum(counted.values())))
    )
    return rows + _back(bench, school, lessons)


def _back(bench: Bench, school: Path, lessons: int) -> list[Row]:
    """Rolling back where the site is a folder, by a machine that has never seen this store."""
    stores = Stores(private=bench.bucket(), public=FolderSite(bench.root / "site"))
    for turn in range(2):
        change_lesson(school, 3, f"for the folder, {turn}")
        publish(release_of(school, datetime(2026, 11, 10 + turn, tzinfo=UTC)), stores)
    with counting() as counted:
        began = time.perf_counter()
        rollback(stores)
        seconds = time.perf_counter() - began
    return [
        at_most(
            f"requests of rolling back {lessons:,} lessons",
            sum(counted.values()),
            5,
            f"{sum(counted.values())}, of them {counted['PUT']} for pointer and hint, in {seconds:.2f} s",
        )
    ]


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """Every request over the wire while it lasts: method → how many."""
    counted = {"PUT": 0}
    lock = threading.Lock()
    request = Wire.request

    def count(self: Wire, method: str, key: str = "", **rest: Any) -> Answer:
        with lock:
            counted[method] = counted.get(method, 0) + 1
        return request(self, method, key, **rest)

    Wire.request = count  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        Wire.request = request  # type: ignore[method-assign]
