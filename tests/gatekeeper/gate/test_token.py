"""Entitlement tokens: what the verifier takes and what it refuses, without a server."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract.access import Entitlements
from gatekeeper.gate.token import (
    MAXIMUM_BYTES,
    MAXIMUM_LIFETIME_SECONDS,
    TYPE,
    TokenError,
    TokenFault,
    TokenVerifier,
    mint,
)
from gatekeeper.secrets import Secret, TokenKey, token_key

NOW = 1_800_000_000
ISSUER = "https://gate.school.example"
AUDIENCE = "https://gate.school.example/gate"
OLD, NEW, STRANGER = (token_key(Secret(bytes([n]) * 31 + b"!")) for n in (1, 2, 3))
VECTORS = Path(__file__).resolve().parents[4] / "shared" / "security" / "vectors"
Claims = dict[str, Any]


def verifier(*keys: TokenKey, remembered: int = 16) -> TokenVerifier:
    return TokenVerifier(keys or (OLD, NEW), issuer=ISSUER, audience=AUDIENCE, remembered=remembered)


def minted(
    products: dict[str, int | None] | None = None, *, now: int = NOW, keys: tuple[TokenKey, ...] = (NEW,)
) -> str:
    return mint(
        keys,
        reader="reader-1",
        session="session-1",
        products=products or {},
        now=now,
        issuer=ISSUER,
        audience=AUDIENCE,
    )


def claims(**changes: Any) -> Claims:
    """Good claims with some changed; ... removes one."""
    whole: Claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "reader-1",
        "sid": "session-1",
        "iat": NOW,
        "exp": NOW + 600,
        "jti": "one",
        "products": {"demo": None},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(payload: object, header: object = None, key: TokenKey = NEW) -> str:
    """A token with a right signature over whatever header and payload are given (bytes are taken as they are)."""
    header = {"alg": "EdDSA", "kid": key.kid, "typ": TYPE} if header is None else header
    parts = [
        encoded(part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode())
        for part in (header, payload)
    ]
    message = ".".join(parts)
    return f"{message}.{encoded(key.private().sign(message.encode()))}"


def refused(token: str, now: int = NOW, **changes: Any) -> TokenFault:
    with pytest.raises(TokenError) as caught:
        verifier(**changes).verify(token, now)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert str(caught.value) == caught.value.reason  # no text of a library, nothing of the token
    return caught.value.reason


def test_a_minted_token_says_what_the_reader_owns() -> None:
    read = verifier().verify(minted({"demo": None, "all": NOW + 50}), NOW)
    assert read.entitlements == Entitlements(reader="reader-1", products={"demo": None, "all": NOW + 50})
    assert (read.session, read.expires_at) == ("session-1", NOW + 600)


def test_the_helper_of_these_tests_signs_tokens_that_are_taken() -> None:
    assert verifier().verify(signed(claims()), NOW).entitlements.products == {"demo": None}


def test_a_token_lives_for_its_lifetime_and_not_a_second_longer() -> None:
    """J18: no leeway at the end, and 30 seconds for a clock that is ahead"""
    token = minted()
    assert verifier().verify(token, NOW + 599)
    assert refused(token, NOW + 600) is TokenFault.EXPIRED
    assert verifier().verify(minted(now=NOW + 30), NOW)
    assert refused(minted(now=NOW + 31), NOW) is TokenFault.EARLY
    assert refused(minted(now=NOW + 120), NOW) is TokenFault.EARLY
    assert refused(signed(claims(nbf=NOW - 5))) is TokenFault.CLAIMS


def test_a_remembered_token_expires_all_the_same() -> None:
    remembering, token = verifier(), minted()
    assert remembering.verify(token, NOW)
    assert remembering.verify(token, NOW + 599)
    with pytest.raises(TokenError) as caught:
        remembering.verify(token, NOW + 600)
    assert caught.value.reason is TokenFault.EXPIRED


def test_a_token_is_verified_once_and_then_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """R7"""
    checks: list[bytes] = []
    remembering = verifier(remembered=4)
    real = remembering._algorithm.verify

    def counted(message: bytes, *others: Any) -> bool:
        checks.append(message)
        return real(message, *others)

    monkeypatch.setattr(remembering._algorithm, "verify", counted)
    tokens = [minted() for _ in range(7)]
    for _ in range(3):
        remembering.verify(tokens[0], NOW)
    assert len(checks) == 1
    for token in tokens:
        remembering.verify(token, NOW)
    remembering.verify(tokens[-1], NOW)
    assert len(checks) == 7
    assert len(remembering._young) + len(remembering._old) <= 4
    remembering.verify(tokens[0], NOW)  # forgotten meanwhile, so it is verified again
    assert len(checks) == 8


def test_tokens_that_have_run_out_are_not_remembered_for_long() -> None:
    remembering = verifier()
    for turn in range(5):
        now = NOW + turn * 600
        for token in [minted(now=now) for _ in range(3)]:
            remembering.verify(token, now)
        assert len(remembering._young) == 3
        assert len(remembering._old) <= 3


def test_a_refused_token_is_not_remembered() -> None:
    remembering = verifier()
    bad = minted(keys=(STRANGER,))
    for _ in range(2):
        with pytest.raises(TokenError):
            remembering.verify(bad, NOW)
    assert not remembering._young


@pytest.mark.parametrize(
    "alg", ["none", "NoNe", "", None, ..., ["EdDSA"], "HS256", "hs256", "Ed25519", "eddsa", "RS256", 1]
)
def test_no_other_algorithm_is_taken(alg: object) -> None:
    """J01"""
    header = {"alg": alg, "kid": NEW.kid, "typ": TYPE}
    if alg is ...:
        del header["alg"]
    assert refused(signed(claims(), header)) is TokenFault.HEADER
    message = f"{encoded(json.dumps(header).encode()) if alg is not ... else 'e30'}.{encoded(json.dumps(claims()).encode())}"
    assert refused(f"{message}.") is TokenFault.FORM


def test_a_public_key_used_as_a_shared_secret_gives_nothing() -> None:
    """J02, the token that the attack would make"""
    public = NEW.public().public_bytes_raw()
    for key in (public, public.hex().encode(), encoded(public).encode()):
        token = jwt.encode(claims(), key.ljust(32, b"="), "HS256", headers={"kid": NEW.kid, "typ": TYPE})
        assert refused(token) in {TokenFault.HEADER, TokenFault.FORM}


def test_every_claim_is_required() -> None:
    """J04"""
    for name in claims():
        assert refused(signed(claims(**{name: ...}))) is TokenFault.CLAIMS, name


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "other"}, TokenFault.AUDIENCE),
        ({"aud": AUDIENCE[:-1]}, TokenFault.AUDIENCE),
        ({"aud": AUDIENCE + "s"}, TokenFault.AUDIENCE),
        ({"aud": AUDIENCE.upper()}, TokenFault.AUDIENCE),
        ({"aud": [AUDIENCE]}, TokenFault.CLAIMS),
        ({"aud": [AUDIENCE, "other"]}, TokenFault.CLAIMS),
        ({"aud": ""}, TokenFault.CLAIMS),
        ({"iss": ISSUER + "/"}, TokenFault.ISSUER),
        ({"iss": ISSUER[:-3]}, TokenFault.ISSUER),
        ({"iss": [ISSUER]}, TokenFault.CLAIMS),
        ({"iss": None}, TokenFault.CLAIMS),
    ],
)
def test_issuer_and_audience_are_compared_whole(changes: Claims, why: TokenFault) -> None:
    """J05"""
    assert refused(signed(claims(**changes))) is why


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW + 10 * 365 * 86400},
        {"exp": NOW + MAXIMUM_LIFETIME_SECONDS + 1},
        {"iat": NOW - 601, "exp": NOW + 1},
        {"iat": 0},
    ],
)
def test_a_lifetime_above_policy_is_refused_whoever_signed(changes: Claims) -> None:
    """J07"""
    assert refused(signed(claims(**changes))) is TokenFault.LIFETIME


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "lyceum-session+jwt", "application/" + TYPE, TYPE.upper(), None]
)
def test_a_token_of_another_type_is_refused(typ: str | None) -> None:
    """J08"""
    assert refused(signed(claims(), {"alg": "EdDSA", "kid": NEW.kid, "typ": typ})) is TokenFault.HEADER
    assert refused(signed(claims(), {"alg": "EdDSA", "kid": NEW.kid})) is TokenFault.HEADER


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "cty"])
def test_a_header_that_points_to_a_key_is_refused(name: str) -> None:
    """J10; that nothing is fetched is tried against the server"""
    own = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    value: object = (
        {"kty": "OKP", "crv": "Ed25519", "x": encoded(own)} if name == "jwk" else "http://127.0.0.1:9/"
    )
    header = {"alg": "EdDSA", "kid": NEW.kid, "typ": TYPE, name: value}
    assert refused(signed(claims(), header)) is TokenFault.HEADER


def test_a_large_token_is_refused_before_anything_is_decoded() -> None:
    """J14"""
    assert refused("x" * (MAXIMUM_BYTES + 1)) is TokenFault.SIZE
    assert refused("\u00fc" * 10_000_000) is TokenFault.SIZE
    whole = signed(claims(products={f"product-{n}": None for n in range(150)}))
    assert len(whole) > MAXIMUM_BYTES
    assert refused(whole) is TokenFault.SIZE


def test_keys_rotate_by_their_order_in_the_list() -> None:
    """J20: the newest signs, all verify, a removed or unknown one does not"""
    assert verifier(OLD, NEW).verify(minted(keys=(OLD,)), NOW)
    assert verifier(OLD, NEW).verify(minted(keys=(OLD, NEW)), NOW)
    assert verifier(NEW).verify(minted(keys=(OLD, NEW)), NOW)
    with pytest.raises(TokenError) as caught:
        verifier(NEW).verify(minted(keys=(OLD,)), NOW)
    assert caught.value.reason is TokenFault.HEADER
    assert refused(minted(keys=(STRANGER,))) is TokenFault.HEADER


def test_a_known_kid_over_a_strangers_signature_is_refused() -> None:
    header = {"alg": "EdDSA", "kid": NEW.kid, "typ": TYPE}
    assert refused(signed(claims(), header, STRANGER)) is TokenFault.SIGNATURE


def mutilations(token: str) -> Iterator[str]:
    header, payload, seal = token.split(".")
    other = signed(claims(sub="reader-2")).split(".")
    yield from (
        "",
        ".",
        "..",
        "...",
        header,
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f".{payload}.{seal}",
    )
    yield from (
        f"{header}..{seal}",
        f"{token}.",
        f".{token}",
        f"{token}.{seal}",
        f"{payload}.{header}.{seal}",
    )
    yield from (
        f"{header}.{other[1]}.{seal}",
        f"{header}.{payload}.{other[2]}",
        f"{header}.{payload}.{seal[:-1]}",
    )
    yield from (
        f"{token}\n",
        f" {token}",
        f"{token} ",
        token.replace(".", " .", 1),
        f"{token}=",
        f"{token}==",
    )
    yield from (
        f'"{token}"',
        f"Bearer {token}",
        token.swapcase(),
        token[:-1] + chr(0xFF11),
        token[: len(token) // 2],
    )


@pytest.mark.parametrize("broken", list(mutilations(signed(claims()))))
def test_a_mutilated_token_is_refused(broken: str) -> None:
    """J25"""
    assert refused(broken) in {TokenFault.FORM, TokenFault.HEADER, TokenFault.SIGNATURE}


def test_a_signature_has_one_spelling() -> None:
    token = minted()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    spellings = [token[:-1] + alphabet[last ^ bits] for bits in range(1, 16)]
    assert {refused(spelling) for spelling in spellings} == {TokenFault.FORM}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": str(NOW + 600)},
        {"exp": NOW + 600.0},
        {"exp": True},
        {"iat": -1},
        {"iat": None},
        {"sub": ""},
        {"sub": 7},
        {"sid": "x" * 129},
        {"jti": None},
        {"products": []},
        {"products": {"demo": "forever"}},
        {"products": {"demo": True}},
        {"products": {"demo": -1}},
        {"products": {"": None}},
        {"products": {"demo": NOW + 0.5}},
        {"admin": True},
    ],
)
def test_a_claim_of_another_type_is_refused(changes: Claims) -> None:
    assert refused(signed(claims(**changes))) is TokenFault.CLAIMS


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 2000, b"1e999", b'{"iss":NaN}', b"\x00"]
)
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    assert refused(signed(payload)) in {TokenFault.FORM, TokenFault.CLAIMS}


def test_mint_drops_ended_products_first_and_then_refuses() -> None:
    ended: dict[str, int | None] = {f"ended-product-{n}": NOW - 1 for n in range(100)}
    token = minted({**ended, "demo": None})
    assert verifier().verify(token, NOW).entitlements.products == {"demo": None}
    with pytest.raises(ValueError, match="200 products"):
        minted({f"product-{n}": None for n in range(200)})
    with pytest.raises(ValueError, match="lives"):
        mint(
            [NEW],
            reader="r",
            session="s",
            products={},
            now=NOW,
            issuer="i",
            audience="a",
            lifetime_seconds=601,
        )


def test_no_two_tokens_are_the_same() -> None:
    assert len({minted() for _ in range(50)}) == 50


def stored_tokens() -> Iterator[str]:
    for file in ("json_web_signature_test.json", "json_web_crypto_test.json"):
        for group in json.loads((VECTORS / "wycheproof" / file).read_text())["testGroups"]:
            for case in group["tests"]:
                if "jws" in case:
                    yield case["jws"] if isinstance(case["jws"], str) else json.dumps(case["jws"])


def test_no_wycheproof_token_is_ever_taken() -> None:
    """J03: with one algorithm, our keys and our header pinned, none of them may pass, valid under its own key or not"""
    if not (VECTORS / "wycheproof").is_dir():
        pytest.skip("the Wycheproof vectors are not beside this repository")
    tokens = list(stored_tokens())
    assert len(tokens) >= 450
    for token in tokens:
        refused(token)


def pyjwt_takes(token: str) -> bool:
    """Whether PyJWT itself, told everything that it can be told, takes the token at its own time."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != TYPE:
            return False
        keys = {key.kid: key.public() for key in (OLD, NEW)}
        jwt.decode(
            token,
            keys[header["kid"]],
            algorithms=["EdDSA"],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={
                "require": ["iss", "aud", "sub", "iat", "exp", "jti"],
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, KeyError, ValueError):
        return False
    return True


Mutation = Callable[[str], str]
CHARACTERS = st.characters(codec="utf-8", max_codepoint=0x2FFF)


@st.composite
def tampered(draw: st.DrawFn) -> str:
    """A good token with a few places changed, removed or added to."""
    token = signed(claims(jti="fixed"))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(token)))
        until = draw(st.integers(place, min(len(token), place + 4)))
        token = token[:place] + draw(st.text(CHARACTERS, max_size=3)) + token[until:]
    return token


@st.composite
def odd_claims(draw: st.DrawFn) -> str:
    """A token with a right signature over odd claims and an odd header."""
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    payload: Claims = claims(
        **draw(st.dictionaries(st.sampled_from(sorted(claims())), json_values, max_size=3))
    )
    header: Claims = {"alg": "EdDSA", "kid": NEW.kid, "typ": TYPE}
    header.update(
        draw(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "x"]), json_values, max_size=1))
    )
    return signed(payload, header)


@settings(deadline=None)
@given(st.one_of(tampered(), odd_claims(), st.text(max_size=200), st.binary(max_size=200).map(encoded)))
def test_nothing_but_token_errors_comes_out_and_nothing_passes_that_pyjwt_refuses(token: str) -> None:
    """Fuzzing of the token parser"""
    try:
        verifier().verify(token, NOW)
    except TokenError:
        return
    assert pyjwt_takes(token)


def test_every_key_makes_tokens_that_pyjwt_takes_too() -> None:
    for key in (OLD, NEW):
        assert pyjwt_takes(minted(keys=(key,)))
    assert not pyjwt_takes(minted(keys=(STRANGER,)))
    assert secrets.compare_digest(minted().split(".")[0], signed(claims()).split(".")[0])
