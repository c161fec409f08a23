"""What the ways in stand on, put together once at start-up (`assemble`) and found from any request by `ways()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app

from gatekeeper.accounts.oidc.provider import IdentityProvider
from gatekeeper.accounts.passwords.hashing import Hasher

EXTENSION = "lyceum_ways"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """passkey_domain: the relying party's id, None where passkeys cannot be had. providers: by name, in the order in which they are offered."""

    hasher: Hasher
    passkey_domain: str | None
    providers: Mapping[str, IdentityProvider]


def ways() -> Ways:
    """Those of the running service, inside a request."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, Ways):
        raise TypeError("the application was not made by gatekeeper.app.create_app")
    return found
