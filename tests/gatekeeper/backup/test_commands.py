"""`gatekeeper backup`, `verify-backup`, `restore`, as an operator runs them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result

from gatekeeper.backup.form import Reading
from gatekeeper.backup.place import NAME
from gatekeeper.backup.restore import verify
from gatekeeper.cli import cli
from gatekeeper.storage.engine import open_database
from tests.gatekeeper.backup.conftest import taken
from tests.support.ceph import Ceph
from tests.support.shop import Shop, live_environ

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environ = {
        **live_environ(tmp_path),
        "LYCEUM_GATEKEEPER_URL": "https://gate.example.test",
        "LYCEUM_SITE_URL": "https://school.example.test/",
    }

    def invoke(*arguments: str, database: str, **more: str) -> Result:
        settings = {**environ, "LYCEUM_DATABASE_URL": database, **more}
        return CliRunner(env=settings).invoke(cli, arguments)

    return invoke


def digest(url: str) -> str:
    database = open_database(url)
    try:
        return verify(Reading(taken(database))).sha256
    finally:
        database.close()


def test_z19_a_backup_is_taken_verified_and_restored_by_commands(
    used: Shop, database_url: str, target: str, tmp_path: Path, run: Run
) -> None:
    """Z19: the drill, from either engine into either engine"""
    file = tmp_path / "backups" / "one.backup"
    done = run("backup", str(file), "--json", database=database_url)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["where"] == str(file)
    assert said["rows"]["orders"] == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    whole = run("verify-backup", str(file), "--json", database=database_url)
    assert json.loads(whole.stdout)["sha256"] == said["sha256"]
    restored = run("restore", str(file), database=target)
    assert restored.exit_code == 0, restored.output
    assert digest(target) == digest(database_url)
    again = run("restore", str(file), database=target)
    assert again.exit_code == 1
    assert again.stderr.splitlines()[0] == "error: the database is not empty"
    assert run("restore", str(file), "--force", database=target).exit_code == 0


@ONLY_SQLITE
def test_a_file_that_is_there_is_not_written_over(database_url: str, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "one.backup"
    assert run("backup", str(file), database=database_url).exit_code == 0
    before = file.read_bytes()
    done = run("backup", str(file), database=database_url)
    assert (done.exit_code, file.read_bytes()) == (1, before)
    assert [path.name for path in tmp_path.glob(".backup-*")] == []


@ONLY_SQLITE
def test_a_folder_keeps_the_newest_and_never_loses_other_files(
    database_url: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "lyceum-notes.backup").write_text("mine")
    for day in range(1, 6):
        monkeypatch.setattr(
            "gatekeeper.cli.backups.utc_now", lambda day=day: datetime(2026, 11, day, tzinfo=UTC)
        )
        assert run("backup", f"{folder}/", "--keep", "3", database=database_url).exit_code == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == [*(f"lyceum-2026110{day}T000000Z.backup" for day in (3, 4, 5)), "lyceum-notes.backup"]
    assert run("backup", str(folder / "one"), "--keep", "3", database=database_url).exit_code == 2


@ONLY_SQLITE
def test_an_encrypted_backup_tells_nothing_and_opens_with_its_key_alone(
    used: Shop, database_url: str, tmp_path: Path, run: Run
) -> None:
    keys = [pyrage.x25519.Identity.generate() for _ in range(2)]
    for number, key in enumerate(keys):
        (tmp_path / f"{number}.txt").write_text(f"# created: today\n{key}\n")
    folder = tmp_path / "backups"
    recipient = str(keys[0].to_public())
    assert run("backup", f"{folder}/", "--recipient", recipient, database=database_url).exit_code == 0
    [file] = folder.iterdir()
    assert NAME.fullmatch(file.name)
    assert file.name.endswith(".age")
    assert b"example.org" not in file.read_bytes()
    target = f"sqlite:///{tmp_path / 'target.db'}"
    without = run("restore", str(file), database=target)
    assert (without.exit_code, "encrypted" in without.stderr) == (1, True)
    other = run("restore", str(file), "--identity", str(tmp_path / "1.txt"), database=target)
    assert (other.exit_code, "another key" in other.stderr) == (1, True)
    right = run("restore", str(file), "--identity", str(tmp_path / "0.txt"), database=target)
    assert right.exit_code == 0, right.output
    assert digest(target) == digest(database_url)


@ONLY_SQLITE
def test_a_word_that_is_no_key_writes_nothing(database_url: str, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "backups"
    done = run("backup", f"{folder}/", "--recipient", "age1nokey", database=database_url)
    assert (done.exit_code, list(folder.iterdir())) == (1, [])


@pytest.mark.parametrize("place", ["ftp://host/x", "s3://UPPER/x"])
@ONLY_SQLITE
def test_a_place_that_is_none_is_said(place: str, database_url: str, run: Run) -> None:
    done = run("backup", place, database=database_url)
    assert (done.exit_code, done.stderr.count("error: that place ")) == (1, 1)


@ONLY_SQLITE
def test_a_bucket_that_is_away_is_said(database_url: str, tmp_path: Path, run: Run) -> None:
    away = {
        "LYCEUM_STORE": "s3://school",
        "LYCEUM_S3_ENDPOINT": "http://127.0.0.1:9",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE0",
        "AWS_SECRET_ACCESS_KEY": "planted-secret-key",
        "AWS_MAX_ATTEMPTS": "1",
    }
    done = run("backup", "s3://backups/db", database=database_url, **away)
    assert done.exit_code == 6, done.output
    assert "planted-secret-key" not in done.output


@pytest.mark.store
@ONLY_SQLITE
def test_a_bucket_keeps_the_newest_and_gives_them_back(
    used: Shop, database_url: str, tmp_path: Path, run: Run, ceph: Ceph, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    bucket, client = ceph.new_bucket(), ceph.client()
    environ = ceph.environment(bucket, bucket)
    client.put_object(Bucket=bucket, Key="db/lyceum-notes.txt", Body=b"mine")
    for day in range(1, 4):
        monkeypatch.setattr(
            "gatekeeper.cli.backups.utc_now", lambda day=day: datetime(2026, 11, day, tzinfo=UTC)
        )
        done = run("backup", f"s3://{bucket}/db", "--keep", "2", database=database_url, **environ)
        assert done.exit_code == 0, done.output
    keys = [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == [
        "db/lyceum-20261102T000000Z.backup",
        "db/lyceum-20261103T000000Z.backup",
        "db/lyceum-notes.txt",
    ]
    target = f"sqlite:///{tmp_path / 'target.db'}"
    restored = run("restore", f"s3://{bucket}/{keys[1]}", database=target, **environ)
    assert restored.exit_code == 0, restored.output
    assert digest(target) == digest(database_url)
    missing = run("restore", f"s3://{bucket}/db/lyceum-20200101T000000Z.backup", database=target, **environ)
    assert missing.exit_code == 6
