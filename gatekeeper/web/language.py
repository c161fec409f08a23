"""The language of a page: what the reader chose (`?lang=`, remembered in a cookie), else what the browser prefers, else the school's."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g, request

from gatekeeper.web.cookies import set_cookie
from gatekeeper.web.service import default_language, service
from gatekeeper.web.texts import LANGUAGES

COOKIE = "language"
REMEMBERED = timedelta(days=365)


def language() -> str:
    """The language of this request's answer."""
    found = g.get("language")
    if not isinstance(found, str):
        found = g.language = _chosen() or _preferred()
    return found


def remember_language(response: Response) -> Response:
    """Keeps a choice made in this request's address."""
    asked = request.args.get("lang")
    if asked in LANGUAGES and request.cookies.get(service().cookie(COOKIE)) != asked:
        set_cookie(response, COOKIE, asked, lifetime=REMEMBERED)
    return response


def _chosen() -> str | None:
    for choice in (request.args.get("lang"), request.cookies.get(service().cookie(COOKIE))):
        if choice in LANGUAGES:
            return choice
    return None


def _preferred() -> str:
    default = default_language(service().manifest)
    return request.accept_languages.best_match(LANGUAGES, default) or default
