"""Publishers killed at random and a thousand switches, with readers who compare pages and private half all the while."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from generator.release import publish, rollback
from generator.release.site_folder import FolderSite
from tests.benchmarks.publish.bars import Row, at_most
from tests.generator.release.made import current, folders, made, pages_of, shown
from tests.generator.release.visitors import Visitor, kill, nursery


def kills(root: Path, *, rounds: int) -> list[Row]:
    """kill -9 at random moments of publishes; after every tenth the next publish has to do without help."""
    stores = folders(root)
    publish(made(root / "builds", 1), stores)
    visitor = Visitor(root)
    visitor.start()
    chance = random.Random(rounds)
    needed_help = 0
    with nursery("folder", root) as publishers:
        for round_ in range(1, rounds + 1):
            child = publishers.start(round_ * 1000)
            time.sleep(chance.uniform(0.0, 0.12))
            kill(child)
            if round_ % 10 == 0:
                release = made(root / "builds", round_ * 1000 + 900)
                publish(release, stores)
                needed_help += (current(stores), shown(stores)) != (release.id, pages_of(release))
    visitor.stop()
    for fault in visitor.faults:
        print(fault, file=sys.stderr)
    return [
        at_most(
            f"mixed or missing reads while {rounds} publishers are killed",
            len(visitor.faults),
            0,
            f"{len(visitor.faults)} of {visitor.visits} visits, {visitor.comparisons} of them compared with the private half",
        ),
        at_most(
            "publishes after a kill that needed help", needed_help, 0, f"{needed_help} of {rounds // 10}"
        ),
    ]


def switches(root: Path, *, count: int) -> list[Row]:
    """Whole rollbacks, pointer and site, to and fro under two readers."""
    stores = folders(root)
    for number in (1, 2):
        publish(made(root / "builds", number), stores)
    assert isinstance(stores.public, FolderSite)
    visitors = [Visitor(root) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    for _ in range(count):
        rollback(stores)
    for visitor in visitors:
        visitor.stop()
    faults = [fault for visitor in visitors for fault in visitor.faults]
    visits = sum(visitor.visits for visitor in visitors)
    for fault in faults:
        print(fault, file=sys.stderr)
    return [
        at_most(
            f"missing or mixed reads in {count:,} switches",
            len(faults),
            0,
            f"{len(faults)} of {visits} visits",
        )
    ]
