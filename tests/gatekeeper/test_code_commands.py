"""`gatekeeper codes` and `gatekeeper why`, run as an operator runs them."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatekeeper.accounts import readers
from gatekeeper.cli import cli
from gatekeeper.commerce import codes
from gatekeeper.commerce.codes import Redemption
from tests.gatekeeper.test_cli import EMAIL, environ, migrated, run  # noqa: F401  (fixtures)
from tests.support.shop import open_shop


def redeem(environ: dict[str, str], folder: Path, *typed: str) -> list[Redemption]:  # noqa: F811
    opened = open_shop(folder, **environ, LYCEUM_STATE=str(folder))
    with opened as shop, shop.database.write() as connection:
        person = readers.find_or_create(connection, EMAIL, language="en", now=shop.clock())
        return [
            codes.redeem(connection, shop.service.marker, code, reader=person.id, now=shop.clock())
            for code in typed
        ]


@pytest.mark.parametrize("command", [["codes"], ["codes", "new"], ["codes", "list"], ["codes", "cancel"]])
def test_help_names_the_exit_codes(command: list[str]) -> None:
    result = CliRunner().invoke(cli, [*command, "--help"])
    assert result.exit_code == 0
    assert "Exit codes: 0 done" in result.output


def test_a_table_is_written_once_for_its_owner_alone_and_the_codes_in_it_work(
    migrated: dict[str, str],  # noqa: F811
    tmp_path: Path,
) -> None:
    sheet = tmp_path / "codes.csv"
    result = run(
        migrated, "codes", "new", "demo", "--count", "2", "--csv", str(sheet), "--expires", "2099-06-30"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    rows = list(csv.DictReader(sheet.read_text("utf-8").splitlines()))
    assert [row["product"] for row in rows] == ["demo", "demo"]
    assert rows[0]["expires"] == "2099-07-01T00:00:00+00:00"
    assert rows[0]["link"] == f"http://127.0.0.1:9/redeem?code={rows[0]['code']}"
    assert result.stderr == f"batch {rows[0]['batch']}\n"
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    assert redeem(migrated, tmp_path, rows[0]["code"]) == [Redemption.DONE]

    before = json.loads(run(migrated, "codes", "list", "--json").stdout)
    again = run(migrated, "codes", "new", "demo", "--csv", str(sheet))
    assert again.exit_code == 1
    assert "not there yet" in again.stderr
    assert json.loads(run(migrated, "codes", "list", "--json").stdout) == before  # no code nobody has seen
    listed = list(csv.DictReader(io.StringIO(run(migrated, "codes", "new", "demo", "--csv", "-").stdout)))
    assert len(listed) == 1


def test_a_batch_is_listed_and_cancelled_and_what_was_redeemed_stays(
    migrated: dict[str, str],  # noqa: F811
    tmp_path: Path,
) -> None:
    made = json.loads(
        run(
            migrated, "codes", "new", "demo", "--count", "3", "--interval", "year", "--note", "fair", "--json"
        ).stdout
    )
    one, two, three = made["codes"]
    assert made["interval"] == "year"
    assert redeem(migrated, tmp_path, one["code"]) == [Redemption.DONE]
    assert run(migrated, "codes", "cancel", two["code"].lower()).stdout == (
        "cancelled 1, 0 were redeemed before and stay so\n"
    )
    (batch,) = json.loads(run(migrated, "codes", "list", "--json").stdout)["batches"]
    assert (batch["total"], batch["redeemed"], batch["cancelled"], batch["note"]) == (3, 1, 1, "fair")
    assert re.search(r"demo +1/3 redeemed, 1 cancelled .*fair", run(migrated, "codes", "list").stdout)
    listed = run(migrated, "codes", "list", made["batch"])
    assert sorted(line.split()[1] for line in listed.stdout.splitlines()) == ["cancelled", "free", "redeemed"]
    assert one["code"] not in listed.stdout
    assert json.loads(run(migrated, "codes", "cancel", made["batch"], "--json").stdout) == {
        "cancelled": 1,
        "redeemed": 1,
    }
    assert redeem(migrated, tmp_path, one["code"], two["code"], three["code"]) == [
        Redemption.YOURS,
        Redemption.CANCELLED,
        Redemption.CANCELLED,
    ]
    assert run(migrated, "codes", "cancel", three["id"]).exit_code == 1
    assert run(migrated, "codes", "cancel", " ").exit_code == 1
    assert run(migrated, "codes", "list", "B-none").exit_code == 1
    assert run(migrated, "codes", "list", "--product", "other").stdout == "no codes\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--interval", "week"],
        ["--csv", "-", "--json"],
        ["--note", "x" * 201],
        ["--count", "10001"],
        ["--expires", "soon"],
    ],
)
def test_wrong_usage_of_codes_exits_2(migrated: dict[str, str], arguments: list[str]) -> None:  # noqa: F811
    assert run(migrated, "codes", "new", "demo", *arguments).exit_code == 2


def test_codes_that_end_before_they_begin_are_not_made(migrated: dict[str, str]) -> None:  # noqa: F811
    result = run(migrated, "codes", "new", "demo", "--expires", "2001-01-01")
    assert result.exit_code == 1
    assert "that day is over" in result.stderr


def test_why_answers_with_0_and_checks_with_1(migrated: dict[str, str]) -> None:  # noqa: F811
    refused = run(migrated, "why", EMAIL, "demo/paid", "--check")
    assert (refused.exit_code, refused.stdout.splitlines()[-1]) == (1, "decision refused: anonymous")
    assert run(migrated, "why", EMAIL, "demo/paid").exit_code == 0
    run(migrated, "grant", EMAIL, "demo")
    granted = run(migrated, "why", EMAIL, "demo/paid", "--json", "--check")
    assert granted.exit_code == 0
    answer = json.loads(granted.stdout)
    assert run(migrated, "why", answer["reader"], "demo/paid").stdout.splitlines()[-1] == "decision allowed"
    wrong = run(migrated, "why", EMAIL, "demo/pay")
    assert wrong.exit_code == 1
    assert "did you mean demo/paid" in wrong.stderr
