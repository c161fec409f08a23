"""`gatekeeper orders`, run as an operator runs it, against a provider's stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import cli
from tests.gatekeeper.commerce.providers.till import Till, stripe_deliver, stripe_session
from tests.support.shop import ORIGIN, SITE, Clock, open_shop
from tests.support.stripe_server import StripeServer, stripe_environ, stripe_server


@dataclass
class Desk:
    """The operator's environment beside a running shop whose clock is the real one."""

    till: Till[StripeServer]
    environ: dict[str, str]

    def run(self, *arguments: str) -> Result:
        return CliRunner(env=self.environ).invoke(cli, ["orders", *arguments])

    def paid(self, *, is_told: bool) -> str:
        reader = self.till.reader()
        number = self.till.order(reader, currency="USD")
        events = self.till.server.pay(stripe_session(self.till, reader, number))
        if is_told:
            stripe_deliver(self.till, *events)
        return number


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = Clock(now=datetime.now(UTC))
    with stripe_server(clock) as server:
        account = stripe_environ(server.url)
        with open_shop(tmp_path, clock, **account) as shop:
            environ = {
                "LYCEUM_MODE": "demo",
                "LYCEUM_STATE": str(tmp_path / "state"),
                "LYCEUM_GATEKEEPER_URL": ORIGIN,
                "LYCEUM_SITE_URL": SITE,
                **account,
            }
            yield Desk(till=Till(shop=shop, server=server, provider="stripe"), environ=environ)


@pytest.mark.parametrize("command", [[], ["show"], ["reconcile"], ["replay"], ["refund"]])
def test_help_names_the_exit_codes(command: list[str]) -> None:
    result = CliRunner().invoke(cli, ["orders", *command, "--help"])
    assert result.exit_code == 0
    assert "Exit codes: 0 done" in result.output
    assert not command or result.output.count(f"gatekeeper orders {command[0]}") >= 2


def test_show_prints_the_order_and_its_lines(desk: Desk) -> None:
    number = desk.paid(is_told=True)
    result = desk.run("show", number)
    assert result.exit_code == 0, result.output
    assert f"{number}  rust  $15 USD  stripe  paid" in result.stdout
    shown = json.loads(desk.run("show", number, "--json").stdout)
    assert [line["kind"] for line in shown["ledger"]] == ["created", "created", "paid"]
    assert "ada@" not in result.output
    assert desk.run("show", "L-20261122-ZZZZZZ").exit_code == 1


def test_reconcile_says_what_is_missing_and_records_it_only_when_told_to(desk: Desk) -> None:
    number = desk.paid(is_told=False)
    dry = desk.run("reconcile", "--since", "1h")
    assert dry.exit_code == 0, dry.output
    assert dry.stdout.splitlines()[0][:11] == "missing    "
    assert number in dry.stdout
    assert "--apply" in dry.stderr
    assert desk.till.kinds() == []
    applied = json.loads(desk.run("reconcile", "--since", "1h", "--apply", "--json").stdout)
    assert [finding["found"] for finding in applied["findings"]] == ["recorded"]
    assert desk.till.owned.ends == {"rust": None}
    assert desk.run("reconcile").stdout == "nothing is missing\n"


def test_reconcile_leaves_with_6_when_a_provider_is_away(desk: Desk) -> None:
    desk.till.server.is_away = True
    result = desk.run("reconcile")
    assert result.exit_code == 6
    assert "away       stripe" in result.stdout


@pytest.mark.parametrize("since", ["", "0h", "24", "h", "-1h", "1w", "99999h"])
def test_a_duration_that_is_none_is_a_mistake_of_usage(desk: Desk, since: str) -> None:
    assert desk.run("reconcile", "--since", since).exit_code == 2


def test_replay_lists_what_waits_and_processes_it_only_when_told_to(desk: Desk) -> None:
    desk.paid(is_told=False)
    refund = desk.till.server.refund(desk.till.server.events[-1]["data"]["object"]["payment_intent"], 1500)
    stripe_deliver(desk.till, refund)
    dry = desk.run("replay")
    assert dry.exit_code == 0, dry.output
    assert "waiting" in dry.stdout
    assert "--apply" in dry.stderr
    replayed = json.loads(desk.run("replay", "--all", "--apply", "--json").stdout)
    assert [message["outcome"] for message in replayed["messages"]] == ["waiting"]
    stripe_deliver(desk.till, *desk.till.server.events)
    assert desk.run("replay").stdout == "no message\n"


def test_a_refund_is_planned_first_and_made_with_apply(desk: Desk) -> None:
    number = desk.paid(is_told=True)
    dry = desk.run("refund", number)
    assert dry.exit_code == 0, dry.output
    assert dry.stdout == f"planned  $15 USD of {number}; access ends\n"
    assert desk.till.server.refunds == {}
    part = desk.run("refund", number, "--amount", "500", "--apply")
    assert part.stdout == f"refunded  $5 USD of {number}; access stays\n"
    rest = json.loads(desk.run("refund", number, "--apply", "--json").stdout)
    assert (rest["state"], rest["amount_minor"], rest["ends_access"]) == ("refunded", 1000, True)
    assert desk.till.owned.ends == {}
    again = desk.run("refund", number, "--apply")
    assert again.exit_code == 1
    assert "nothing of" in again.stderr
