"""The deny-list of sessions: written with what ends access, small, and gone when it cannot matter any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import OperationalError

from gatekeeper.accounts import revocations, sessions
from gatekeeper.accounts.revocations import CLOCKS_SECONDS, FOR_EVER
from gatekeeper.accounts.tables import RevocationRow, SessionRow
from gatekeeper.app import gate_jobs
from gatekeeper.commerce import ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.gate.revoked import Revoked
from tests.support.shop import Browser, Shop


def signed_in(shop: Shop, email: str) -> Browser:
    browser = shop.browser()
    browser.sign_in(email)
    return browser


def handles(shop: Shop) -> dict[str, list[str]]:
    """Reader → sessions."""
    with shop.database.read() as connection:
        rows = connection.execute(select(SessionRow.reader, SessionRow.handle)).all()
    found: dict[str, list[str]] = {}
    for reader, handle in rows:
        found.setdefault(reader, []).append(handle)
    return found


def listed(shop: Shop) -> dict[str, int]:
    with shop.database.read() as connection:
        return revocations.current(connection, now=shop.clock())


def append(shop: Shop, kind: Kind, reader: str, event: str = "e") -> None:
    with shop.database.write() as connection:
        for _ in range(2):  # a message that comes twice revokes once
            ledger.append(
                connection,
                kind=kind,
                reader=reader,
                product="rust",
                source="lyceum",
                event=event,
                at=shop.clock(),
                now=shop.clock(),
            )


def test_s07_a_session_that_ends_takes_its_tokens_with_it_and_no_others(any_shop: Shop) -> None:
    ada, _ = signed_in(any_shop, "ada@example.org"), signed_in(any_shop, "bea@example.org")
    assert listed(any_shop) == {}
    ada.post("/sign-out", {}, form="/sign-out")
    ended = listed(any_shop)
    assert list(ended.values()) == [FOR_EVER]
    with any_shop.database.read() as connection:
        (handle,) = connection.execute(
            select(SessionRow.handle).where(SessionRow.ended_at.is_not(None))
        ).scalars()
    assert list(ended) == [handle]


def test_ending_all_sessions_lists_all_of_them(shop: Shop) -> None:
    first = signed_in(shop, "ada@example.org")
    signed_in(shop, "ada@example.org")
    first.post("/account/sessions/end-all", {}, form="/account")
    (own,) = handles(shop).values()
    assert listed(shop) == dict.fromkeys(own, FOR_EVER)


def test_signing_in_anew_in_the_same_browser_ends_the_old_tokens(shop: Shop) -> None:
    """S02"""
    browser = signed_in(shop, "ada@example.org")
    (before,) = next(iter(handles(shop).values()))
    browser.post("/sign-in", {"email": "bea@example.org"}, form="/sign-out")
    browser.post("/sign-in/code", {"code": shop.code_for("bea@example.org")}, form="/sign-in/code")
    assert listed(shop) == {before: FOR_EVER}


@pytest.mark.parametrize("kind", [Kind.REFUNDED, Kind.REVOKED, Kind.DISPUTED, Kind.DISPUTE_LOST])
def test_j22_what_takes_access_away_ends_the_tokens_but_not_the_sessions(any_shop: Shop, kind: Kind) -> None:
    ada = signed_in(any_shop, "ada@example.org")
    signed_in(any_shop, "bea@example.org")
    with any_shop.database.read() as connection:
        found = sessions.find(
            connection, any_shop.service.marker, str(ada.cookie("session")), now=any_shop.clock()
        )
    assert found is not None
    append(any_shop, kind, found.reader.id)
    assert listed(any_shop) == {found.handle: int(any_shop.clock().timestamp()) + CLOCKS_SECONDS}
    assert ada.get("/account").status_code == 200
    with any_shop.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(RevocationRow)).scalar_one() == 1


@pytest.mark.parametrize("kind", [Kind.CREATED, Kind.PAID, Kind.GRANTED, Kind.REDEEMED, Kind.FAILED])
def test_what_takes_nothing_away_ends_no_token(shop: Shop, kind: Kind) -> None:
    signed_in(shop, "ada@example.org")
    append(shop, kind, next(iter(handles(shop))))
    assert listed(shop) == {}


def test_d01_the_list_outlives_the_sessions_that_it_names(shop: Shop) -> None:
    """Deleting a reader's rows after ending the sessions leaves the tokens dead."""
    signed_in(shop, "ada@example.org")
    ((reader, own),) = handles(shop).items()
    with shop.database.write() as connection:
        sessions.end_all(connection, reader=reader, now=shop.clock())
        connection.execute(delete(SessionRow).where(SessionRow.reader == reader))
    assert listed(shop) == dict.fromkeys(own, FOR_EVER)


def test_what_no_token_can_outlive_is_not_listed_and_then_swept(shop: Shop) -> None:
    signed_in(shop, "ada@example.org").post("/sign-out", {}, form="/sign-out")
    shop.clock.advance(minutes=14)
    assert len(listed(shop)) == 1
    shop.clock.advance(minutes=2)
    assert listed(shop) == {}
    with shop.database.write() as connection:
        revocations.forget_ended(connection, now=shop.clock() - timedelta(minutes=3))
        assert connection.execute(select(func.count()).select_from(RevocationRow)).scalar_one() == 1
        revocations.forget_ended(connection, now=shop.clock())
        assert connection.execute(select(func.count()).select_from(RevocationRow)).scalar_one() == 0


def test_the_gate_gets_the_list_from_its_job(shop: Shop) -> None:
    revoked = Revoked()
    signed_in(shop, "ada@example.org").post("/sign-out", {}, form="/sign-out")
    for job in gate_jobs(shop.service, revoked):
        job()
    assert dict(revoked._until) == listed(shop) != {}


def test_without_the_database_the_last_list_stays_and_that_is_said_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    revoked = Revoked()
    signed_in(shop, "ada@example.org").post("/sign-out", {}, form="/sign-out")
    renew = gate_jobs(shop.service, revoked)[0]
    renew()
    before = dict(revoked._until)
    with monkeypatch.context() as away:
        away.setattr(revocations, "current", _away)
        renew()
        renew()
    assert dict(revoked._until) == before != {}
    assert caplog.text.count("not renewed") == 1
    renew()
    assert dict(revoked._until) == before


def _away(*_: object, **__: object) -> None:
    raise OperationalError("SELECT", {}, ConnectionError("gone"))
