"""What operators do to accounts and mails from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.outbox import Letter
from gatekeeper.cli.root import cli
from tests.gatekeeper.accounts.life.steps import newest, reader_of, signed_in
from tests.support.shop import ORIGIN, SITE, Shop, open_shop

ADA, BEA = "ada@example.org", "bea@example.org"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A service over SQLite, and an environment in which commands find its database."""
    with open_shop(tmp_path) as opened:
        for name, value in {
            "LYCEUM_MODE": "demo",
            "LYCEUM_STATE": str(tmp_path / "state"),
            "LYCEUM_GATEKEEPER_URL": ORIGIN,
            "LYCEUM_SITE_URL": SITE,
        }.items():
            monkeypatch.setenv(name, value)
        yield opened


def run(*words: str) -> Result:
    import gatekeeper.cli  # noqa: F401  (its commands join the group)

    return CliRunner().invoke(cli, list(words))


def test_merging_asks_for_apply_and_then_tells_both_addresses(here: Shop) -> None:
    signed_in(here, BEA).buy("sql")
    signed_in(here, ADA)
    planned = run("readers", "merge", ADA, BEA)
    assert planned.exit_code == 0
    assert "owns sql" in planned.stdout
    assert ADA not in planned.stdout
    assert reader_of(here, BEA).id != reader_of(here, ADA).id
    assert run("readers", "merge", ADA, BEA, "--apply").exit_code == 0
    assert set(here.owned(ADA).active) == {"sql"}
    assert newest(here, ADA, "merged:")
    assert newest(here, BEA, "merged:")
    again = run("readers", "merge", ADA, BEA, "--apply")
    assert again.exit_code == 1
    assert "one account already" in again.stderr


def test_deleting_asks_for_apply_and_leaves_an_id_for_backups(here: Shop) -> None:
    ada = signed_in(here, ADA)
    reader = reader_of(here, ADA).id
    assert run("readers", "delete", ADA).exit_code == 0
    assert ada.get("/account").status_code == 200
    assert run("readers", "delete", ADA, "--apply").exit_code == 0
    assert ada.get("/account").status_code == 303
    assert newest(here, ADA, "deleted:")
    assert json.loads(run("readers", "deleted", "--json").stdout)[0]["reader"] == reader
    assert run("readers", "deleted").stdout.split()[0] == reader
    assert run("readers", "delete", ADA, "--apply").exit_code == 1


def test_a_restored_backup_is_told_of_deletions_again(here: Shop, tmp_path: Path) -> None:
    signed_in(here, ADA)
    signed_in(here, BEA)
    kept = tmp_path / "deleted.txt"
    kept.write_text(f"{reader_of(here, ADA).id} 2026-11-22T09:30:00Z\nunknown 2026-11-22T09:30:00Z\n")
    assert "deleted 1 again" in run("readers", "delete", "--again", str(kept), "--apply").stdout
    assert "nobody has this address" in run("readers", "delete", ADA).stderr
    assert reader_of(here, BEA)
    assert "deleted 0 again" in run("readers", "delete", "--again", str(kept), "--apply").stdout


def test_delete_wants_an_address_or_a_file(here: Shop) -> None:
    assert run("readers", "delete").exit_code == 2


def put(shop: Shop, key: str, *, is_code: bool = False) -> int:
    with shop.database.write() as connection:
        letter = Letter(subject="s", text="t", html="<p>t</p>")
        end = shop.clock() if is_code else None
        outbox.put(connection, key=key, recipient=ADA, letter=letter, now=shop.clock(), not_after=end)
        mail = outbox.lease(connection, now=shop.clock())
        assert mail is not None
        outbox.given_up(connection, mail, "no such mailbox", now=shop.clock(), keep_text=False)
        return mail.id


def test_failed_mails_are_listed_without_their_address_and_can_be_tried_again(here: Shop) -> None:
    id_ = put(here, "receipt:L-1")
    put(here, "proof:x", is_code=True)
    listed = run("mail", "list").stdout
    assert "receipt:L-1" in listed
    assert "a…@example.org" in listed
    assert ADA not in listed
    assert "no such mailbox" in listed
    found = json.loads(run("mail", "list", "--state", "failed", "--json").stdout)
    assert {line["key"]: line["can_retry"] for line in found} == {"receipt:L-1": True, "proof:x": False}
    assert run("mail", "retry").exit_code == 2
    assert "1 mails" in run("mail", "retry", "--all").stdout
    assert "0 mails" in run("mail", "retry", str(id_)).stdout
    assert [
        line["key"] for line in json.loads(run("mail", "list", "--state", "waiting", "--json").stdout)
    ] == ["receipt:L-1"]
