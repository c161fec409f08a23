"""Signing in through other services: joining, linking, and everything that they could get wrong or somebody could forge."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from gatekeeper.accounts.oidc import routes as oidc_routes
from gatekeeper.accounts.oidc.tables import IdentityRow
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.contract import routes
from tests.support.authenticator import base64url
from tests.support.identity_servers import CarefulProvider, Github, address_on, path_of, signing_key, visit
from tests.support.shop import ORIGIN, Browser, Shop, visible

ADA, EVE = "ada@example.org", "eve@example.org"


def leave(reader: Browser, name: str = "campus", target: str = "/account") -> str:
    """The service's address, as the page that leads there has it."""
    page = reader.post(f"/sign-in/with/{name}", {"next": target}, form="/sign-in")
    assert page.status_code == 200, page.text
    return address_on(page.text)


def go(reader: Browser, name: str = "campus", target: str = "/account") -> TestResponse:
    """There and back."""
    return reader.get(path_of(visit(leave(reader, name, target))))


def link(reader: Browser, name: str = "campus") -> TestResponse:
    page = reader.post(f"/account/identities/{name}", {}, form="/account")
    assert page.status_code == 200, page.text
    return reader.get(path_of(visit(address_on(page.text))))


def signed_in_as(reader: Browser) -> str | None:
    told = reader.get(routes.READER).json
    assert told is not None
    email: str | None = told.get("email")
    return email


def count(shop: Shop, table: type[Any]) -> int:
    with shop.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("name", ["campus", "github"])
def test_a_new_reader_comes_in_through_another_service_and_goes_on_where_they_were(
    linked_shop: Shop, name: str
) -> None:
    reader = linked_shop.browser()
    answer = go(reader, name, "/redeem")
    assert answer.headers["Location"] == "/redeem"
    assert signed_in_as(reader) == ADA
    again = linked_shop.browser()
    go(again, name)
    assert signed_in_as(again) == ADA
    assert (count(linked_shop, ReaderRow), count(linked_shop, IdentityRow)) == (1, 1)


def test_the_way_there_carries_state_nonce_and_pkce_and_comes_back_to_the_configured_origin(
    linked_shop: Shop,
) -> None:
    """H04."""
    told = parse_qs(urlsplit(leave(linked_shop.browser())).query)
    assert told["redirect_uri"] == [f"{ORIGIN}/sign-in/with/campus/back"]
    assert told["code_challenge_method"] == ["S256"]
    assert told["response_type"] == ["code"]
    secrets = [told["state"][0], told["nonce"][0], told["code_challenge"][0]]
    assert len(set(secrets)) == 3
    assert all(len(secret) >= 43 for secret in secrets)
    other = parse_qs(urlsplit(leave(linked_shop.browser())).query)
    assert not set(secrets) & {other["state"][0], other["nonce"][0], other["code_challenge"][0]}


@pytest.mark.parametrize("name", ["campus", "github"])
def test_a_verified_address_joins_the_account_that_has_it_and_its_owner_learns_of_it(
    linked_shop: Shop, name: str
) -> None:
    linked_shop.browser().sign_in(ADA)
    reader = linked_shop.browser()
    go(reader, name)
    assert signed_in_as(reader) == ADA
    assert count(linked_shop, ReaderRow) == 1
    mail = linked_shop.mails()[0]
    assert mail.recipient == ADA
    assert "now opens your account" in mail.letter.text


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email": "no address"},
        {"email": 7},
        {"email": ""},
    ],
    ids=str,
)
def test_an_address_that_is_not_verified_joins_nothing_and_makes_nothing(
    linked_shop: Shop, campus: CarefulProvider, claims: dict[str, Any]
) -> None:
    linked_shop.browser().sign_in(ADA)
    campus.claims = claims
    reader = linked_shop.browser()
    answer = go(reader)
    assert answer.status_code == 422
    assert "is verified" in visible(answer)
    assert signed_in_as(reader) is None
    assert (count(linked_shop, ReaderRow), count(linked_shop, IdentityRow)) == (1, 0)


@pytest.mark.parametrize(
    "emails",
    [
        [{"email": ADA, "primary": True, "verified": False, "visibility": None}],
        [{"email": ADA, "primary": False, "verified": True, "visibility": None}],
        [],
    ],
    ids=["unverified", "not primary", "none"],
)
def test_githubs_address_counts_only_if_it_is_primary_and_verified(
    linked_shop: Shop, hub: Github, emails: Any
) -> None:
    hub.emails = emails
    reader = linked_shop.browser()
    assert go(reader, "github").status_code == 422
    assert signed_in_as(reader) is None


@pytest.mark.parametrize("name", ["campus", "github"])
def test_who_somebody_is_hangs_on_issuer_and_subject_and_not_on_the_address(
    linked_shop: Shop, campus: CarefulProvider, hub: Github, name: str
) -> None:
    """An address that changes hands there must not open the account of its former owner, nor lose the owner theirs."""
    go(linked_shop.browser(), name)
    campus.claims = {"email": "new@example.org"}
    hub.emails = [{"email": "new@example.org", "primary": True, "verified": True, "visibility": None}]
    moved = linked_shop.browser()
    go(moved, name)
    assert signed_in_as(moved) == ADA
    campus.claims = {"sub": "somebody else", "email": EVE}
    hub.user = {"login": "ada-l", "id": 1816}
    hub.emails = [{"email": EVE, "primary": True, "verified": True, "visibility": None}]
    other = linked_shop.browser()
    go(other, name)
    assert signed_in_as(other) == EVE


def test_the_address_may_come_from_userinfo_if_it_speaks_of_the_same_person(
    linked_shop: Shop, campus: CarefulProvider
) -> None:
    campus.claims = {"email": None, "email_verified": None}
    campus.userinfo = {"sub": "subject-1", "email": ADA, "email_verified": True}
    reader = linked_shop.browser()
    go(reader)
    assert signed_in_as(reader) == ADA
    campus.userinfo = {"sub": "subject-2", "email": EVE, "email_verified": True}
    other = linked_shop.browser()
    assert go(other).status_code == 422
    assert signed_in_as(other) is None


FALSE_TOKENS: dict[str, dict[str, Any]] = {
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "another-client"}},
    "no audience": {"claims": {"aud": None}},
    "several audiences, none authorized": {"claims": {"aud": ["lyceum-client", "another-client"]}},
    "authorized for another": {"claims": {"azp": "another-client"}},
    "another nonce": {"claims": {"nonce": "0" * 64}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": 1}},
    "no end": {"claims": {"exp": None}},
    "of the future": {"claims": {"iat": 9_999_999_999}},
    "no beginning": {"claims": {"iat": None}},
    "no subject": {"claims": {"sub": None}},
    "an empty subject": {"claims": {"sub": ""}},
    "a subject that is no text": {"claims": {"sub": ["x"]}},
    "a subject that is too long": {"claims": {"sub": "x" * 256}},
    "another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "another key": {"signed_with": "a thief's key"},
    "an unknown key": {"header": {"kid": "unknown"}},
    "no token": {"raw": {"access_token": "x", "token_type": "Bearer"}},
    "no text": {"raw": {"access_token": "x", "token_type": "Bearer", "id_token": 7}},
    "alg none": {
        "raw": {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        }
    },
}


@pytest.mark.parametrize("lie", FALSE_TOKENS.values(), ids=FALSE_TOKENS.keys())
def test_a_false_id_token_lets_nobody_in(
    linked_shop: Shop, campus: CarefulProvider, lie: dict[str, Any]
) -> None:
    for name, value in lie.items():
        setattr(campus, name, value)
    reader = linked_shop.browser()
    answer = go(reader)
    assert answer.status_code == 422
    assert "could not be checked" in visible(answer)
    assert signed_in_as(reader) is None
    assert count(linked_shop, ReaderRow) == 0


def _encoded(part: dict[str, Any]) -> str:
    return base64url(json.dumps(part).encode())


def test_j02_the_public_key_is_no_secret_of_an_hmac(linked_shop: Shop, campus: CarefulProvider) -> None:
    public = signing_key(campus.key).as_dict(private=False)
    now = campus.now
    for secret in (json.dumps(public), signing_key(campus.key).as_pem(private=False).decode()):
        reader = linked_shop.browser()
        address = leave(reader)
        nonce = parse_qs(urlsplit(address).query)["nonce"][0]
        claims = {
            "iss": campus.issuer,
            "sub": "1",
            "aud": "lyceum-client",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "email": ADA,
            "email_verified": True,
        }
        signed = ".".join(_encoded(part) for part in ({"alg": "HS256", "kid": public["kid"]}, claims))
        mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        token = f"{signed}.{base64url(mac)}"
        campus.raw = {"access_token": "x", "token_type": "Bearer", "id_token": token}
        assert reader.get(path_of(visit(address))).status_code == 422
        assert signed_in_as(reader) is None


def test_a_new_key_of_the_provider_is_fetched_and_an_unknown_one_does_not_make_a_storm(
    linked_shop: Shop, campus: CarefulProvider
) -> None:
    """J20, for keys of others."""
    campus.header = {"kid": "unknown"}
    for _ in range(5):
        assert go(linked_shop.browser()).status_code == 422
    assert campus.asked.count("/keys") == 1
    assert campus.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_a_discovery_document_that_is_not_its_issuers_or_not_https_is_not_followed(
    linked_shop: Shop, campus: CarefulProvider, document: dict[str, Any]
) -> None:
    campus.document = document
    answer = linked_shop.browser().post("/sign-in/with/campus", {"next": "/account"}, form="/sign-in")
    assert answer.status_code == 503
    assert "cannot be reached" in visible(answer)
    assert int(answer.headers["Retry-After"]) > 0
    assert 'action="/sign-in"' in answer.text


def test_the_way_back_works_once_in_its_own_browser_and_in_time(linked_shop: Shop) -> None:
    reader, thief = linked_shop.browser(), linked_shop.browser()
    address = leave(reader)
    back = path_of(visit(address))
    leave(thief)
    assert thief.get(back).status_code == 422
    assert signed_in_as(thief) is None
    kept = str(reader.cookie("identity"))
    assert reader.get(back).status_code == 303
    replay = linked_shop.browser()
    for fresh in (back, path_of(visit(address))):
        replay.client.set_cookie("__Host-lyceum_identity", kept, domain="gate.example.test")
        answer = replay.get(fresh)
        assert answer.status_code == 422
        assert "Please start again" in visible(answer)
    assert signed_in_as(replay) is None
    late = linked_shop.browser()
    back = path_of(visit(leave(late)))
    linked_shop.clock.advance(minutes=15)
    assert late.get(back).status_code == 422


def test_j08_one_services_answer_is_nothing_at_anothers_address(
    linked_shop: Shop, campus: CarefulProvider
) -> None:
    reader = linked_shop.browser()
    back = path_of(visit(leave(reader, "github")))
    assert reader.get(back.replace("/github/", "/campus/")).status_code == 422
    assert signed_in_as(reader) is None
    assert campus.asked == [], "a code of one service was shown to another"


def test_an_answer_that_names_another_issuer_is_refused(linked_shop: Shop, campus: CarefulProvider) -> None:
    """RFC 9207."""
    reader = linked_shop.browser()
    back = path_of(visit(leave(reader)))
    assert reader.get(f"{back}&iss=https%3A%2F%2Fevil.example").status_code == 422
    good = linked_shop.browser()
    back = path_of(visit(leave(good)))
    assert good.get(f"{back}&{urlencode({'iss': campus.issuer})}").status_code == 303


def test_a_reader_who_says_no_there_is_back_at_the_sign_in_page(linked_shop: Shop) -> None:
    reader = linked_shop.browser()
    state = parse_qs(urlsplit(leave(reader, target="/redeem")).query)["state"][0]
    answer = reader.get(f"/sign-in/with/campus/back?{urlencode({'error': 'access_denied', 'state': state})}")
    assert answer.status_code == 422
    assert "did not sign you in" in visible(answer)
    assert 'value="/redeem"' in answer.text


@pytest.mark.parametrize("name", ["campus", "github"])
def test_a_code_that_the_service_does_not_know_lets_nobody_in(linked_shop: Shop, name: str) -> None:
    reader = linked_shop.browser()
    state = parse_qs(urlsplit(leave(reader, name)).query)["state"][0]
    answer = reader.get(f"/sign-in/with/{name}/back?{urlencode({'code': 'made up', 'state': state})}")
    assert answer.status_code == 422
    assert signed_in_as(reader) is None


@pytest.mark.parametrize(
    "user", [{"login": "x"}, {"id": True, "login": "x"}, {"id": "7", "login": "x"}, [], "x"], ids=str
)
def test_an_odd_answer_of_github_is_no_error_of_ours(linked_shop: Shop, hub: Github, user: Any) -> None:
    hub.user = user
    answer = go(linked_shop.browser(), "github")
    assert answer.status_code == 503
    assert "cannot be reached" in visible(answer)


def test_a_service_that_hangs_holds_two_threads_at_most(linked_shop: Shop) -> None:
    for _ in range(oidc_routes.MOST_AT_ONCE):
        assert oidc_routes._places.acquire(blocking=False)
    try:
        answer = linked_shop.browser().post("/sign-in/with/campus", {}, form="/sign-in")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        for _ in range(oidc_routes.MOST_AT_ONCE):
            oidc_routes._places.release()


def test_a_reader_links_and_unlinks_accounts_on_the_account_page(
    linked_shop: Shop, campus: CarefulProvider
) -> None:
    campus.claims = {"email": "work@campus.example", "email_verified": False}
    reader = linked_shop.browser()
    reader.sign_in(ADA)
    assert link(reader).headers["Location"] == "/account#identities"
    page = visible(reader.get("/account"))
    assert "Campus · work@campus.example" in page
    elsewhere = linked_shop.browser()
    go(elsewhere)
    assert signed_in_as(elsewhere) == ADA

    (id_,) = re.findall(r"/account/identities/([0-9a-f]{32})/unlink", reader.get("/account").text)
    eve = linked_shop.browser()
    eve.sign_in(EVE)
    assert eve.post(f"/account/identities/{id_}/unlink", {}, form="/account").status_code == 404
    assert reader.post(f"/account/identities/{id_}/unlink", {}, form="/account").status_code == 303
    assert "no longer opens" in linked_shop.mails()[0].letter.text
    assert go(linked_shop.browser()).status_code == 422


def test_linking_needs_a_fresh_sign_in_and_a_form_of_ours(linked_shop: Shop) -> None:
    """S03: otherwise another site could link its owner's account to the reader's."""
    reader = linked_shop.browser()
    reader.sign_in(ADA)
    foreign = reader.post(
        "/account/identities/campus", {}, form="/account", headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    linked_shop.clock.advance(minutes=10)
    answer = reader.post("/account/identities/campus", {}, form="/account")
    assert answer.headers["Location"].startswith("/sign-in?again=1")


def test_linking_never_takes_an_identity_from_another_reader(linked_shop: Shop) -> None:
    go(linked_shop.browser())
    eve = linked_shop.browser()
    eve.sign_in(EVE)
    answer = link(eve)
    assert answer.status_code == 422
    assert "opens another account" in visible(answer)
    go(other := linked_shop.browser())
    assert signed_in_as(other) == ADA


def test_a_link_begun_by_one_reader_is_not_finished_by_another_in_the_same_browser(linked_shop: Shop) -> None:
    reader = linked_shop.browser()
    reader.sign_in(ADA)
    page = reader.post("/account/identities/campus", {}, form="/account")
    back = path_of(visit(address_on(page.text)))
    reader.post("/sign-in", {"email": EVE, "next": "/account"}, form="/sign-in?again=1")
    reader.post("/sign-in/code", {"code": linked_shop.code_for(EVE)}, form="/sign-in/code")
    assert reader.get(back).status_code == 422
    assert count(linked_shop, IdentityRow) == 0


def test_s02_coming_in_through_a_service_begins_a_new_session(linked_shop: Shop) -> None:
    reader = linked_shop.browser()
    reader.sign_in(ADA)
    before = str(reader.cookie("session"))
    page = reader.post("/sign-in/with/campus", {"next": "/account"}, form="/sign-in?again=1")
    reader.get(path_of(visit(address_on(page.text))))
    assert signed_in_as(reader) == ADA
    stolen = linked_shop.browser()
    stolen.client.set_cookie("__Host-lyceum_session", before, domain="gate.example.test")
    assert stolen.get(routes.READER).json == {"signed_in": False}


def test_r01_a_target_that_leads_away_is_not_kept(linked_shop: Shop) -> None:
    answer = go(linked_shop.browser(), target="https://evil.example/")
    assert answer.headers["Location"] == "/account"


def test_d07_no_code_token_secret_or_address_stands_in_the_log(
    linked_shop: Shop, campus: CarefulProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    reader = linked_shop.browser()
    back = path_of(visit(leave(reader)))
    reader.get(back)
    campus.claims = {"nonce": "x"}
    go(linked_shop.browser())
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name[:10] == "gatekeeper")
    assert "way=identity" in ours
    assert "sign-in failed verdict=ProviderRefusedError way=identity provider=campus" in ours
    for secret in (parse_qs(back)["state"][0], "an access token", "a secret of the client", ADA):
        assert secret not in ours


def test_an_unknown_service_is_not_found(linked_shop: Shop) -> None:
    assert linked_shop.browser().get("/sign-in/with/unknown/back").status_code == 404


def test_without_configured_services_nothing_of_them_shows(shop: Shop) -> None:
    reader = shop.browser()
    assert "/sign-in/with/" not in reader.get("/sign-in").text
    assert reader.post("/sign-in/with/github", {}, form="/sign-in").status_code == 404
    reader.sign_in(ADA)
    assert 'id="identities"' not in reader.get("/account").text
