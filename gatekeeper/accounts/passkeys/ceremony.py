"""Passkeys as WebAuthn has them: what is asked of the browser, and whether its answer is true (the library `webauthn` checks the signatures).

- The relying party is the host name of the configured origin, never of a request; browsers allow none for an IP address, so there passkeys are not offered.
- A challenge is derived from an errand: it belongs to this browser, lives half an hour at the sign-in page and ten minutes at the account page, and works once.
- Passkeys are discoverable (one signs in without typing an address) and always verify the person: what unlocks the device is the second factor.
- Attestation is not asked for: which make of device a reader has is nobody's business.
- A signature counter that does not grow means a copied key, and is refused.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Response, request

from gatekeeper.accounts import errands
from gatekeeper.accounts.errands import Errand
from gatekeeper.accounts.readers import Reader
from gatekeeper.accounts.ways import ways
from gatekeeper.web.cookies import set_cookie
from gatekeeper.web.service import service

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

SIGN_IN = "passkey"  # cookies, and kinds of errands
ADD = "passkey_new"
LIFETIME = {SIGN_IN: timedelta(minutes=30), ADD: timedelta(minutes=10)}
LONGEST_ANSWER = 20_000
_TIMEOUT_MS = 300_000
_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{1,1364}", re.ASCII)
_READER = re.compile(r"[0-9a-f]{32}", re.ASCII)


class FalseAnswerError(Exception):
    """What the browser sent proves nothing. The text is for the log: it holds nothing of the reader's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the page's script hands to the browser, as JSON, and the cookie in which the errand lies."""

    options: str
    kind: str
    cookie: str

    def keep(self, response: Response) -> None:
        set_cookie(response, self.kind, self.cookie, lifetime=LIFETIME[self.kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A key that was just made. credential, public_key: base64url."""

    credential: str
    public_key: str
    sign_count: int


def domain_of(origin: str) -> str | None:
    """The relying party's id for this origin; None where browsers allow none."""
    host = urlsplit(origin).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host or None
    return None


def offer_sign_in() -> Offered | None:
    """For the sign-in page. An errand that this browser has and that lasts a while longer is used on, so that two open pages both work."""
    domain = ways().passkey_domain
    if domain is None:
        return None
    served = service()
    now = served.clock()
    cookie = request.cookies.get(served.cookie(SIGN_IN), "")
    errand = errands.read(served.marker, SIGN_IN, cookie, now=now) if cookie else None
    if errand is None or errand.ends_at - now < LIFETIME[SIGN_IN] / 2:
        errand, cookie = errands.begin(served.marker, SIGN_IN, {}, lifetime=LIFETIME[SIGN_IN], now=now)
    options = {
        "challenge": _base64url(_challenge(errand)),
        "rpId": domain,
        "userVerification": "required",
        "timeout": _TIMEOUT_MS,
    }
    return Offered(options=json.dumps(options), kind=SIGN_IN, cookie=cookie)


def offer_new(reader: Reader, school: str, known: Sequence[str]) -> Offered | None:
    """For the account page. known: the credentials that the reader has, which the same device shall not make twice."""
    domain = ways().passkey_domain
    if domain is None:
        return None
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    served = service()
    errand, cookie = errands.begin(
        served.marker, ADD, {"reader": reader.id}, lifetime=LIFETIME[ADD], now=served.clock()
    )
    options = webauthn.generate_registration_options(
        rp_id=domain,
        rp_name=school,
        user_id=reader.id.encode(),
        user_name=reader.email,
        user_display_name=reader.email,
        challenge=_challenge(errand),
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_descriptor(credential) for credential in known],
    )
    return Offered(options=webauthn.options_to_json(options), kind=ADD, cookie=cookie)


def current_errand(kind: str) -> Errand | None:
    """The errand of this browser, if it is still open."""
    served = service()
    cookie = request.cookies.get(served.cookie(kind), "")
    return errands.read(served.marker, kind, cookie, now=served.clock()) if cookie else None


def check_new(errand: Errand, answer: str) -> NewPasskey:
    """The key that the browser made for this errand. Raises FalseAnswerError."""
    import webauthn

    try:
        made = webauthn.verify_registration_response(
            credential=_parsed(answer),
            expected_challenge=_challenge(errand),
            expected_rp_id=ways().passkey_domain or "",
            expected_origin=service().settings.gatekeeper_url,
            require_user_verification=True,
        )
    except _refusals() as error:
        raise FalseAnswerError(type(error).__name__) from error
    return NewPasskey(
        credential=_base64url(made.credential_id),
        public_key=_base64url(made.credential_public_key),
        sign_count=made.sign_count,
    )


def claimed_key(answer: str) -> tuple[str, str]:
    """Which key the answer says that it is of, and which reader. Nothing is proven yet. Raises FalseAnswerError."""
    parsed = _parsed(answer)
    response = parsed.get("response")
    credential = parsed.get("id")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if (
        not isinstance(credential, str)
        or not isinstance(handle, str)
        or not _CREDENTIAL.fullmatch(credential)
    ):
        raise FalseAnswerError("no key or no reader named")
    try:
        reader = _bytes(handle).decode("ascii")
    except ValueError as error:
        raise FalseAnswerError("no reader named") from error
    if not _READER.fullmatch(reader):  # what goes into a query is what ids look like; PostgreSQL takes no NUL
        raise FalseAnswerError("no reader named")
    return credential, reader


def check_sign_in(errand: Errand, answer: str, *, public_key: str, sign_count: int) -> int:
    """The device's new count of signatures, if the answer is signed with this key for this errand. Raises FalseAnswerError."""
    import webauthn

    try:
        proven = webauthn.verify_authentication_response(
            credential=_parsed(answer),
            expected_challenge=_challenge(errand),
            expected_rp_id=ways().passkey_domain or "",
            expected_origin=service().settings.gatekeeper_url,
            credential_public_key=_bytes(public_key),
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except _refusals() as error:
        raise FalseAnswerError(type(error).__name__) from error
    return proven.new_sign_count


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise FalseAnswerError("too long")
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise FalseAnswerError("no JSON") from error
    if not isinstance(parsed, dict):
        raise FalseAnswerError("no object")
    return parsed


def _refusals() -> tuple[type[Exception], ...]:
    """What the library raises for what strangers send. Beside its own errors, its readers of JSON, CBOR and keys let Python's through."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from webauthn.helpers.exceptions import WebAuthnException

    return (
        WebAuthnException,
        InvalidSignature,
        UnsupportedAlgorithm,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    )


def _challenge(errand: Errand) -> bytes:
    return bytes.fromhex(errand.derived(service().marker, "challenge"))


def _descriptor(credential: str) -> PublicKeyCredentialDescriptor:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor as Descriptor

    return Descriptor(id=_bytes(credential))


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
