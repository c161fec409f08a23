"""Asking another service over HTTPS, through Authlib's session: short time-outs, no redirects, JSON objects of sensible size, and nothing else believed.

What goes wrong is a `ProviderAwayError` with the service's name and the kind of error; never a code, token or secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gatekeeper.accounts.oidc.provider import ProviderAwayError, ProviderRefusedError, Trip
from gatekeeper.secrets import Secret

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

TIMEOUT_SECONDS = 5.0
LONGEST_ANSWER_BYTES = 256 * 1024


@contextmanager
def session(
    client: str, secret: Secret, *, scope: str, trip: Trip | None = None, auth: str = "client_secret_basic"
) -> Iterator[OAuth2Session]:
    """A session for one visit, closed at the end. auth: how the client shows its secret at the token endpoint."""
    from authlib.integrations.requests_client import OAuth2Session

    opened = OAuth2Session(
        client,
        secret.reveal_text(),
        scope=scope,
        redirect_uri=trip.back if trip is not None else None,
        code_challenge_method="S256",
        token_endpoint_auth_method=auth,
        default_timeout=TIMEOUT_SECONDS,
    )
    opened.max_redirects = 0  # a redirect would take a code or a secret elsewhere
    with opened:
        yield opened


@contextmanager
def watched(name: str) -> Iterator[None]:
    """Turns what can go wrong on the way into the two errors of `provider`. name: of the service, for the message."""
    from authlib.common.errors import AuthlibBaseError
    from requests import RequestException

    try:
        yield
    except AuthlibBaseError as error:  # the service's own words, such as `invalid_grant`
        raise ProviderRefusedError(f"{name} refused: {_word(error.error)}") from None
    except RequestException as error:
        raise ProviderAwayError(f"{name} cannot be asked: {type(error).__name__}") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProviderAwayError(f"{name} answered something else: {type(error).__name__}") from None


def get_json(opened: OAuth2Session, url: str, *, with_token: bool = False, **headers: str) -> Any:
    """The JSON at this address. Raises what `watched` turns into our errors."""
    with opened.request(
        "GET",
        url,
        withhold_token=not with_token,
        stream=True,
        headers={"Accept": "application/json", **headers},
    ) as answer:
        answer.raise_for_status()
        body = answer.raw.read(LONGEST_ANSWER_BYTES + 1, decode_content=True)
    if len(body) > LONGEST_ANSWER_BYTES:
        raise ValueError("too long")
    return json.loads(body)


def _word(text: object) -> str:
    """An error code of the protocol, and nothing longer."""
    word = str(text)
    return word if len(word) <= 40 and word.replace("_", "").isalnum() else "something"
