"""The accounts that an operator has made at other services, for signing in through them. Frozen; read by `oidc.environment`."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.secrets import Secret

GITHUB_URL = "https://github.com"
GITHUB_API_URL = "https://api.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcAccount:
    """A client at an OpenID Connect provider. name: in addresses; title: on the button; issuer: as its documents say it."""

    name: str
    title: str
    issuer: str
    client: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubAccount:
    """An OAuth application at GitHub, or at a company's own. url, api_url: without a final slash."""

    client: str
    secret: Secret
    url: str = GITHUB_URL
    api_url: str = GITHUB_API_URL
    name: str = "github"
    title: str = "GitHub"


IdentityAccount = OidcAccount | GithubAccount
