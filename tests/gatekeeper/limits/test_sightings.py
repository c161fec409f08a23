from __future__ import annotations

import pytest

from gatekeeper.limits import sightings
from gatekeeper.limits.sightings import Sightings, coarse_network

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.250", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::1", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("", ""),
        ("unix:", ""),
        ("203.0.113.7:4711", ""),
    ],
)
def test_an_address_counts_as_its_coarse_network(address: str, network: str) -> None:
    assert coarse_network(address) == network


def test_a_pair_is_told_once_until_the_period_ends() -> None:
    seen = Sightings()
    for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7", "198.51.100.1", "nonsense"):
        seen.saw("ada", address, NOW)
    seen.saw("bob", "203.0.113.7", NOW)
    assert seen.drain() == [("ada", "203.0.113.0/24"), ("ada", "198.51.100.0/24"), ("bob", "203.0.113.0/24")]
    seen.saw("ada", "203.0.113.7", NOW + 1)
    assert seen.drain() == []
    seen.saw("ada", "203.0.113.7", NOW + sightings.PERIOD_SECONDS)
    assert seen.drain() == [("ada", "203.0.113.0/24")]


def test_a_flood_of_addresses_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST_PAIRS", 10)
    seen = Sightings()
    for number in range(100):
        seen.saw("ada", f"10.0.{number}.1", NOW)
    assert len(seen.drain()) == 10
