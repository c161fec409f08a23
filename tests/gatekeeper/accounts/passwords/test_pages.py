"""Passwords as a browser meets them: set, used, changed, forgotten, guessed."""

from __future__ import annotations

import re
import threading

import argon2
import pytest
from sqlalchemy import event, select, update

from gatekeeper.accounts.passwords.hashing import BusyError, Hasher
from gatekeeper.accounts.passwords.storage import MOST_FAILURES
from gatekeeper.accounts.passwords.tables import PasswordRow
from gatekeeper.accounts.tables import SignInRow
from gatekeeper.accounts.ways import EXTENSION, Ways
from gatekeeper.contract import routes
from tests.support.shop import ORIGIN, Browser, Shop, visible

ADA = "ada@example.org"
PASSWORD = "correct horse battery staple"
OTHER = "a lamp upon the blue sofa"
SIGN_IN = "/sign-in/password"
CHANGE = "/account/password"


def with_password(shop: Shop, email: str = ADA) -> Browser:
    """A reader with a password, signed in."""
    reader = shop.browser()
    reader.sign_in(email)
    answer = reader.post(CHANGE, {"password": PASSWORD, "others": "1"}, form=CHANGE)
    assert answer.headers["Location"] == "/account?changed=password", answer.text
    return reader


def enter(reader: Browser, password: str, email: str = ADA) -> int:
    return reader.post(SIGN_IN, {"email": email, "password": password}, form=SIGN_IN).status_code


def kept(shop: Shop) -> tuple[str, int]:
    with shop.database.read() as connection:
        row = connection.execute(select(PasswordRow.phc, PasswordRow.failures)).one()
    return row.phc, row.failures


def test_a_reader_sets_a_password_and_signs_in_with_it(shop: Shop) -> None:
    with_password(shop)
    elsewhere = shop.browser()
    page = elsewhere.get(f"{SIGN_IN}?next=/redeem")
    assert 'value="/redeem"' in page.text
    answer = elsewhere.post(SIGN_IN, {"email": " Ada@Example.org ", "password": PASSWORD, "next": "/redeem"})
    assert answer.headers["Location"] == "/redeem"
    assert ADA in visible(elsewhere.get("/account"))


def test_the_password_stands_nowhere_but_as_its_hash(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A07, D07, D04."""
    caplog.set_level("DEBUG")
    reader = with_password(shop)
    assert enter(shop.browser(), PASSWORD) == 303
    assert enter(shop.browser(), "wrong " + PASSWORD) == 422
    assert argon2.extract_parameters(kept(shop)[0]).type is argon2.Type.ID
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "what=password_set" in said
    assert "signed in reader=" in said
    assert "sign-in failed verdict=wrong way=password reader=" in said
    assert PASSWORD not in said
    assert ADA not in said
    assert PASSWORD not in reader.get("/account").text + reader.get(CHANGE).text
    assert all(PASSWORD not in mail.letter.text + mail.letter.html for mail in shop.mails())


def test_the_owner_learns_by_mail_that_a_password_was_set_and_removed(shop: Shop) -> None:
    reader = with_password(shop)
    assert "A new password was set" in shop.mails()[0].letter.text
    reader.post(f"{CHANGE}/remove", {}, form="/account")
    mail = shop.mails()[0]
    assert mail.recipient == ADA
    assert "was removed" in mail.letter.text
    assert f"{ORIGIN}/account" in mail.letter.html
    assert enter(shop.browser(), PASSWORD) == 422


def test_a_password_is_set_only_by_somebody_who_has_just_proven_who_they_are(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in(ADA)
    form = reader.get(CHANGE)
    assert 'autocomplete="new-password"' in form.text
    assert 'autocomplete="current-password"' not in form.text
    shop.clock.advance(minutes=10)
    answer = reader.post(CHANGE, {"password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in?again=1&next=%2Faccount%2Fpassword"
    assert reader.get(CHANGE).headers["Location"] == answer.headers["Location"]
    again = reader.get(answer.headers["Location"])
    assert "Is it you?" in visible(again)
    assert f'value="{ADA}"' in again.text
    reader.post("/sign-in", {"email": ADA, "next": CHANGE})
    code = {"code": shop.code_for(ADA)}
    assert reader.post("/sign-in/code", code, form="/sign-in/code").headers["Location"] == CHANGE
    assert reader.post(CHANGE, {"password": PASSWORD}, form=CHANGE).status_code == 303


def test_a_stranger_sets_no_password(shop: Shop) -> None:
    stranger = shop.browser()
    assert stranger.get(CHANGE).headers["Location"].startswith("/sign-in?")
    for path in (CHANGE, f"{CHANGE}/remove"):
        assert stranger.post(path, {"password": PASSWORD}, form="/sign-in").status_code == 403


def test_with_the_old_password_it_is_changed_without_a_mail(shop: Shop) -> None:
    reader = with_password(shop)
    shop.clock.advance(minutes=30)
    page = reader.get(CHANGE)
    assert 'autocomplete="current-password"' in page.text
    wrong = reader.post(CHANGE, {"password": OTHER, "current": "not that one at all"})
    assert wrong.status_code == 422
    assert "That is not your password." in visible(wrong)
    assert kept(shop)[1] == 1
    assert reader.post(CHANGE, {"password": OTHER, "current": PASSWORD}, form=CHANGE).status_code == 303
    assert enter(shop.browser(), PASSWORD) == 422
    assert enter(shop.browser(), OTHER) == 303


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("too short", "at least 12 signs"),
        ("x" * 1025, "too long"),
        ("password1234", "guessed first"),
        ("ada@example.org", "easily guessed"),
        ("a\u0007bell is in it", "cannot be typed"),
    ],
)
def test_a05_the_page_says_what_is_wrong_beside_the_field(shop: Shop, password: str, words: str) -> None:
    reader = shop.browser()
    reader.sign_in(ADA)
    answer = reader.post(CHANGE, {"password": password}, form=CHANGE)
    assert answer.status_code == 422
    assert words in visible(answer)
    assert 'aria-describedby="password-error"' in answer.text
    assert password not in answer.text.replace(f'value="{ADA}"', "")


@pytest.mark.parametrize("ends", [True, False])
def test_s08_s02_a_new_password_ends_other_sessions_if_the_reader_wishes_and_begins_a_new_one_here(
    shop: Shop, ends: bool
) -> None:
    phone, reader = shop.browser(), shop.browser()
    phone.sign_in(ADA)
    reader.sign_in(ADA)
    before = reader.cookie("session")
    assert 'name="others" value="1" checked' in reader.get(CHANGE).text
    reader.post(CHANGE, {"password": PASSWORD, **({"others": "1"} if ends else {})})
    assert reader.cookie("session") != before
    assert reader.get("/account").status_code == 200
    assert phone.get("/account").status_code == (303 if ends else 200)
    stolen = shop.browser()
    stolen.client.set_cookie("__Host-lyceum_session", str(before), domain="gate.example.test")
    assert stolen.get(routes.READER).json == {"signed_in": False}


def test_a10_a_forgotten_password_is_replaced_after_a_code_that_works_once_and_dies_with_the_change(
    shop: Shop,
) -> None:
    """The code is the reset token: single use, ten minutes, a keyed hash at rest, killed by a newer one and by a new password."""
    with_password(shop)
    reader = shop.browser(address="192.0.2.50")
    page = reader.get(SIGN_IN)
    assert f'name="next" value="{CHANGE}"' in page.text
    reader.post("/sign-in", {"email": ADA, "next": CHANGE})
    older = shop.code_for(ADA)
    reader.post("/sign-in/code", {"again": "1"}, form="/sign-in/code")
    code = shop.code_for(ADA)
    with shop.database.read() as connection:
        rest = str(connection.execute(select(SignInRow)).all())
    assert f"'{code}'" not in rest
    if older != code:
        assert reader.post("/sign-in/code", {"code": older}, form="/sign-in/code").status_code == 422
    answer = reader.post("/sign-in/code", {"code": code}, form="/sign-in/code")
    assert answer.headers["Location"] == CHANGE
    pending = shop.browser(address="192.0.2.51")
    waiting = pending.ask_code(ADA)
    reader.post(CHANGE, {"password": OTHER, "others": "1"}, form=CHANGE)
    assert pending.post("/sign-in/code", {"code": waiting}, form="/sign-in/code").status_code == 422
    assert enter(shop.browser(), OTHER) == 303
    assert enter(shop.browser(), PASSWORD) == 422


def test_a10_a_code_of_before_the_reset_is_too_old_after_ten_minutes(shop: Shop) -> None:
    reader = shop.browser()
    code = reader.ask_code(ADA, target=CHANGE)
    shop.clock.advance(minutes=10)
    assert reader.post("/sign-in/code", {"code": code}, form="/sign-in/code").status_code == 422


def test_a01_a02_wrong_password_no_password_and_no_reader_get_the_same_answer_for_the_same_work(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same statements and one hash of the same parameters each: no difference that a clock could find. Its time is measured in the benchmark."""
    with_password(shop)
    shop.browser().sign_in("grace@example.org")
    said: list[str] = []
    hashed: list[argon2.Parameters] = []
    verify = Hasher._verify

    def counted(hasher: Hasher, phc: str, password: str) -> bool:
        hashed.append(argon2.extract_parameters(phc))
        return verify(hasher, phc, password)

    monkeypatch.setattr(Hasher, "_verify", counted)
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: said.append(statement)
    )

    def told(email: str) -> tuple[object, ...]:
        reader = shop.browser(address="198.51.100.9")
        reader.get(SIGN_IN)
        said.clear()
        hashed.clear()
        answer = reader.post(SIGN_IN, {"email": email, "password": "not that one at all"})
        text = answer.text.replace(email, "X").partition("</form>")[0]
        headers = sorted(name for name, _ in answer.headers)
        return (
            answer.status_code,
            headers,
            text.replace(str(reader.cookie("form")), ""),
            list(said),
            list(hashed),
        )

    def without_token(told: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(
            re.sub(r'value="[0-9a-f]{64}"', "", part) if isinstance(part, str) else part for part in told
        )

    wrong, none, unknown = (
        without_token(told(email)) for email in (ADA, "grace@example.org", "nobody@example.org")
    )
    assert wrong == none == unknown
    assert wrong[0] == 422
    assert said[-1].split()[:3] == ["INSERT", "INTO", "limits"], (
        "each writes, since the disk's time would tell"
    )
    assert len(hashed) == 1


def test_a03_guessing_passwords_of_one_address_is_limited_and_its_owner_still_comes_in_by_mail(
    shop: Shop,
) -> None:
    with_password(shop)
    answers = []
    for n in range(21):
        guesser = shop.browser(address=f"203.0.113.{n}")
        answers.append(guesser.post(SIGN_IN, {"email": ADA, "password": f"guess number {n}"}, form=SIGN_IN))
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    assert "A code by mail still works" in visible(answers[-1])
    assert enter(shop.browser(address="203.0.113.99"), PASSWORD) == 429
    assert shop.browser(address="203.0.113.99").sign_in(ADA).status_code == 303
    shop.clock.advance(minutes=15)
    assert enter(shop.browser(address="203.0.113.99"), PASSWORD) == 303


def test_a03_one_client_cannot_try_many_addresses(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hasher, "_verify", lambda _self, _phc, _password: False)
    guesser = shop.browser()
    guesser.get(SIGN_IN)
    form = guesser.last
    statuses = []
    for n in range(61):
        guesser.last = form
        statuses.append(
            guesser.post(
                SIGN_IN,
                {"email": f"r{n}@example.org", "password": PASSWORD},
                headers={"X-Forwarded-For": f"203.0.113.{n}"},
            ).status_code
        )
    assert statuses == [422] * 60 + [429]


def test_a03_after_a_hundred_wrong_ones_in_a_row_a_password_sleeps_until_its_owner_has_come_in(
    shop: Shop,
) -> None:
    with_password(shop)
    with shop.database.write() as connection:
        connection.execute(update(PasswordRow).values(failures=MOST_FAILURES - 1))
    assert enter(shop.browser(), "the hundredth guess") == 422
    assert enter(shop.browser(), PASSWORD) == 422
    shop.browser().sign_in(ADA)
    assert kept(shop)[1] == 0
    assert enter(shop.browser(), PASSWORD) == 303


def test_a07_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(shop: Shop) -> None:
    with_password(shop)
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with shop.database.write() as connection:
        connection.execute(update(PasswordRow).values(phc=old))
    assert enter(shop.browser(), "something else altogether") == 422
    assert kept(shop)[0] == old
    assert enter(shop.browser(), PASSWORD) == 303
    renewed = kept(shop)[0]
    assert argon2.extract_parameters(renewed).memory_cost == 19 * 1024
    assert enter(shop.browser(), PASSWORD) == 303
    assert kept(shop)[0] == renewed


def test_a08_where_too_many_are_hashed_already_the_page_says_to_come_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_password(shop)

    def busy(*_arguments: object) -> bool:
        raise BusyError

    monkeypatch.setattr(Hasher, "_run", busy)
    answer = shop.browser().post(SIGN_IN, {"email": ADA, "password": PASSWORD}, form=SIGN_IN)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "no-store" in answer.headers["Cache-Control"]


def test_a08_sixty_four_parallel_sign_ins_never_hash_more_than_the_places_and_every_one_is_answered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_password(shop)
    ways: Ways = shop.app.extensions[EXTENSION]
    verify, lock, at_once, most = Hasher._verify, threading.Lock(), [0], [0]

    def counted(hasher: Hasher, phc: str, password: str) -> bool:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        try:
            return verify(hasher, phc, password)
        finally:
            with lock:
                at_once[0] -= 1

    monkeypatch.setattr(Hasher, "_verify", counted)
    monkeypatch.setattr("gatekeeper.accounts.limits.count", lambda *_a, **_k: None)
    form = shop.browser()
    form.get(SIGN_IN)
    statuses: list[int] = []

    def one() -> None:
        reader = shop.browser()
        reader.client, reader.last = shop.app.test_client(), form.last
        reader.client.set_cookie("__Host-lyceum_form", str(form.cookie("form")), domain="gate.example.test")
        answer = reader.post(SIGN_IN, {"email": ADA, "password": PASSWORD})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=one) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(statuses) == 64
    assert set(statuses) <= {303, 503}
    assert statuses.count(303) >= 1
    assert most[0] <= ways.hasher.places


def test_a15_fields_that_the_form_does_not_have_change_nothing(shop: Shop) -> None:
    with_password(shop, "eve@example.org")
    reader = shop.browser()
    reader.sign_in(ADA)
    extra = {
        "reader": "eve@example.org",
        "email": "eve@example.org",
        "username": "eve@example.org",
        "id": "1",
        "phc": "x",
        "failures": "-9",
    }
    reader.post(CHANGE, {"password": OTHER, **extra}, form=CHANGE)
    assert enter(shop.browser(), OTHER, "eve@example.org") == 422
    assert enter(shop.browser(), PASSWORD, "eve@example.org") == 303
    assert enter(shop.browser(), OTHER) == 303


def test_a_password_changed_while_an_old_one_was_hashed_lets_nobody_in(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_password(shop)
    verify = Hasher._verify

    def slow(hasher: Hasher, phc: str, password: str) -> bool:
        with shop.database.write() as connection:
            connection.execute(update(PasswordRow).values(phc="changed meanwhile"))
        return verify(hasher, phc, password)

    monkeypatch.setattr(Hasher, "_verify", slow)
    assert enter(shop.browser(), PASSWORD) == 422


@pytest.mark.parametrize("typed", ["", "nobody", "x" * 300, "a@b\0.org"])
def test_x12_odd_addresses_are_form_errors_and_are_never_hashed_for(
    shop: Shop, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hasher, "_verify", lambda *_: pytest.fail("hashed"))
    answer = shop.browser().post(SIGN_IN, {"email": typed, "password": PASSWORD}, form=SIGN_IN)
    assert answer.status_code == 422
    assert 'aria-describedby="email-error"' in answer.text


def test_s03_another_site_sets_no_password(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in(ADA)
    reader.get(CHANGE)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert reader.post(CHANGE, {"password": PASSWORD}, form=CHANGE, headers=headers).status_code == 403
    assert enter(shop.browser(), PASSWORD) == 422
