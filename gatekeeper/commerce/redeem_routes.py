"""Redeeming a code.

GET  /redeem      `?code=` fills the form in, as links in letters do; `?lesson=` to come back to. Strangers sign in first and come back
POST /redeem

A link redeems nothing by itself: mail scanners follow links, and the reader should see as whom they redeem.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entitlement_cookie import set_entitlement
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.offers import lesson_address, opened_courses, title_of
from gatekeeper.commerce.redemption import redeem
from gatekeeper.contract import routes
from gatekeeper.web.forms import FieldError, clean_line, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page
from gatekeeper.web.service import service

blueprint = Blueprint("redeem", __name__, template_folder="templates")

_LONGEST = 40


@blueprint.get(routes.REDEEM)
def redeem_form() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    try:
        code = clean_line(request.args.get("code", ""), longest=_LONGEST)
    except FieldError:
        code = ""
    return _form_page(who, code=code)


@blueprint.post(routes.REDEEM)
def redeem_code() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    now = served.clock()
    try:
        typed = field("code", longest=_LONGEST)
    except FieldError:
        return _form_page(who, code="", error=Redemption.UNKNOWN, status=422)
    uses = [
        (limits.REDEEMS_BY_READER, who.reader.id),
        (limits.REDEEMS_FROM_CLIENT, client_subject(client())),
    ]
    try:
        with served.database.write() as connection:
            limits.count(connection, served.marker, uses, now=now)
    except LimitedError as limited:
        response = _form_page(who, code=typed, limited=limited, status=429)
        response.headers["Retry-After"] = str(limited.retry_after_seconds)
        return response
    with served.database.write() as connection:
        redeemed = redeem(connection, served.marker, typed, reader=who.reader.id, now=now)
    if redeemed.outcome not in {Redemption.DONE, Redemption.YOURS} or redeemed.product is None:
        return _form_page(who, code=typed, error=redeemed.outcome, status=422)
    manifest = served.manifest
    response = page(
        "commerce/redeemed.html",
        title=title_of(manifest, redeemed.product, language()),
        is_new=redeemed.outcome is Redemption.DONE,
        gift=redeemed.gift if redeemed.outcome is Redemption.DONE else None,
        courses=opened_courses(manifest, redeemed.product) if manifest is not None else (),
        back=lesson_address(manifest, _lesson()),
    )
    set_entitlement(response, who)
    return response


def _form_page(
    who: SignedIn,
    *,
    code: str,
    error: Redemption | None = None,
    limited: LimitedError | None = None,
    status: int = 200,
) -> Response:
    return page(
        "commerce/redeem.html",
        status=status,
        who=who,
        code=code,
        error=error.value if error is not None else None,
        minutes=0 if limited is None else -(-limited.retry_after_seconds // 60),
        lesson=_lesson(),
    )


def _lesson() -> str | None:
    """The lesson to come back to, if the manifest lists it."""
    manifest, asked = service().manifest, request.values.get("lesson")
    return asked if manifest is not None and asked in manifest.lessons else None
