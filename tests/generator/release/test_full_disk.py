"""A disk that fills up at any moment of a publish: a small tmpfs in a mount namespace of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

INSIDE = """
import json, os, sys
from pathlib import Path
from generator.errors import StoreError
from generator.release import Stores, publish
from generator.release.site_folder import FolderSite
from tests.generator.release.made import current, folders, made, pages_of, shown

disk, builds = Path(sys.argv[1]), Path(sys.argv[2])
plain = folders(disk)
stores = Stores(private=plain.private, public=FolderSite(disk / "public", encodings=("gzip",)))
long = b"<p>" + b"some words of a page, " * 400 + b"</p>"
number = 1
publish(made(builds, number, pages={"long/index.html": long}), stores)
filler, full, done, wrong = disk / "filler", 0, 0, []

def fill(leave):
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
    os.truncate(filler, max(0, filler.stat().st_size - leave))

for leave in range(0, 200 * 1024, 4096):
    before = (current(stores), {p: d for p, d in shown(stores).items() if not p.endswith(".gz")})
    release = made(builds, number + 1, pages={"long/index.html": long + b"%d" % leave})
    fill(leave)
    try:
        publish(release, stores)
        done += 1
    except StoreError as error:
        full += 1
        if not error.hint:
            wrong.append(f"no hint with {leave} bytes left")
        now = {p: d for p, d in shown(stores).items() if not p.endswith(".gz")}
        # the switch may be over when clearing up finds no room; then everything is the new release's
        if (current(stores), now) != before and (current(stores), now) != (release.id, pages_of(release)):
            wrong.append(f"mixed with {leave} bytes left")
    filler.unlink()
    if current(stores) != release.id:
        publish(release, stores)  # with room again: no help needed
    if {p: d for p, d in shown(stores).items() if not p.endswith(".gz")} != pages_of(release):
        wrong.append(f"not mended after {leave} bytes left")
    number += 1
print(json.dumps({"full": full, "done": done, "wrong": wrong}))
"""

WITH_DISK = """
mount -t tmpfs -o size=16m none "$1" || exit 9
exec "$2" -c "$3" "$1" "$4"
"""


def test_a_disk_that_is_full_at_any_write_changes_nothing_that_readers_see_z06(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here, so no disk of our own")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", WITH_DISK, "sh", disk, sys.executable, INSIDE, tmp_path / "builds"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if not done.stdout and ("unshare" in done.stderr or done.returncode == 9):
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["wrong"] == []
    assert outcome["full"] > 5, "the disk was never full, so nothing was tried"
    assert outcome["done"] > 0
