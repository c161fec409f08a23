"""Errands: begun in a browser, back in that browser, in time, once."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from gatekeeper.accounts import errands
from gatekeeper.accounts.marks import Marker
from gatekeeper.storage.engine import open_database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MARKER = Marker(b"k" * 32)
HOUR = timedelta(hours=1)


def begun(kind: str = "passkey") -> tuple[errands.Errand, str]:
    return errands.begin(MARKER, kind, {"target": "/account", "name": "\u4e66"}, lifetime=HOUR, now=NOW)


def test_an_errand_comes_back_as_it_went() -> None:
    errand, cookie = begun()
    assert errands.read(MARKER, "passkey", cookie, now=NOW) == errand
    assert cookie.isascii()
    assert not set(cookie) & set(' ";,\\')


def test_j08_an_errand_of_another_kind_key_or_spelling_is_none() -> None:
    _, cookie = begun()
    payload, _, mac = cookie.partition(".")
    other = base64.urlsafe_b64encode(
        base64.urlsafe_b64decode(payload).replace(b"/account", b"/redeem!")
    ).decode()
    for kind, marker, text in (
        ("identity", MARKER, cookie),
        ("passkey", Marker(b"x" * 32), cookie),
        ("passkey", MARKER, f"{other}.{mac}"),
        ("passkey", MARKER, f"{payload}."),
        ("passkey", MARKER, payload),
        ("passkey", MARKER, ""),
        ("passkey", MARKER, f"{cookie}\u00e9"),
        ("passkey", MARKER, "x" * 5000),
    ):
        assert errands.read(marker, kind, text, now=NOW) is None


@pytest.mark.parametrize(("later", "is_open"), [(HOUR - timedelta(seconds=1), True), (HOUR, False)])
def test_an_errand_ends(later: timedelta, is_open: bool) -> None:
    _, cookie = begun()
    assert (errands.read(MARKER, "passkey", cookie, now=NOW + later) is not None) == is_open


def test_what_is_derived_tells_nothing_of_the_rest() -> None:
    first, _ = begun()
    second, _ = begun()
    other, _ = begun("identity")
    derived = {
        errand.derived(MARKER, purpose)
        for errand in (first, second, other)
        for purpose in ("state", "nonce", "verifier", "challenge", "spent")
    }
    assert len(derived) == 15
    assert first.secret not in "".join(derived)


def test_an_errand_is_spent_once_and_forgotten_when_it_has_ended(database_url: str) -> None:
    database = open_database(database_url)
    errand, _ = begun()
    with database.write() as connection:
        assert errands.spend(connection, MARKER, errand)
    with database.write() as connection:
        assert not errands.spend(connection, MARKER, errand)
        errands.forget_ended(connection, now=NOW + HOUR + timedelta(seconds=1))
        assert errands.spend(connection, MARKER, errand)
    database.close()
