"""The operator's commands, run as an operator runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatekeeper.accounts import readers
from gatekeeper.cli import cli
from gatekeeper.commerce import codes
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import wanted_revision
from tests.support.shop import open_shop
from tests.support.tiny_release import RELEASE_PUBLIC_KEY, tiny_manifest, write_release

SITE = "http://127.0.0.1:9/school/"
EMAIL = "ada@example.org"


@pytest.fixture
def environ(tmp_path: Path, empty_database_url: str) -> dict[str, str]:
    write_release(tmp_path / "private", tmp_path / "public", tiny_manifest(SITE))
    return {
        "LYCEUM_MODE": "live",
        "LYCEUM_STORE": (tmp_path / "private").as_uri(),
        "LYCEUM_PUBLIC_STORE": (tmp_path / "public").as_uri(),
        "LYCEUM_GATEKEEPER_URL": "http://127.0.0.1:9",
        "LYCEUM_SITE_URL": SITE,
        "LYCEUM_DATABASE_URL": empty_database_url,
        "LYCEUM_SECRET_KEY": bytes(range(32)).hex(),
        "LYCEUM_TOKEN_KEYS": bytes(range(40, 72)).hex(),
        "LYCEUM_RELEASE_PUBLIC_KEYS": RELEASE_PUBLIC_KEY,
        "LYCEUM_SMTP_URL": "smtp://127.0.0.1:9",
        "LYCEUM_MAIL_FROM": "School <school@example.test>",
    }


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env={**environ, "LYCEUM_STATE": None, "LYCEUM_PORT": None}).invoke(cli, arguments)


@pytest.fixture
def migrated(environ: dict[str, str]) -> dict[str, str]:
    assert run(environ, "migrate").exit_code == 0
    return environ


def commands() -> list[list[str]]:
    return [[], ["serve"], ["migrate"], ["grant"], ["revoke"], ["why"], ["codes", "new"], ["doctor"]]


@pytest.mark.parametrize("command", commands())
def test_help_ends_with_examples_and_exit_codes(command: list[str]) -> None:
    result = CliRunner().invoke(cli, [*command, "--help"])
    assert result.exit_code == 0
    assert result.output.count(f"gatekeeper {' '.join(command)}".rstrip()) >= 2
    assert "Exit codes: 0 done" in result.output


def test_migrating_says_what_it_did(environ: dict[str, str]) -> None:
    assert run(environ, "migrate").output == f"migrated from nothing to {wanted_revision()}\n"
    assert run(environ, "migrate").output == f"already at {wanted_revision()}\n"


@pytest.mark.parametrize("command", [["grant", EMAIL, "demo"], ["why", EMAIL, "demo/paid"], ["serve"]])
def test_nothing_runs_on_a_database_that_is_not_migrated(environ: dict[str, str], command: list[str]) -> None:
    result = run(environ, *command)
    assert result.exit_code == 1
    assert result.stderr == "error: the database is not migrated\nhint: run `gatekeeper migrate`\n"


def test_settings_that_are_missing_are_all_named(environ: dict[str, str]) -> None:
    result = run({**environ, "LYCEUM_SECRET_KEY": "", "LYCEUM_SMTP_URL": ""}, "migrate")
    assert result.exit_code == 2
    assert "LYCEUM_SECRET_KEY" in result.stderr
    assert "LYCEUM_SMTP_URL" in result.stderr
    assert result.stdout == ""


def test_a_grant_is_explained_and_a_revocation_ends_it(migrated: dict[str, str]) -> None:
    assert run(migrated, "why", EMAIL, "demo/paid").output.splitlines()[-1] == "decision refused: anonymous"
    assert run(migrated, "grant", "Ada@Example.org", "demo").output == "granted demo for good\n"
    told = run(migrated, "why", EMAIL, "demo/paid").output
    assert "products (demo or everything)" in told
    assert re.search(r"ledger   \S+ \S+ granted demo operator", told)
    assert "owns     demo: active, for good, by operator" in told
    assert told.splitlines()[-1] == "decision allowed"
    assert run(migrated, "revoke", EMAIL, "demo").exit_code == 0
    answer = json.loads(run(migrated, "why", EMAIL, "demo/paid", "--json").output)
    assert (answer["allowed"], answer["reason"]) == (False, "no-access")
    assert [line["kind"] for line in answer["ledger"]] == ["granted", "revoked"]
    assert answer["holdings"][0]["state"] == "revoked"


def test_a_grant_with_a_last_day_includes_that_day(migrated: dict[str, str]) -> None:
    result = run(migrated, "grant", EMAIL, "demo", "--until", "2099-06-30")
    assert result.output == "granted demo until 2099-07-01 00:00 UTC\n"
    answer = json.loads(run(migrated, "why", EMAIL, "demo/paid", "--json").output)
    assert answer["holdings"][0]["until"] == "2099-07-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("command", "error", "hint"),
    [
        (["grant", EMAIL, "dmeo"], "no product 'dmeo'", "did you mean demo?"),
        (["grant", EMAIL, "xyzzy"], "no product 'xyzzy'", "products: demo, everything, other"),
        (["grant", "ada", "demo"], "not an e-mail address", "reader@example.org"),
        (["grant", EMAIL, "demo", "--until", "2001-01-01"], "that day is over", "future"),
        (["revoke", EMAIL, "demo"], "nobody has this address", "spelling"),
        (["why", EMAIL, "demo/none"], "no lesson 'demo/none'", ""),
        (["codes", "new", "dmeo"], "no product 'dmeo'", "demo"),
    ],
)
def test_mistakes_are_two_lines_on_standard_error(
    migrated: dict[str, str], command: list[str], error: str, hint: str
) -> None:
    result = run(migrated, *command)
    assert result.exit_code == 1
    assert result.stdout == ""
    first, *rest = result.stderr.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert hint in "".join(rest)


def test_what_a_reader_does_not_own_cannot_be_revoked(migrated: dict[str, str]) -> None:
    run(migrated, "grant", EMAIL, "demo")
    result = run(migrated, "revoke", EMAIL, "other")
    assert result.exit_code == 1
    assert "they own: demo" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["grant"], ["nothing"], ["codes", "new", "demo", "--count", "0"], ["--nothing"]]
)
def test_wrong_usage_exits_2(migrated: dict[str, str], arguments: list[str]) -> None:
    assert run(migrated, *arguments).exit_code == 2


def test_a_store_without_a_release_exits_6(migrated: dict[str, str], tmp_path: Path) -> None:
    result = run({**migrated, "LYCEUM_STORE": (tmp_path / "empty").as_uri()}, "grant", EMAIL, "demo")
    assert result.exit_code == 6
    assert "lyceum publish" in result.stderr


def test_a_database_that_is_away_exits_6(environ: dict[str, str]) -> None:
    pytest.importorskip("psycopg")
    away = {**environ, "LYCEUM_DATABASE_URL": "postgresql://lyceum:geheim@127.0.0.1:9/x"}
    result = run(away, "migrate")
    assert result.exit_code == 6
    assert "geheim" not in result.output


def test_new_codes_are_printed_one_a_line_and_work_in_the_service(
    migrated: dict[str, str], tmp_path: Path
) -> None:
    result = run(migrated, "codes", "new", "demo", "--count", "3")
    made = result.stdout.splitlines()
    assert len(set(made)) == 3
    assert json.loads(run(migrated, "codes", "new", "demo", "--json").output)["product"] == "demo"
    with open_shop(tmp_path, **migrated, LYCEUM_STATE=str(tmp_path)) as shop:
        with shop.database.write() as connection:
            person = readers.find_or_create(connection, EMAIL, language="en", now=shop.clock())
            outcome = codes.redeem(
                connection, shop.service.marker, made[1], reader=person.id, now=shop.clock()
            )
        assert outcome is codes.Redemption.DONE


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_the_database_is_not_left_open(migrated: dict[str, str], tmp_path: Path) -> None:
    assert run(migrated, "grant", EMAIL, "demo").exit_code == 0
    assert (tmp_path / "empty.db").exists()
    database = open_database(migrated["LYCEUM_DATABASE_URL"])
    with database.write():
        pass
    database.close()
    assert not (tmp_path / "empty.db-wal").exists()
