"""Kills a migration again and again, somewhere in its middle, and looks at what it left (attack case Z20).

    python -m tests.gatekeeper.storage.kill_migrations --kills 20 [--postgres]

Each round makes a database as the first release left it, forks a process that migrates it, and ends that with SIGKILL after some random
milliseconds. The database must be at the old revision or at the new one, with every row, and migrating again must end well. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import text

from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import current_revision, upgrade, wanted_revision
from tests.support.databases import Cluster, postgres_server
from tests.support.schemas import RELEASED, ROWS, load


@contextmanager
def old_database(cluster: Cluster | None) -> Iterator[str]:
    with ExitStack() as ends:
        if cluster is not None:
            url = ends.enter_context(cluster.empty())
        else:
            url = f"sqlite:///{ends.enter_context(tempfile.TemporaryDirectory())}/x.db"
        load(url, RELEASED[0])
        yield url


def migrate_in_child(url: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            database = open_database(url)
            upgrade(database)
            database.close()
        finally:
            os._exit(0)
    return child


def run(kills: int, seed: int, cluster: Cluster | None) -> dict[str, object]:
    chance = random.Random(seed)
    found: dict[str, int] = {}
    wrong: list[str] = []
    with old_database(cluster) as url:  # how long a whole one takes
        began = time.monotonic()
        os.waitpid(migrate_in_child(url), 0)
        whole_seconds = time.monotonic() - began
    for _ in range(kills):
        with old_database(cluster) as url:
            child = migrate_in_child(url)
            time.sleep(chance.uniform(0, whole_seconds))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            database = open_database(url)
            revision = current_revision(database)
            found[str(revision)] = found.get(str(revision), 0) + 1
            if revision not in {RELEASED[0], wanted_revision()}:
                wrong.append(f"left at {revision}")
            upgrade(database)
            with database.read() as connection:
                count = connection.execute(text("SELECT count(*) FROM ledger")).scalar_one()
            if count != len(ROWS["ledger"]) or current_revision(database) != wanted_revision():
                wrong.append(f"{count} lines after migrating again")
            database.close()
    return {"kills": kills, "left at": found, "wrong": wrong}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with ExitStack() as ends:
        cluster = ends.enter_context(postgres_server()) if given.postgres else None
        result = run(given.kills, given.seed, cluster)
    print(json.dumps(result, indent=2))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
