"""Finding a purchase again (`restore.py`), and refusing mail that nobody needs (`post.optional`).

GET/POST /restore               order number and address; `?order=` fills the number in
GET/POST /restore/code          the code that was mailed; then the reader is signed in, on the order's page
GET/POST /mail/stop/<mark>      no optional mail any more; looking changes nothing, mail programs may post by themselves (RFC 8058)
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

from flask import Blueprint, Response, abort, request
from sqlalchemy import Connection

from gatekeeper.accounts import limits
from gatekeeper.accounts.address import LONGEST, AddressError, normal_address
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entrance import Way, open_session, refused, welcome
from gatekeeper.accounts.life import proofs, steps
from gatekeeper.accounts.life.proofs import Purpose
from gatekeeper.accounts.life.restore import restored
from gatekeeper.accounts.life.steps import Step
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.marks import new_secret
from gatekeeper.accounts.post import optional, outbox
from gatekeeper.accounts.readers import Reader
from gatekeeper.accounts.sign_in_page import minutes_of, with_wait
from gatekeeper.contract import routes
from gatekeeper.web.cookies import drop_cookie, set_cookie
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.protection import unprotected
from gatekeeper.web.service import service

blueprint = Blueprint("restore", __name__, template_folder="templates")

RESTORE = "/restore"
COOKIE = "restore"
_STEP = Step(
    purpose=Purpose.RESTORE,
    title="restore.title",
    go="restore.find",
    action=f"{RESTORE}/code",
    back=RESTORE,
)
_NUMBER_SIGNS = 40
_MARK = re.compile(r"[0-9a-f]{64}", re.ASCII)


@blueprint.get(RESTORE)
def form() -> Response:
    who = signed_in()
    return _form_page(
        number=request.args.get("order", "")[:_NUMBER_SIGNS],
        email=who.reader.email if who is not None else "",
    )


@blueprint.post(RESTORE)
def ask() -> Response:
    typed = partial(
        _form_page,
        number=request.form.get("number", "")[:_NUMBER_SIGNS],
        email=request.form.get("email", "")[:LONGEST],
    )
    try:
        number = field("number", longest=_NUMBER_SIGNS).upper()
    except FieldError:
        return typed(error="number", status=422)
    if not number:
        return typed(error="number", status=422)
    try:
        email = normal_address(field("email", longest=LONGEST))
    except (FieldError, AddressError):
        return typed(error="address", status=422)
    holder = new_secret()
    try:
        _send(holder, number, email)
    except LimitedError as limited:
        return typed(error="limited", status=429, limited=limited)
    response = to(_STEP.action)
    set_cookie(response, COOKIE, holder, lifetime=timedelta(hours=1))
    return response


@blueprint.get(_STEP.action)
def code_form() -> Response:
    holder = _holder()
    proof = steps.current(_STEP, holder) if holder else None
    return to(RESTORE) if proof is None else steps.code_page(_STEP, proof)


@blueprint.post(_STEP.action)
def try_code() -> Response:
    holder = _holder()
    proof = steps.current(_STEP, holder) if holder else None
    if proof is None:
        return to(RESTORE)
    if request.form.get("again") is not None:
        try:
            _send(holder, proof.detail, proof.email)
        except LimitedError as limited:
            return steps.code_page(_STEP, proof, error="limited", status=429, limited=limited)
        return to(_STEP.action)
    wrong = steps.tried(_STEP, proof, holder)
    if wrong is not None:
        return wrong
    served = service()
    now = served.clock()
    before = signed_in()
    with served.database.write() as connection:
        if not proofs.spend(connection, proof, now=now):
            abort(403)
        found = restored(connection, number=proof.detail, email=proof.email, language=language(), now=now)
        opened = None
        if found.reader is not None:
            opened = open_session(connection, reader=found.reader.id, way=Way.CODE, before=before, now=now)
        elif found.moved is not None:
            _tell_moved(connection, found.moved, proof.detail, proof.id)
    if opened is not None:
        response = welcome(opened, f"/orders/{proof.detail}")
        drop_cookie(response, COOKIE)
        return response
    refused(Way.CODE, "no such order of theirs", request=proof.id)
    served.wake.set()
    state = "moved" if found.moved is not None else "nothing"
    return page("life/not_restored.html", status=422, state=state, number=proof.detail, email=proof.email)


@blueprint.get(f"{optional.PATH}<mark>")
def stop_form(mark: str) -> Response:
    if not _MARK.fullmatch(mark):
        abort(404)
    with service().database.read() as connection:
        is_refused = optional.is_refused(connection, mark)
    return page("life/mail_stop.html", mark=mark, is_refused=is_refused)


@blueprint.post(f"{optional.PATH}<mark>")
@unprotected  # the mark is the proof; mail programs post without a cookie or a page of ours
def stop(mark: str) -> Response:
    if not _MARK.fullmatch(mark):
        abort(404)
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        limits.count(
            connection, served.marker, [(limits.REFUSALS_FROM_CLIENT, client_subject(client()))], now=now
        )
    with served.database.write() as connection:
        if request.form.get("step") == "allow":
            optional.allow(connection, mark)
        else:
            optional.refuse(connection, mark, now=now)
        is_refused = optional.is_refused(connection, mark)
    return page("life/mail_stop.html", mark=mark, is_refused=is_refused)


def _send(holder: str, number: str, email: str) -> None:
    steps.send(
        _STEP,
        holder=holder,
        email=email,
        written=lambda _: ("restore_code", {"number": number}),
        detail=number,
    )


def _tell_moved(connection: Connection, reader: Reader, number: str, proof: str) -> None:
    served = service()
    letter = served.letters.write(
        "restore_moved",
        reader.language,
        number=number,
        address=f"{served.settings.gatekeeper_url}{routes.SIGN_IN}",
    )
    outbox.put(
        connection,
        key=f"restore-moved:{proof}",
        recipient=reader.email,
        letter=letter,
        now=served.clock(),
    )


def _holder() -> str:
    return request.cookies.get(service().cookie(COOKIE), "")


def _form_page(
    *,
    number: str,
    email: str,
    error: str | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
) -> Response:
    response = page(
        "life/restore.html",
        status=status,
        number=number,
        email=email,
        error=error,
        minutes=minutes_of(limited),
    )
    return with_wait(response, limited)
