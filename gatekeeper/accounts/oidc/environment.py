"""Reads the accounts at other services out of the environment. An account is whole or a mistake; what is wrong is said with the other settings.

LYCEUM_OIDC_PROVIDERS        names, separated by commas, in the order of their buttons: github, campus
LYCEUM_OIDC_<NAME>_CLIENT, _SECRET   what the service gave out for this gatekeeper
LYCEUM_OIDC_<NAME>_ISSUER    an OpenID Connect provider's issuer, as its discovery document says it; not for github
LYCEUM_OIDC_<NAME>_TITLE     on the button; default the name
LYCEUM_OIDC_GITHUB_URL, _API_URL   a company's own GitHub
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from gatekeeper.accounts.oidc.accounts import (
    GITHUB_API_URL,
    GITHUB_URL,
    GithubAccount,
    IdentityAccount,
    OidcAccount,
)
from gatekeeper.contract.loopback import is_private_way
from gatekeeper.environment_values import EnvironmentValues

GITHUB = "github"
_NAME = re.compile(r"[a-z][a-z0-9]{0,30}", re.ASCII)
_SECRET_NAME = re.compile(r"LYCEUM_OIDC_[A-Z0-9]+_SECRET", re.ASCII)
_LONGEST_TITLE = 40


def read_identity_accounts(values: EnvironmentValues) -> tuple[IdentityAccount, ...]:
    """The accounts that are set up, in order; what is wrong is added to the values' problems."""
    names = values.text("LYCEUM_OIDC_PROVIDERS", "").replace(",", " ").split()
    accounts: list[IdentityAccount] = []
    for name in dict.fromkeys(names):
        if not _NAME.fullmatch(name):
            values.wrong(
                "LYCEUM_OIDC_PROVIDERS",
                f"names {name!r}",
                "use small letters and digits, like github or campus",
            )
            continue
        account = _account(values, name)
        if account is not None:
            accounts.append(account)
    return tuple(accounts)


def is_secret_name(variable: str) -> bool:
    """Whether an environment variable of this name holds a service's secret."""
    return _SECRET_NAME.fullmatch(variable) is not None


def _account(values: EnvironmentValues, name: str) -> IdentityAccount | None:
    prefix = f"LYCEUM_OIDC_{name.upper()}"
    client, secret = values.text(f"{prefix}_CLIENT", ""), values.secret(f"{prefix}_SECRET")
    issuer = "" if name == GITHUB else _url(values, f"{prefix}_ISSUER", "")
    title = values.text(f"{prefix}_TITLE", "GitHub" if name == GITHUB else name.title())[:_LONGEST_TITLE]
    missing = [] if client else ["CLIENT"]
    if secret is None and f"{prefix}_SECRET" not in values.unreadable:
        missing.append("SECRET")
    for part in missing:
        values.wrong(
            f"{prefix}_{part}", "is missing", "register the gatekeeper there and copy what it gives out"
        )
    if not client or secret is None or (name != GITHUB and not issuer):
        return None
    if name != GITHUB:
        return OidcAccount(name=name, title=title, issuer=issuer, client=client, secret=secret)
    return GithubAccount(
        client=client,
        secret=secret,
        url=_url(values, "LYCEUM_OIDC_GITHUB_URL", GITHUB_URL).rstrip("/"),
        api_url=_url(values, "LYCEUM_OIDC_GITHUB_API_URL", GITHUB_API_URL).rstrip("/"),
        title=title,
    )


def _url(values: EnvironmentValues, name: str, default: str) -> str:
    """The address as it is written: an issuer is compared with its final slash."""
    text = values.text(name, default)
    try:
        parts = urlsplit(text)
        is_good = is_private_way(parts)
        is_good = (
            is_good and bool(parts.hostname) and not parts.query and not parts.fragment and "@" not in text
        )
    except ValueError:
        is_good = False
    if not is_good:
        values.wrong(
            name,
            "is missing" if not text else "is not an https address",
            "write it like https://login.example.org",
        )
        return default
    return text
