"""What another service must be able to say: who somebody is there, and whether their address there is proven.

A provider is asked twice: for the address to send the browser to, and, when it comes back with a code, for the identity behind that code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gatekeeper.errors import GatekeeperError


class ProviderAwayError(GatekeeperError):
    """The other service did not answer, or not as its protocol says."""

    exit_code = 6


class ProviderRefusedError(GatekeeperError):
    """What came back proves nothing: a wrong signature, audience, nonce or time, or a code that the service does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody at another service. email: as they have it there; it counts only if is_email_verified. label: what to show."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One way there and back. back: our address that the browser returns to; verifier: of PKCE (RFC 7636)."""

    state: str
    nonce: str
    verifier: str
    back: str


class IdentityProvider(Protocol):
    """name: in our addresses; title: on the button."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def address(self, trip: Trip) -> str:
        """Where the browser goes. Raises ProviderAwayError."""

    def identity(self, trip: Trip, *, code: str, issuer: str | None, now: datetime) -> Identity:
        """Who came back with this code. issuer: the answer's `iss` (RFC 9207), if it had one.

        Raises ProviderAwayError, ProviderRefusedError.
        """
