"""What a reader takes along, and going. The rules are in `export.py` and `deletion.py`.

POST     /account/export          everything that is kept about the reader, as a zip
GET/POST /account/delete          what is lost; the button mails a code
GET/POST /account/delete/code     the code; then the account is deleted
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import forget_signed_in, signed_in
from gatekeeper.accounts.entitlement_cookie import owned_by
from gatekeeper.accounts.entrance import dropped_cookies
from gatekeeper.accounts.life import deletion, export, proofs, steps
from gatekeeper.accounts.life.proofs import Purpose
from gatekeeper.accounts.life.steps import Step
from gatekeeper.accounts.life.told import tell_deleted
from gatekeeper.accounts.limits import LimitedError
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce.offers import title_of
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import school_name, service

blueprint = Blueprint("leaving", __name__, template_folder="templates")

DELETE = "/account/delete"
_DELETE = Step(
    purpose=Purpose.DELETION,
    title="deletion.title",
    go="deletion.go",
    action=f"{DELETE}/code",
    is_dangerous=True,
)


@blueprint.post("/account/export")
def export_all() -> Response:
    who = steps.required()
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        limits.count(connection, served.marker, [(limits.EXPORTS_BY_READER, who.reader.id)], now=now)
    with served.database.read() as connection:
        parts = export.parts_of(connection, who.reader)
    packed = export.zipped(parts, made_at=now, school=school_name(served.manifest, language()))
    response = Response(packed, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="account-{now:%Y-%m-%d}.zip"'
    return response


@blueprint.get(DELETE)
def form() -> Response:
    who = signed_in()
    return sign_in_first() if who is None else _form_page(who)


@blueprint.post(DELETE)
def ask() -> Response:
    who = steps.required()
    if _running(who):
        return _form_page(who, status=422)
    try:
        _send(who)
    except LimitedError as limited:
        response = _form_page(who, status=429, is_limited=True)
        response.headers["Retry-After"] = str(limited.retry_after_seconds)
        return response
    return to(_DELETE.action)


@blueprint.get(_DELETE.action)
def code_form() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    proof = steps.current(_DELETE, who.handle)
    return to(DELETE) if proof is None else steps.code_page(_DELETE, proof)


@blueprint.post(_DELETE.action)
def delete() -> Response:
    who = steps.required()
    proof = steps.current(_DELETE, who.handle)
    if proof is None or _running(who):
        return to(DELETE)
    if request.form.get("again") is not None:
        try:
            _send(who)
        except LimitedError as limited:
            return steps.code_page(_DELETE, proof, error="limited", status=429, limited=limited)
        return to(_DELETE.action)
    wrong = steps.tried(_DELETE, proof, who.handle)
    if wrong is not None:
        return wrong
    served = service()
    now = served.clock()
    chosen = language()
    with served.database.write() as connection:
        if not proofs.spend(connection, proof, now=now):
            abort(403)
        emails = deletion.erase(connection, who.reader.id, now=now)
        tell_deleted(connection, served.letters, who.reader, emails, language=chosen, now=now)
    served.revoke.set()
    served.wake.set()
    forget_signed_in()
    response = dropped_cookies(page("life/deleted.html"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _send(who: SignedIn) -> None:
    steps.send(
        _DELETE,
        holder=who.handle,
        email=who.reader.email,
        written=lambda _: ("deletion_code", {}),
        reader=who.reader.id,
    )


def _running(who: SignedIn) -> bool:
    with service().database.read() as connection:
        return bool(deletion.running_subscriptions(connection, who.reader.id))


def _form_page(who: SignedIn, *, status: int = 200, is_limited: bool = False) -> Response:
    served = service()
    with served.database.read() as connection:
        running = deletion.running_subscriptions(connection, who.reader.id)
    owned = owned_by(who.reader.id).active.values()
    return page(
        "life/delete.html",
        status=status,
        who=who,
        is_limited=is_limited,
        running=running,
        owned=[(title_of(served.manifest, holding.product, language()), holding) for holding in owned],
    )
