from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.commerce.signature import TOLERANCE_SECONDS, is_genuine, signed

NOW = 1_700_000_000
SECRET = b"s" * 32
RAW = b'{"id": 1}\n'
VECTORS = Path(__file__).resolve().parents[4] / "shared/security/vectors/stripe-webhook/cases.json"


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the shared vectors are not here"))]
    return [pytest.param(case, id=case["name"]) for case in json.loads(VECTORS.read_text("utf-8"))["cases"]]


@pytest.mark.parametrize("case", vectors())
def test_w01_the_published_header_cases_are_judged_as_listed(case: dict[str, Any]) -> None:
    whole = json.loads(VECTORS.read_text("utf-8"))
    raw, secrets = whole["payload"].encode(), [whole["secret"].encode()]
    assert is_genuine(case["header"], raw, secrets, now=whole["now"]) is case["accept"]


@pytest.mark.parametrize(
    ("away", "genuine"),
    [
        (0, True),
        (300, True),
        (-300, True),
        (301, False),
        (-301, False),
        (315_360_000, False),
        (-315_360_000, False),
    ],
)
def test_w02_a_time_too_far_away_is_refused_in_both_directions(away: int, genuine: bool) -> None:
    assert is_genuine(signed(RAW, SECRET, now=NOW + away), RAW, [SECRET], now=NOW) is genuine
    assert TOLERANCE_SECONDS == 300


@pytest.mark.parametrize(
    "other",
    [
        b'{"id":1}\n',
        b'{"id": 1}',
        b" " + RAW,
        b"\xef\xbb\xbf" + RAW,
        RAW + b" ",
        RAW.replace(b"1", b"2"),
        b"",
    ],
)
def test_w04_the_signature_is_over_the_raw_bytes(other: bytes) -> None:
    assert not is_genuine(signed(RAW, SECRET, now=NOW), other, [SECRET], now=NOW)


def test_w28_of_two_secrets_either_will_do_and_a_removed_one_will_not() -> None:
    old, new = b"o" * 32, b"n" * 32
    header = signed(RAW, old, now=NOW)
    assert is_genuine(header, RAW, [old, new], now=NOW)
    assert not is_genuine(header, RAW, [new], now=NOW)
    assert not is_genuine(header, RAW, [], now=NOW)


def test_a_header_that_never_ends_is_not_read() -> None:
    header = signed(RAW, SECRET, now=NOW)
    assert not is_genuine(header + ",v1=0" * 1000, RAW, [SECRET], now=NOW)
