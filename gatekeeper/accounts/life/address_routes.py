"""Another address, and joining a second account. The rules are in `change.py` and `merge.py`.

GET/POST /account/address                 the other address; the answer is the same whether it leads to an account or not (attack case A02)
GET/POST /account/address/code            the code that was mailed there; then the address is changed, or the accounts may be joined
GET/POST /account/address/undo/<secret>   the objection from the old address, in any browser: looking does nothing (S05)
POST     /account/address/give-up         the address of an account that was joined leads here no longer
GET/POST /account/merge                   the code that was mailed to the reader's own address; then two accounts are one
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, abort, request
from sqlalchemy import Connection, select

from gatekeeper.accounts import limits, readers
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.address import LONGEST, AddressError, normal_address
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entrance import Opened, Way, open_session, welcome
from gatekeeper.accounts.life import change, merge, proofs, steps
from gatekeeper.accounts.life.change import Change, TakenError
from gatekeeper.accounts.life.identities import identities_of
from gatekeeper.accounts.life.proofs import Proof, Purpose
from gatekeeper.accounts.life.steps import Step
from gatekeeper.accounts.life.told import tell_merged
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.readers import Reader
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.accounts.sign_in_page import minutes_of, with_wait
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.contract import routes
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("address", __name__, template_folder="templates")

ADDRESS = "/account/address"
MERGE = "/account/merge"
_CHANGE = Step(purpose=Purpose.ADDRESS, title="address.code_title", go="address.go", action=f"{ADDRESS}/code")
_MERGE = Step(purpose=Purpose.MERGE, title="merge.title", go="merge.go", action=MERGE)


@blueprint.get(ADDRESS)
def form() -> Response:
    who = signed_in()
    return sign_in_first() if who is None else _form_page(who)


@blueprint.post(ADDRESS)
def ask() -> Response:
    who = steps.required()
    try:
        email = normal_address(field("email", longest=LONGEST))
    except (FieldError, AddressError):
        return _form_page(who, email=request.form.get("email", "")[:LONGEST], error="address", status=422)
    if email == who.reader.email:
        return _form_page(who, email=email, error="same", status=422)
    try:
        _send(who, email)
    except LimitedError as limited:
        return _form_page(who, email=email, error="limited", status=429, limited=limited)
    return to(_CHANGE.action)


@blueprint.get(_CHANGE.action)
def code_form() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    proof = steps.current(_CHANGE, who.handle)
    return to(ADDRESS) if proof is None else steps.code_page(_CHANGE, proof)


@blueprint.post(_CHANGE.action)
def try_code() -> Response:
    who = steps.required()
    proof = steps.current(_CHANGE, who.handle)
    if proof is None:
        return to(ADDRESS)
    if request.form.get("again") is not None:
        try:
            _send(who, proof.email)
        except LimitedError as limited:
            return steps.code_page(_CHANGE, proof, error="limited", status=429, limited=limited)
        return to(_CHANGE.action)
    wrong = steps.tried(_CHANGE, proof, who.handle)
    if wrong is not None:
        return wrong
    opened = _changed(who, proof)
    if opened is not None:
        return welcome(opened, f"{routes.ACCOUNT}?done=address")
    try:
        _send_own(who, proof)
    except LimitedError as limited:
        return steps.code_page(_CHANGE, proof, error="limited", status=429, limited=limited)
    return to(MERGE)


@blueprint.get(f"{ADDRESS}/undo/<secret>")
def undo_form(secret: str) -> Response:
    served = service()
    with served.database.read() as connection:
        found = change.find_undoable(connection, served.marker, secret, now=served.clock())
    return page("life/undo.html", secret=secret, found=found, is_done=False)


@blueprint.post(f"{ADDRESS}/undo/<secret>")
def undo(secret: str) -> Response:
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        limits.count(
            connection, served.marker, [(limits.GUESSES_FROM_CLIENT, client_subject(client()))], now=now
        )
    with served.database.write() as connection:
        found = change.find_undoable(connection, served.marker, secret, now=now)
        is_done = found is not None and change.undo(connection, found, now=now)
        if found is not None and is_done:
            reader = readers.find(connection, found.reader)
            letter = served.letters.write(
                "address_restored",
                reader.language if reader is not None else language(),
                address=f"{served.settings.gatekeeper_url}{routes.SIGN_IN}",
            )
            outbox.put(connection, key=f"restored:{found.id}", recipient=found.old, letter=letter, now=now)
    served.revoke.set()
    served.wake.set()
    return page("life/undo.html", status=200 if is_done else 422, secret=secret, found=found, is_done=is_done)


@blueprint.post(f"{ADDRESS}/give-up")
def give_up() -> Response:
    who = steps.required()
    served = service()
    with served.database.write() as connection:
        is_done = merge.give_up_address(
            connection, reader=who.reader.id, email=request.form.get("email", ""), now=served.clock()
        )
    if not is_done:
        abort(404)
    return to(f"{routes.ACCOUNT}#address")


@blueprint.get(MERGE)
def merge_form() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    other, own = steps.current(_CHANGE, who.handle), steps.current(_MERGE, who.handle)
    if other is None or own is None or not other.is_proven:
        return to(ADDRESS)
    return steps.code_page(_MERGE, own, other=other.email)


@blueprint.post(MERGE)
def join() -> Response:
    who = steps.required()
    other, own = steps.current(_CHANGE, who.handle), steps.current(_MERGE, who.handle)
    if other is None or own is None or not other.is_proven or own.detail != other.id:
        return to(ADDRESS)
    if request.form.get("again") is not None:
        try:
            _send_own(who, other)
        except LimitedError as limited:
            return steps.code_page(
                _MERGE, own, error="limited", status=429, limited=limited, other=other.email
            )
        return to(MERGE)
    wrong = steps.tried(_MERGE, own, who.handle)
    if wrong is not None:
        return wrong
    opened = _joined(who, other, own)
    return to(ADDRESS) if opened is None else welcome(opened, f"{routes.ACCOUNT}?done=merge")


def _send(who: SignedIn, email: str) -> None:
    """One letter or the other, after the same work: only the mailbox learns whether the address leads to an account."""

    def written(connection: Connection) -> tuple[str, Mapping[str, str]]:
        found = connection.execute(select(ReaderRow.id).where(ReaderRow.email == email)).scalar_one_or_none()
        own = [who.reader.id, *connection.execute(identities_of(who.reader.id)).scalars()]
        is_others = found is not None and found not in own
        return ("address_taken" if is_others else "address_code"), {"present": who.reader.email}

    steps.send(_CHANGE, holder=who.handle, email=email, written=written, reader=who.reader.id)


def _send_own(who: SignedIn, other: Proof) -> None:
    steps.send(
        _MERGE,
        holder=who.handle,
        email=who.reader.email,
        written=lambda _: ("merge_code", {"other": other.email}),
        reader=who.reader.id,
        detail=other.id,
    )


def _changed(who: SignedIn, proof: Proof) -> Opened | None:
    """Changes the address, and begins a new session (S02). None if it leads to another account."""
    served = service()
    now = served.clock()
    try:
        with served.database.write() as connection:
            if not proofs.spend(connection, proof, now=now):
                abort(403)
            made = change.change(connection, served.marker, reader=who.reader, email=proof.email, now=now)
            _tell_changed(connection, who.reader, made)
            opened = open_session(connection, reader=who.reader.id, way=Way.CHANGE, before=who, now=now)
    except TakenError:  # rolled back: the proof stands
        return None
    served.wake.set()
    return opened


def _tell_changed(connection: Connection, reader: Reader, made: Change) -> None:
    served = service()
    letter = served.letters.write(
        "address_changed",
        language(),
        new=made.new,
        until=made.undo_until,
        address=f"{served.settings.gatekeeper_url}{ADDRESS}/undo/{made.undo}",
    )
    outbox.put(
        connection,
        key=f"address-changed:{reader.id}:{made.undo_until:%Y%m%d%H%M%S}",
        recipient=made.old,
        letter=letter,
        now=served.clock(),
        not_after=made.undo_until,
    )


def _joined(who: SignedIn, other: Proof, own: Proof) -> Opened | None:
    """Joins the accounts, tells both addresses, and begins a new session. None if a proof is no longer good."""
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        found = readers.find_by_address(connection, other.email)
        is_proven = proofs.spend(connection, own, now=now) and proofs.spend(connection, other, now=now)
        if found is None or not is_proven:
            return None
        merge.merge(connection, survivor=who.reader, other=found, now=now)
        tell_merged(
            connection,
            served.letters,
            who.reader,
            found,
            origin=served.settings.gatekeeper_url,
            now=now,
        )
        opened = open_session(connection, reader=who.reader.id, way=Way.CHANGE, before=who, now=now)
    served.wake.set()
    return opened


def _form_page(
    who: SignedIn,
    *,
    email: str = "",
    error: str | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
) -> Response:
    response = page(
        "life/address.html", status=status, who=who, email=email, error=error, minutes=minutes_of(limited)
    )
    return with_wait(response, limited)
