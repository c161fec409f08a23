"""Any OpenID Connect provider, from its issuer's address alone (OpenID Connect Discovery 1.0, Core 1.0 section 3.1).

- The document must name the issuer under which it was asked for, and its addresses must be https (http on loopback only).
- The ID token must be signed by one of the provider's keys with an asymmetric algorithm, name this issuer and this client, hold this trip's nonce, and be
  of now. Authlib checks the claims; which algorithms count is said here, so a token cannot choose `none` or an HMAC under a public key.
- The address counts as proven only if `email_verified` is true, as a JSON value. If the ID token has no address, the userinfo endpoint
  is asked, and must speak of the same subject.
- Document and keys are kept for an hour; an unknown key asks again, once a minute at most.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gatekeeper.accounts.oidc.accounts import OidcAccount
from gatekeeper.accounts.oidc.provider import Identity, ProviderAwayError, ProviderRefusedError, Trip
from gatekeeper.accounts.oidc.remote import get_json, session, watched
from gatekeeper.contract.loopback import is_private_way

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

SCOPE = "openid email profile"
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
LEEWAY_SECONDS = 60
KEPT_SECONDS = 3600.0
ASKED_AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """What the provider says about itself. asked_at: of `time.monotonic`."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    auth: str
    always_names_issuer: bool
    asked_at: float


class DiscoveredProvider:
    """One provider of the settings."""

    def __init__(self, account: OidcAccount) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._known: _Document | None = None
        self._key_set: tuple[KeySet, float] | None = None

    @property
    def name(self) -> str:
        return self._account.name

    @property
    def title(self) -> str:
        return self._account.title

    def address(self, trip: Trip) -> str:
        document = self._document()
        with (
            watched(self.name),
            session(self._account.client, self._account.secret, scope=SCOPE, trip=trip) as opened,
        ):
            address, _ = opened.create_authorization_url(
                document.authorization, state=trip.state, code_verifier=trip.verifier, nonce=trip.nonce
            )
        return str(address)

    def identity(self, trip: Trip, *, code: str, issuer: str | None, now: datetime) -> Identity:
        document = self._document()
        if issuer is None and document.always_names_issuer:
            raise ProviderRefusedError("the answer names no issuer")
        if issuer is not None and issuer != self._account.issuer:
            raise ProviderRefusedError("the answer is another issuer's")
        with (
            watched(self.name),
            session(
                self._account.client, self._account.secret, scope=SCOPE, trip=trip, auth=document.auth
            ) as opened,
        ):
            token = opened.fetch_token(
                document.token, code=code, code_verifier=trip.verifier, grant_type="authorization_code"
            )
            claims = self._claims(token, trip, now)
            if claims.get("email") is None and document.userinfo:
                told = get_json(opened, document.userinfo, with_token=True)
                if told["sub"] != claims["sub"]:
                    raise ProviderRefusedError("userinfo speaks of somebody else")
                claims = {**told, **claims}
        return self._identity(claims)

    def _identity(self, claims: dict[str, Any]) -> Identity:
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ProviderRefusedError("no subject")
        email = email if isinstance(email, str) else ""
        names = (email, claims.get("preferred_username"), claims.get("name"))
        return Identity(
            issuer=self._account.issuer,
            subject=subject,
            email=email,
            is_email_verified=bool(email) and claims.get("email_verified") is True,
            label=next((name for name in names if isinstance(name, str) and name), "")[:254],
        )

    def _claims(self, token: dict[str, Any], trip: Trip, now: datetime) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        try:
            signed = self._decoded(token["id_token"])
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": self._account.issuer},
                    "aud": {"essential": True, "value": self._account.client},
                },
                {
                    "nonce": trip.nonce,
                    "client_id": self._account.client,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except JoseError as error:
            raise ProviderRefusedError(f"the ID token is refused: {type(error).__name__}") from None
        except (KeyError, ValueError, TypeError) as error:
            raise ProviderRefusedError(f"no ID token: {type(error).__name__}") from None
        return dict(claims)

    def _decoded(self, token: str) -> Any:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError

        if not isinstance(token, str):
            raise TypeError("no text")
        try:
            return jwt.decode(token, self._keys(), algorithms=list(ALGORITHMS))
        except InvalidKeyIdError:  # the provider has a new key
            return jwt.decode(token, self._keys(anew=True), algorithms=list(ALGORITHMS))

    def _keys(self, *, anew: bool = False) -> KeySet:
        from joserfc.jwk import KeySet

        document = self._document()
        with self._lock:
            patience = ASKED_AGAIN_SECONDS if anew else KEPT_SECONDS
            if self._key_set is not None and time.monotonic() - self._key_set[1] < patience:
                return self._key_set[0]
        with watched(self.name), session(self._account.client, self._account.secret, scope=SCOPE) as opened:
            keys = KeySet.import_key_set(get_json(opened, document.keys))
        with self._lock:
            self._key_set = (keys, time.monotonic())
        return keys

    def _document(self) -> _Document:
        with self._lock:
            known = self._known
        if known is not None and time.monotonic() - known.asked_at < KEPT_SECONDS:
            return known
        url = f"{self._account.issuer.rstrip('/')}/.well-known/openid-configuration"
        with watched(self.name), session(self._account.client, self._account.secret, scope=SCOPE) as opened:
            told = get_json(opened, url)
            if told["issuer"] != self._account.issuer:
                raise ProviderAwayError(
                    f"{self.name} calls itself another issuer",
                    hint=f"set LYCEUM_OIDC_{self.name.upper()}_ISSUER to exactly what its document says",
                )
            methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            document = _Document(
                authorization=_secure(told["authorization_endpoint"]),
                token=_secure(told["token_endpoint"]),
                keys=_secure(told["jwks_uri"]),
                userinfo=_secure(told["userinfo_endpoint"]) if told.get("userinfo_endpoint") else "",
                auth="client_secret_basic" if "client_secret_basic" in methods else "client_secret_post",
                always_names_issuer=told.get("authorization_response_iss_parameter_supported") is True,
                asked_at=time.monotonic(),
            )
        with self._lock:
            self._known = document
        return document


def _secure(address: str) -> str:
    """The address, if nobody can listen in. Raises ValueError."""
    parts = urlsplit(address)
    if is_private_way(parts):
        return address
    raise ValueError("not https")
