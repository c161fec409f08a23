"""Entitlement tokens: minted by the service, verified by the gate. Signature before age before content.

A token is a JWT (RFC 7519) under one algorithm, EdDSA with Ed25519, good for ten minutes. The rules:

- At most 4 KiB; the size is looked at before anything else.
- The header is not parsed. It has to be, byte for byte, one of the headers that this service writes for its own keys:
  `{"alg":"EdDSA","kid":"<key id>","typ":"lyceum-entitlement+jwt"}`. So there is no way to say `none`, another
  algorithm, another type, an unknown key, `jku`, `x5u`, `jwk` or `crit` (RFC 8725, sections 3.1, 3.10-3.12).
- Claims are exactly iss, aud, sub, sid, iat, exp, jti and products, each of its one type; aud is one text, not a list.
- `exp == now` has ended: no leeway. `iat` may be 30 seconds ahead of this clock. exp - iat is at most ten minutes,
  whoever signed.
- Every failure is one `TokenError` with a reason code; no text of a library or of the token goes into it.

A verified token is remembered until it expires and hardly longer, so that the next request with it costs no signature (rule R7); keys that
change forget them all. `now` is in Unix seconds everywhere.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from gatekeeper.contract.access import Entitlements
from gatekeeper.secrets import TokenKey, public_keys, signing_key

ALGORITHM = "EdDSA"
TYPE = "lyceum-entitlement+jwt"
MAXIMUM_BYTES = 4096
MAXIMUM_LIFETIME_SECONDS = 600
ISSUED_AHEAD_SECONDS = 30
REMEMBERED_TOKENS = 32_768

_FORM = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", re.ASCII)
_CLAIMS = frozenset({"iss", "aud", "sub", "sid", "iat", "exp", "jti", "products"})
_MAXIMUM_TEXT = 128


class TokenFault(StrEnum):
    """Why a token was refused; stands in logs and metrics, never in an answer."""

    SIZE = "size"
    FORM = "form"
    HEADER = "header"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    LIFETIME = "lifetime"
    EARLY = "early"
    EXPIRED = "expired"


class TokenError(Exception):
    """The token is not one of ours, or not any more."""

    def __init__(self, reason: TokenFault) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says. session: id of the session that it was minted for; both moments in Unix seconds."""

    entitlements: Entitlements
    session: str
    issued_at: int
    expires_at: int


def mint(
    keys: Sequence[TokenKey],
    *,
    reader: str,
    session: str,
    products: Mapping[str, int | None],
    now: int,
    issuer: str,
    audience: str,
    lifetime_seconds: int = MAXIMUM_LIFETIME_SECONDS,
) -> str:
    """A token signed with the newest key whose moment has come. products: id → end in Unix seconds, or None for ever.

    Products that have ended are kept so that the page can say so, but dropped first when the token would be too large.
    Raises ValueError if it is too large even then, or if the lifetime is above policy.
    """
    if not 0 < lifetime_seconds <= MAXIMUM_LIFETIME_SECONDS:
        raise ValueError(f"a token lives 1 to {MAXIMUM_LIFETIME_SECONDS} seconds, not {lifetime_seconds}")
    newest = signing_key(keys, now)
    lasting = {id_: end for id_, end in products.items() if end is None or end > now}
    for held in (dict(products), lasting):
        token = jwt.encode(
            {
                "iss": issuer,
                "aud": audience,
                "sub": reader,
                "sid": session,
                "iat": now,
                "exp": now + lifetime_seconds,
                "jti": secrets.token_urlsafe(16),
                "products": held,
            },
            newest.private(),
            algorithm=ALGORITHM,
            headers={"kid": newest.kid, "typ": TYPE},
            sort_headers=True,
        )
        if len(token) <= MAXIMUM_BYTES:
            return token
    raise ValueError(f"{len(lasting)} products do not fit into a token of {MAXIMUM_BYTES} bytes")


class TokenVerifier:
    """Verifies tokens of one issuer for one audience, under any of the keys; remembers those it has seen. Threads share it."""

    def __init__(
        self, keys: Sequence[TokenKey], *, issuer: str, audience: str, remembered: int = REMEMBERED_TOKENS
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._algorithm = OKPAlgorithm()
        self._generation = max(1, remembered // 2)
        self._lock = threading.Lock()
        self.use(keys)

    def use(self, keys: Sequence[TokenKey]) -> None:
        """Verifies under these keys from now on, and under no others."""
        known = {_header(kid): key for kid, key in public_keys(keys).items()}
        with self._lock:
            self._keys: Mapping[bytes, Ed25519PublicKey] = known
            self._young, self._old = dict[str, Claims](), dict[str, Claims]()
            self._began = 0  # the younger of the two

    def verify(self, token: str, now: int) -> Claims:
        """What `token` says, if it is valid at `now`; else raises TokenError, and nothing but that."""
        claims = self._young.get(token) or self._old.get(token)
        if claims is None:
            if len(token) > MAXIMUM_BYTES:
                raise TokenError(TokenFault.SIZE)
            keys = self._keys
            claims = self._verified(token, keys, now)
            with self._lock:
                is_late = not 0 <= now - self._began < MAXIMUM_LIFETIME_SECONDS
                if is_late or len(self._young) >= self._generation:  # bounded: the older half is forgotten
                    self._old, self._young, self._began = self._young, {}, now
                if keys is self._keys:  # not those of a key that was retired in the meantime
                    self._young[token] = claims
        if claims.expires_at <= now:
            raise TokenError(TokenFault.EXPIRED)
        return claims

    def _verified(self, token: str, keys: Mapping[bytes, Ed25519PublicKey], now: int) -> Claims:
        try:
            data = token.encode("ascii")
        except UnicodeEncodeError:
            raise TokenError(TokenFault.FORM) from None
        form = _FORM.fullmatch(data)
        if form is None:
            raise TokenError(TokenFault.FORM)
        header, payload, seal = form.groups()
        key = keys.get(header)
        if key is None:
            raise TokenError(TokenFault.HEADER)
        signature = base64.urlsafe_b64decode(seal + b"==")
        if base64.urlsafe_b64encode(signature)[:-2] != seal:  # spare bits: a second spelling of one signature
            raise TokenError(TokenFault.FORM)
        if not self._algorithm.verify(data[: form.end(2)], key, signature):
            raise TokenError(TokenFault.SIGNATURE)
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        except (ValueError, RecursionError):
            raise TokenError(TokenFault.FORM) from None
        return self._checked(claims, now)

    def _checked(self, claims: object, now: int) -> Claims:
        if not isinstance(claims, dict) or claims.keys() != _CLAIMS:
            raise TokenError(TokenFault.CLAIMS)
        issued, expires, products = claims["iat"], claims["exp"], claims["products"]
        if not (
            all(_is_text(claims[name]) for name in ("iss", "aud", "sub", "sid", "jti"))
            and _is_time(issued)
            and _is_time(expires)
            and isinstance(products, dict)
            and all(id_ and (end is None or _is_time(end)) for id_, end in products.items())
        ):
            raise TokenError(TokenFault.CLAIMS)
        if claims["iss"] != self._issuer:
            raise TokenError(TokenFault.ISSUER)
        if claims["aud"] != self._audience:
            raise TokenError(TokenFault.AUDIENCE)
        if not 0 < expires - issued <= MAXIMUM_LIFETIME_SECONDS:
            raise TokenError(TokenFault.LIFETIME)
        if issued > now + ISSUED_AHEAD_SECONDS:
            raise TokenError(TokenFault.EARLY)
        return Claims(
            entitlements=Entitlements(reader=claims["sub"], products=products),
            session=claims["sid"],
            issued_at=issued,
            expires_at=expires,
        )


def _header(kid: str) -> bytes:
    """The one header that `mint` writes for the key `kid`."""
    text = json.dumps({"alg": ALGORITHM, "kid": kid, "typ": TYPE}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAXIMUM_TEXT


def _is_time(value: object) -> bool:
    return type(value) is int and value >= 0  # not bool, which is an int too
