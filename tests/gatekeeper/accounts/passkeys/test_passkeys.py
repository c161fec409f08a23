"""Passkeys with a device in software: made, used, copied, forged, removed."""

from __future__ import annotations

import json
import random
import re
from html import unescape
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from gatekeeper.accounts.passkeys.ceremony import domain_of
from gatekeeper.accounts.passkeys.tables import PasskeyRow
from gatekeeper.accounts.tables import SpentErrandRow
from gatekeeper.contract import routes
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator, base64url, from_base64url
from tests.support.shop import ORIGIN, Browser, Shop, visible

DOMAIN = "gate.example.test"
ADA, EVE = "ada@example.org", "eve@example.org"
NEW = "/account/passkeys/new"


def options_of(reader: Browser, path: str) -> dict[str, Any]:
    """What the page hands to the browser."""
    page = reader.get(path)
    found = re.search(r'data-passkey-(?:new|sign-in)="([^"]*)"', page.text)
    assert found is not None, page.text
    options: dict[str, Any] = json.loads(unescape(found.group(1)))
    return options


def with_passkey(shop: Shop, email: str = ADA, **device: Any) -> tuple[Browser, Authenticator]:
    reader, made = shop.browser(), Authenticator(DOMAIN, ORIGIN, **device)
    reader.sign_in(email)
    answer = reader.post(NEW, {"credential": made.make(options_of(reader, NEW)), "name": "Blue key"})
    assert answer.headers.get("Location") == "/account#passkeys", answer.text
    return reader, made


def enter(reader: Browser, answer: str, target: str = "/account") -> int:
    return reader.post("/sign-in/passkey", {"credential": answer, "next": target}).status_code


def test_a_reader_adds_a_passkey_and_signs_in_with_it_without_typing_an_address(shop: Shop) -> None:
    reader, device = with_passkey(shop)
    assert "Blue key" in visible(reader.get("/account"))
    elsewhere = shop.browser()
    options = options_of(elsewhere, "/sign-in?next=/redeem")
    assert options["userVerification"] == "required"
    assert options["rpId"] == DOMAIN
    assert "allowCredentials" not in options
    assert 'autocomplete="username webauthn"' in elsewhere.last.text if elsewhere.last else False
    answer = elsewhere.post("/sign-in/passkey", {"credential": device.sign(options), "next": "/redeem"})
    assert answer.headers["Location"] == "/redeem"
    assert ADA in visible(elsewhere.get("/account"))


def test_the_offer_asks_for_a_discoverable_key_that_verifies_the_person_and_for_no_attestation(
    shop: Shop,
) -> None:
    reader, device = with_passkey(shop)
    options = options_of(reader, NEW)
    wanted = options["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert options["attestation"] == "none"
    assert options["rp"]["id"] == DOMAIN
    assert [from_base64url(known["id"]) for known in options["excludeCredentials"]] == [device.credential]
    assert ADA.encode() not in from_base64url(options["user"]["id"])


def test_several_passkeys_have_names_and_are_removed_one_by_one(shop: Shop) -> None:
    reader, first = with_passkey(shop)
    second = Authenticator(DOMAIN, ORIGIN)
    shop.clock.advance(seconds=1)
    reader.post(NEW, {"credential": second.make(options_of(reader, NEW)), "name": "<b>Phone</b>"})
    page = reader.get("/account")
    assert "&lt;b&gt;Phone" in page.text
    ids = re.findall(r"/account/passkeys/([0-9a-f]{32})/remove", page.text)
    assert len(ids) == 2
    assert reader.post(f"/account/passkeys/{ids[0]}/remove", {}).status_code == 303
    assert "was removed" in shop.mails()[0].letter.text
    assert "Blue key" in shop.mails()[0].letter.text
    for device, status in ((first, 422), (second, 303)):
        elsewhere = shop.browser()
        assert enter(elsewhere, device.sign(options_of(elsewhere, "/sign-in"))) == status


def test_a_passkey_without_a_name_gets_the_browsers(shop: Shop) -> None:
    reader, device = shop.browser(agent="Firefox/140 Linux"), Authenticator(DOMAIN, ORIGIN)
    reader.sign_in(ADA)
    reader.post(NEW, {"credential": device.make(options_of(reader, NEW)), "name": ""})
    assert "Firefox, Linux" in visible(reader.get("/account")).partition("Passkeys")[2]


def test_the_owner_learns_by_mail_of_a_new_passkey(shop: Shop) -> None:
    with_passkey(shop)
    mail = shop.mails()[0]
    assert mail.recipient == ADA
    assert "\u201cBlue key\u201d was added" in mail.letter.text


def test_adding_and_removing_need_a_fresh_sign_in(shop: Shop) -> None:
    reader, device = with_passkey(shop)
    options = options_of(reader, NEW)
    (key,) = re.findall(r"/account/passkeys/([0-9a-f]{32})/remove", reader.get("/account").text)
    shop.clock.advance(minutes=10)
    assert reader.get(NEW).headers["Location"].startswith("/sign-in?again=1")
    answer = reader.post(NEW, {"credential": Authenticator(DOMAIN, ORIGIN).make(options)}, form="/account")
    assert answer.headers["Location"].startswith("/sign-in?again=1")
    answer = reader.post(f"/account/passkeys/{key}/remove", {}, form="/account")
    assert answer.headers["Location"].startswith("/sign-in?again=1")
    proof = reader.post(
        "/sign-in/passkey",
        {"credential": device.sign(options_of(reader, answer.headers["Location"])), "next": "/account"},
    )
    assert proof.status_code == 303
    assert (
        reader.post(f"/account/passkeys/{key}/remove", {}, form="/account").headers["Location"]
        == "/account#passkeys"
    )


def test_a_reader_cannot_remove_anothers_passkey_and_a_stranger_adds_none(shop: Shop) -> None:
    with_passkey(shop)
    with shop.database.read() as connection:
        key = connection.execute(select(PasskeyRow.id)).scalar_one()
    eve = shop.browser()
    eve.sign_in(EVE)
    assert eve.post(f"/account/passkeys/{key}/remove", {}, form="/account").status_code == 404
    stranger = shop.browser()
    assert stranger.get(NEW).headers["Location"].startswith("/sign-in?")
    assert stranger.post(NEW, {"credential": "{}"}, form="/sign-in").status_code == 403


def test_s02_a_passkey_begins_a_new_session_and_ends_the_browsers_old_one(shop: Shop) -> None:
    reader, device = with_passkey(shop)
    before = reader.cookie("session")
    assert enter(reader, device.sign(options_of(reader, "/sign-in?again=1"))) == 303
    assert reader.cookie("session") != before
    stolen = shop.browser()
    stolen.client.set_cookie("__Host-lyceum_session", str(before), domain=DOMAIN)
    assert stolen.get(routes.READER).json == {"signed_in": False}


LIES = {
    "origin": {"origin": "https://evil.example"},
    "a look-alike origin": {"origin": f"{ORIGIN}.evil.example"},
    "http": {"origin": f"http://{DOMAIN}"},
    "domain": {"domain": "example.test"},
    "ceremony": {"type": "webauthn.create"},
    "challenge": {"challenge": "AAAA" * 10 + "AAA"},
    "person not verified": {"flags": PRESENT},
    "nobody there": {"flags": VERIFIED},
    "another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "no signature": {"signature": b""},
    "another reader": {"user": b"0" * 32},
    "no reader": {"user": b"\xff"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_in_any_part_lets_nobody_in(shop: Shop, lie: dict[str, Any]) -> None:
    _, device = with_passkey(shop)
    elsewhere = shop.browser()
    answer = device.sign(options_of(elsewhere, "/sign-in"), **lie)
    response = elsewhere.post("/sign-in/passkey", {"credential": answer})
    assert response.status_code == 422
    assert "did not work here" in visible(response)
    assert elsewhere.get(routes.READER).json == {"signed_in": False}
    assert enter(elsewhere, device.sign(options_of(elsewhere, "/sign-in"))) == 303


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.example"},
        {"domain": "evil.example"},
        {"type": "webauthn.get"},
        {"challenge": "AAAA"},
        {"flags": PRESENT},
    ],
    ids=str,
)
def test_a_lie_at_the_making_makes_no_passkey(shop: Shop, lie: dict[str, Any]) -> None:
    reader, device = shop.browser(), Authenticator(DOMAIN, ORIGIN)
    reader.sign_in(ADA)
    response = reader.post(NEW, {"credential": device.make(options_of(reader, NEW), **lie)})
    assert response.status_code == 422
    assert "No passkey was made" in visible(response)
    with shop.database.read() as connection:
        assert connection.execute(select(PasskeyRow)).all() == []


def test_a_challenge_works_once_and_only_in_its_browser(shop: Shop) -> None:
    _, device = with_passkey(shop)
    reader, other = shop.browser(), shop.browser()
    options = options_of(reader, "/sign-in")
    answer = device.sign(options)
    other.get("/sign-in")
    assert enter(other, answer) == 422
    kept = str(reader.cookie("passkey"))
    assert enter(reader, answer) == 303
    for copied in (answer, device.sign(options)):
        thief = shop.browser()
        thief.client.set_cookie("__Host-lyceum_passkey", kept, domain=DOMAIN)
        answer_again = thief.post("/sign-in/passkey", {"credential": copied}, form="/sign-in/password")
        assert answer_again.status_code == 422
        assert thief.get(routes.READER).json == {"signed_in": False}


def test_two_open_pages_of_one_browser_share_their_challenge_and_it_is_renewed_in_time(shop: Shop) -> None:
    _, device = with_passkey(shop)
    reader = shop.browser()
    first = options_of(reader, "/sign-in")
    assert options_of(reader, "/sign-in") == first
    shop.clock.advance(minutes=16)
    assert options_of(reader, "/sign-in")["challenge"] != first["challenge"]
    late = options_of(reader, "/sign-in")
    shop.clock.advance(minutes=31)
    form = reader.last
    answer = reader.post("/sign-in/passkey", {"credential": device.sign(late)})
    assert answer.status_code == 422
    assert "open for too long" in visible(answer)
    assert form is not None


def test_j08_a_challenge_of_the_account_page_is_none_of_the_sign_in_page(shop: Shop) -> None:
    reader, device = with_passkey(shop)
    options = options_of(reader, NEW)
    made_for = str(reader.cookie("passkey_new"))
    thief = shop.browser()
    thief.get("/sign-in")
    thief.client.set_cookie("__Host-lyceum_passkey", made_for, domain=DOMAIN)
    answer = thief.post("/sign-in/passkey", {"credential": device.sign(options)})
    assert answer.status_code == 422
    assert thief.get(routes.READER).json == {"signed_in": False}


def test_a_count_that_does_not_grow_is_a_copied_key(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    _, device = with_passkey(shop)
    reader = shop.browser()
    assert enter(reader, device.sign(options_of(reader, "/sign-in"), count=7)) == 303
    copy = shop.browser()
    assert enter(copy, device.sign(options_of(copy, "/sign-in"), count=7)) == 422
    assert "sign-in failed verdict=InvalidAuthenticationResponse way=passkey" in caplog.text
    assert enter(copy, device.sign(options_of(copy, "/sign-in"), count=8)) == 303


def test_a_device_that_does_not_count_works_again_and_again(shop: Shop) -> None:
    _, device = with_passkey(shop, counts=False)
    for _ in range(3):
        reader = shop.browser()
        assert enter(reader, device.sign(options_of(reader, "/sign-in"))) == 303


def test_a_key_that_another_reader_has_is_not_added_twice(shop: Shop) -> None:
    _, device = with_passkey(shop)
    eve = shop.browser()
    eve.sign_in(EVE)
    answer = eve.post(NEW, {"credential": device.make(options_of(eve, NEW))})
    assert answer.status_code == 422
    with shop.database.read() as connection:
        assert len(connection.execute(select(PasskeyRow)).all()) == 1


def test_an_offer_made_to_one_reader_is_nothing_to_another_in_the_same_browser(shop: Shop) -> None:
    reader, device = shop.browser(), Authenticator(DOMAIN, ORIGIN)
    reader.sign_in(ADA)
    answer = device.make(options_of(reader, NEW))
    kept = str(reader.cookie("passkey_new"))
    reader.post("/sign-in", {"email": EVE, "next": "/account"}, form="/sign-in?again=1")
    reader.post("/sign-in/code", {"code": shop.code_for(EVE)}, form="/sign-in/code")
    reader.get("/account")
    reader.client.set_cookie("__Host-lyceum_passkey_new", kept, domain=DOMAIN)
    assert reader.post(NEW, {"credential": answer}).status_code == 422


def test_what_strangers_send_is_never_an_error_of_ours(shop: Shop) -> None:
    """X13: odd JSON, and a true answer with pieces changed at random."""
    _, device = with_passkey(shop)
    reader = shop.browser()
    good = json.loads(device.sign(options_of(reader, "/sign-in")))
    odd = [
        "",
        "null",
        "[]",
        "{}",
        "1e999",
        "{" * 9000,
        '{"id":1}',
        '"' + "x" * 30000 + '"',
        "[" * 9000,
        '{"response":[]}',
    ]
    dice = random.Random(7)
    values: list[Any] = [None, 7, "", "A", "\u00e9", [], {}, "A" * 4000, "o2NmbXRkbm9uZQ", True]
    for _ in range(60):
        wrong = json.loads(json.dumps(good))
        where = dice.choice([wrong, wrong["response"]])
        free = {"authenticatorAttachment", "clientExtensionResults"}  # nothing hangs on these
        where[dice.choice(sorted(where.keys() - free))] = dice.choice(values)
        odd.append(json.dumps(wrong))
    form = reader.last
    for text in odd:
        reader.last = form
        answer = reader.post("/sign-in/passkey", {"credential": text})
        assert answer.status_code == 422, text
        shop.clock.advance(seconds=20)
    assert reader.get(routes.READER).json == {"signed_in": False}


def test_odd_attestations_make_no_passkey_and_no_error(shop: Shop) -> None:
    """X13."""
    reader, device = shop.browser(), Authenticator(DOMAIN, ORIGIN)
    reader.sign_in(ADA)
    good = json.loads(device.make(options_of(reader, NEW)))
    dice = random.Random(11)
    raw = from_base64url(good["response"]["attestationObject"])
    for _ in range(40):
        broken = bytearray(raw)
        for _ in range(dice.randint(1, 4)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        wrong = {
            **good,
            "response": {
                **good["response"],
                "attestationObject": base64url(bytes(broken)[: dice.randint(20, len(broken))]),
            },
        }
        answer = reader.post(NEW, {"credential": json.dumps(wrong)})
        assert answer.status_code in {303, 422}
        if (
            answer.status_code == 303
        ):  # a key of another spelling is a key; the challenge was still the right one
            reader.get(NEW)


def test_a13_tries_are_limited(shop: Shop) -> None:
    reader = shop.browser()
    reader.get("/sign-in")
    form = reader.last
    statuses = []
    for _ in range(61):
        reader.last = form
        statuses.append(enter(reader, "{}"))
    assert statuses == [422] * 60 + [429]
    assert reader.last is not None
    assert int(reader.last.headers["Retry-After"]) > 0


def test_spent_challenges_are_forgotten_when_they_would_have_ended(shop: Shop) -> None:
    with_passkey(shop)
    shop.run_jobs()
    shop.clock.advance(hours=2)
    shop.run_jobs()
    with shop.database.read() as connection:
        assert connection.execute(select(SpentErrandRow)).all() == []


@pytest.mark.parametrize(
    ("origin", "domain"),
    [
        ("https://gate.example.org", "gate.example.org"),
        ("http://localhost:8001", "localhost"),
        ("http://127.0.0.1:8001", None),
        ("https://[::1]:8001", None),
    ],
)
def test_the_domain_is_the_configured_hosts_name_and_none_for_an_address(
    origin: str, domain: str | None
) -> None:
    """H04."""
    assert domain_of(origin) == domain
