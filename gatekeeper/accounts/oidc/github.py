"""GitHub: OAuth 2 without OpenID Connect, so the identity comes from its API.

- The subject is the account's number, which never changes; its name may, and is only shown.
- The address is the primary one, if GitHub has verified it (`GET /user/emails`, which needs the scope `user:email`).
- A refusal comes as 200 with an `error`; Authlib reads it.
- The access token is used for these two questions and kept nowhere.
Source: GitHub documentation, "Authorizing OAuth apps" and "REST API endpoints for emails".
"""

from __future__ import annotations

from datetime import datetime

from gatekeeper.accounts.oidc.accounts import GithubAccount
from gatekeeper.accounts.oidc.provider import Identity, ProviderRefusedError, Trip
from gatekeeper.accounts.oidc.remote import get_json, session, watched

SCOPE = "user:email"
_VERSION = {"X-GitHub-Api-Version": "2022-11-28"}
_AUTH = "client_secret_post"


class Github:
    """GitHub, or a company's own."""

    def __init__(self, account: GithubAccount) -> None:
        self._account = account

    @property
    def name(self) -> str:
        return self._account.name

    @property
    def title(self) -> str:
        return self._account.title

    def address(self, trip: Trip) -> str:
        with (
            watched(self.name),
            session(self._account.client, self._account.secret, scope=SCOPE, trip=trip) as opened,
        ):
            address, _ = opened.create_authorization_url(
                f"{self._account.url}/login/oauth/authorize", state=trip.state, code_verifier=trip.verifier
            )
        return str(address)

    def identity(self, trip: Trip, *, code: str, issuer: str | None, now: datetime) -> Identity:
        if issuer is not None and issuer != f"{self._account.url}/login/oauth":
            raise ProviderRefusedError("the answer is another issuer's")
        with (
            watched(self.name),
            session(self._account.client, self._account.secret, scope=SCOPE, trip=trip, auth=_AUTH) as opened,
        ):
            opened.fetch_token(
                f"{self._account.url}/login/oauth/access_token",
                code=code,
                code_verifier=trip.verifier,
                grant_type="authorization_code",
            )
            user = get_json(opened, f"{self._account.api_url}/user", with_token=True, **_VERSION)
            emails = get_json(opened, f"{self._account.api_url}/user/emails", with_token=True, **_VERSION)
            number, login = user["id"], user["login"]
            primary = next((entry for entry in emails if entry["primary"] is True), None)
            email = primary["email"] if primary is not None else ""
            if not isinstance(number, int) or isinstance(number, bool) or not isinstance(login, str):
                raise TypeError("an account without number or name")
            if not isinstance(email, str):
                raise TypeError("an address that is no text")
        return Identity(
            issuer=self._account.url,
            subject=str(number),
            email=email,
            is_email_verified=primary is not None and primary["verified"] is True,
            label=login[:254],
        )
