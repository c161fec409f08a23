"""Headers of every answer, errors and redirects included (attack cases H11, C01, S11).

Nothing is inline, nothing comes from elsewhere, nobody may frame a page. Answers are private and never stored, except assets. `form-action`
names the school's site too, because browsers check it also along the redirect after signing in.
"""

from __future__ import annotations

from flask import Response, g

from gatekeeper.web.service import service

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self' {site}; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` browsers would send `Origin: null` with our own forms. Other sites, the school's among them, learn that somebody
    # comes from here and nothing more.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def add_headers(response: Response) -> Response:
    settings = service().settings
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _POLICY.format(site=settings.site_origin))
    response.headers.setdefault("Cache-Control", "private, no-store")
    if settings.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    request_id = g.get("request_id")
    if request_id:
        response.headers["X-Request-Id"] = request_id
    return response
