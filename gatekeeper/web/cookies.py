"""Cookies: one way to set and to drop them, so that all have the same safe attributes (attack case S01).

`__Host-` name, Secure, HttpOnly, SameSite=Lax, Path=/ and no Domain. Only where browsers reach the gatekeeper by plain http, which the
settings allow on loopback alone, they have neither the prefix nor Secure. What a client says about its scheme changes nothing (H05).
"""

from __future__ import annotations

from datetime import timedelta

from flask import Response

from gatekeeper.web.service import service


def set_cookie(response: Response, name: str, value: str, *, lifetime: timedelta | None = None) -> None:
    """Sets `lyceum_<name>`; without a lifetime the browser forgets it when it is closed."""
    served = service()
    response.set_cookie(
        served.cookie(name),
        value,
        max_age=lifetime,
        path="/",
        secure=served.settings.is_secure,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(response: Response, name: str) -> None:
    served = service()
    response.delete_cookie(
        served.cookie(name), path="/", secure=served.settings.is_secure, httponly=True, samesite="Lax"
    )
