"""Tokens as a browser or an attacker sends them to the real server (group J)."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Mapping
from typing import Any

import pytest

from gatekeeper.gate.token import TYPE
from tests.support.gatekeeper import RunningGatekeeper
from tests.support.raw_http import RawAnswer

OWNER = {"demo": None}
TARGET = "/gate/parts/demo/paid"


def ask(gatekeeper: RunningGatekeeper, token: str) -> RawAnswer:
    name = gatekeeper.settings.entitlement_cookie
    return gatekeeper.get(TARGET, lines=f"Cookie: {name}={token}\r\n".encode("utf-8", "surrogateescape"))


def assert_refused_without_a_word(answer: RawAnswer) -> None:
    assert answer.status == 401
    assert answer.json() == {"reason": "anonymous", "products": ["demo", "everything"]}


def craft(gatekeeper: RunningGatekeeper, header: Mapping[str, object] | None = None, **changes: Any) -> str:
    """A token under the server's own key with a changed header or claims."""
    settings, now = gatekeeper.settings, int(time.time())
    key = settings.token_keys[-1]
    payload = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": "r",
        "sid": "s",
        "iat": now,
        "exp": now + 600,
        "jti": "j",
        "products": OWNER,
        **changes,
    }
    whole = {"alg": "EdDSA", "kid": key.kid, "typ": TYPE, **(header or {})}
    message = ".".join(
        base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=").decode()
        for part in (whole, {name: value for name, value in payload.items() if value is not ...})
    )
    seal = base64.urlsafe_b64encode(key.private().sign(message.encode())).rstrip(b"=").decode()
    return f"{message}.{seal}"


def test_the_crafted_token_is_taken_as_long_as_nothing_is_wrong_with_it(
    gatekeeper: RunningGatekeeper,
) -> None:
    assert ask(gatekeeper, craft(gatekeeper)).status == 200


@pytest.mark.parametrize("alg", ["none", "NoNe", "HS256", "hs256", ["EdDSA"], None, "RS256", ""])
def test_no_other_algorithm(gatekeeper: RunningGatekeeper, alg: object) -> None:
    """J01"""
    token = craft(gatekeeper, {"alg": alg})
    assert_refused_without_a_word(ask(gatekeeper, token))
    assert_refused_without_a_word(ask(gatekeeper, token.rpartition(".")[0] + "."))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "iat", "exp", "jti", "products"])
def test_no_claim_may_be_missing(gatekeeper: RunningGatekeeper, claim: str) -> None:
    """J04"""
    assert_refused_without_a_word(ask(gatekeeper, craft(gatekeeper, None, **{claim: ...})))


def test_no_other_audience_issuer_type_or_lifetime(gatekeeper: RunningGatekeeper) -> None:
    """J05, J07, J08"""
    now = int(time.time())
    wrong: list[dict[str, Any]] = [
        {"aud": "other"},
        {"aud": [gatekeeper.settings.token_audience]},
        {"iss": [gatekeeper.settings.token_issuer]},
        {"iss": gatekeeper.settings.token_issuer + "0"},
        {"exp": now + 315_360_000},
        {"exp": now + 5, "iat": now - 596},
    ]
    for changes in wrong:
        assert_refused_without_a_word(ask(gatekeeper, craft(gatekeeper, **changes)))
    for typ in ("JWT", "lyceum-session+jwt", "verify-email+jwt", None):
        assert_refused_without_a_word(ask(gatekeeper, craft(gatekeeper, {"typ": typ})))


def test_a_key_that_the_token_points_to_is_never_fetched(gatekeeper: RunningGatekeeper) -> None:
    """J10"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/keys.json"
        for name in ("jku", "x5u", "jwk", "x5c", "kid"):
            assert_refused_without_a_word(ask(gatekeeper, craft(gatekeeper, {name: address})))
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("size", [4_097, 60_000])
def test_a_token_above_four_kilobytes_is_refused(gatekeeper: RunningGatekeeper, size: int) -> None:
    """J14"""
    assert_refused_without_a_word(ask(gatekeeper, "x" * size))


@pytest.mark.parametrize("size", [1_000_000, 10_000_000])
def test_a_token_of_megabytes_does_not_get_past_the_server(gatekeeper: RunningGatekeeper, size: int) -> None:
    """J14"""
    assert ask(gatekeeper, "x" * size).status in {0, 431}
    for name in (b"Authorization: Bearer ", b"X-Anything: "):
        assert gatekeeper.get(TARGET, lines=name + b"x" * size + b"\r\n").status in {0, 431}
    assert gatekeeper.get("/healthz").status == 200


def test_an_old_and_an_early_token_are_refused(gatekeeper: RunningGatekeeper) -> None:
    """J18"""
    now = int(time.time())
    assert_refused_without_a_word(ask(gatekeeper, gatekeeper.token(OWNER, now=now - 600)))
    assert_refused_without_a_word(ask(gatekeeper, gatekeeper.token(OWNER, now=now + 120)))
    assert ask(gatekeeper, gatekeeper.token(OWNER, now=now + 20)).status == 200


def test_a_token_counts_only_as_a_cookie(gatekeeper: RunningGatekeeper) -> None:
    """J24"""
    token, name = gatekeeper.token(OWNER), gatekeeper.settings.entitlement_cookie
    for query in (f"token={token}", f"{name}={token}", f"access_token={token}", token):
        assert_refused_without_a_word(gatekeeper.raw(f"{TARGET}?{query}".encode()))
        assert_refused_without_a_word(gatekeeper.raw(f"{TARGET}#{query}".encode()))
    for line in (f"Authorization: Bearer {token}", f"X-{name}: {token}", f"{name}: {token}"):
        assert_refused_without_a_word(gatekeeper.get(TARGET, lines=f"{line}\r\n".encode()))
    assert token not in gatekeeper.log.read_text("utf-8")


def test_a_cookie_of_a_similar_name_does_not_count(gatekeeper: RunningGatekeeper) -> None:
    token, name = gatekeeper.token(OWNER), gatekeeper.settings.entitlement_cookie
    for similar in (
        f"x{name}",
        f"{name}2",
        name.upper(),
        f"__Host-{name}",
        f"a {name}",
        f'"{name}"',
        f"{name} ",
    ):
        assert_refused_without_a_word(gatekeeper.get(TARGET, lines=f"Cookie: {similar}={token}\r\n".encode()))


def test_two_tokens_are_none(gatekeeper: RunningGatekeeper) -> None:
    """A cookie that somebody else's page or host has slipped in beside the reader's own decides nothing."""
    token, other = gatekeeper.token(OWNER), gatekeeper.token({})
    name = gatekeeper.settings.entitlement_cookie
    for first, second in ((token, other), (other, token), (token, "")):
        joined = f"Cookie: {name}={first}; {name}={second}\r\n"
        apart = f"Cookie: {name}={first}\r\nCookie: {name}={second}\r\n"
        for lines in (joined, apart):
            assert_refused_without_a_word(gatekeeper.get(TARGET, lines=lines.encode()))
    among = f"Cookie: a=1; {name}={token};b=2\r\n"
    assert gatekeeper.get(TARGET, lines=among.encode()).status == 200


@pytest.mark.parametrize(
    "junk", ["", ".", "..", "a.b.c", "a.b.c.d", "null", "{}", "%00", "\udcff" * 40, "=", "a=b", '""']
)
def test_junk_is_refused_without_a_word(gatekeeper: RunningGatekeeper, junk: str) -> None:
    """J25"""
    answer = ask(gatekeeper, junk)
    if junk == "\udcff" * 40 and answer.status == 400:
        return  # the server's own word for bytes that are no header
    assert_refused_without_a_word(answer)
