"""The account that opens a bucket."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Account:
    """endpoint: scheme and authority without a final slash."""

    endpoint: str
    region: str
    is_virtual_hosted: bool
    access_key: str
    secret_key: Secret
    session_token: Secret | None = None
