"""Protection of everything that changes something (attack case S03).

A request that is not GET, HEAD or OPTIONS must
1. come from this service's own pages: `Sec-Fetch-Site: same-origin`, or, from browsers that do not say, an `Origin` that is ours; saying
   neither is refused, too;
2. carry the form's token: HMAC of a random `__Host-` cookie that only this browser has.
Webhooks are signed instead and marked by `unprotected`; so is refusing optional mail, whose address holds a keyed hash (RFC 8058).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from typing import TypeVar

from flask import Response, abort, current_app, g, request
from markupsafe import Markup

from gatekeeper.accounts.marks import new_secret
from gatekeeper.web.cookies import drop_cookie, set_cookie
from gatekeeper.web.service import service

log = logging.getLogger(__name__)

COOKIE = "form"
FIELD = "form_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MARK = "lyceum_is_unprotected"

View = TypeVar("View", bound=Callable[..., object])


def unprotected(view: View) -> View:
    """Marks a view whose requests prove themselves in another way."""
    setattr(view, _MARK, True)
    return view


def refuse_foreign() -> None:
    """Before each request: 403 unless it comes from a form of ours."""
    if request.method in _SAFE:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, _MARK, False):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    is_ours = site == "same-origin" if site is not None else origin == service().settings.gatekeeper_url
    if not is_ours or (origin is not None and origin != service().settings.gatekeeper_url):
        log.warning("foreign request refused endpoint=%s", request.endpoint)
        abort(403)
    cookie = request.cookies.get(service().cookie(COOKIE), "")
    if not cookie or not hmac.compare_digest(
        _token(cookie).encode(), request.form.get(FIELD, "").encode("utf-8", "replace")
    ):
        abort(403)


def form_field() -> Markup:
    """The hidden field for a form; makes the cookie if this browser has none."""
    cookie = g.get("form_cookie") or request.cookies.get(service().cookie(COOKIE))
    if not cookie:
        cookie = g.form_cookie = new_secret()
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, _token(cookie))


def keep_form_cookie(response: Response) -> Response:
    """After each request: sets the cookie that `form_field` made."""
    if g.get("form_cookie"):
        set_cookie(response, COOKIE, g.form_cookie)
    return response


def renew_form_cookie(response: Response) -> None:
    """Forms of before this sign-in or sign-out end here."""
    drop_cookie(response, COOKIE)


def _token(cookie: str) -> str:
    return hmac.new(service().form_key, cookie.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
