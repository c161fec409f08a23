"""What the pages with a mailed code have in common: sending it, trying it, the page that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, abort
from sqlalchemy import Connection

from gatekeeper.accounts import sign_in
from gatekeeper.accounts.current import signed_in
from gatekeeper.accounts.life import proofs
from gatekeeper.accounts.life.proofs import Proof, Purpose
from gatekeeper.accounts.limits import LimitedError
from gatekeeper.accounts.mailed_codes import count_guess, count_mail, typed_code
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.accounts.sign_in import Verdict
from gatekeeper.accounts.sign_in_page import minutes_of, with_wait
from gatekeeper.contract import routes
from gatekeeper.web.language import language
from gatekeeper.web.pages import page
from gatekeeper.web.service import service

MINUTES = int(sign_in.LIFETIME / timedelta(minutes=1))
# Inside the transaction: which letter carries the code, and its other facts.
Written = Callable[[Connection], tuple[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A page that asks for a code. title, go: keys of its texts; action: its own address; back: where one goes who thinks better of it."""

    purpose: Purpose
    title: str
    go: str
    action: str
    back: str = routes.ACCOUNT
    is_dangerous: bool = False


def send(
    step: Step, *, holder: str, email: str, written: Written, reader: str | None = None, detail: str = ""
) -> None:
    """Mails a code to this normal address. Raises LimitedError; the work is the same whoever the address belongs to."""
    count_mail(email)
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        id_, code = proofs.ask(
            connection,
            served.marker,
            holder=holder,
            purpose=step.purpose,
            email=email,
            now=now,
            reader=reader,
            detail=detail,
        )
        name, facts = written(connection)
        letter = served.letters.write(name, language(), code=code, minutes=MINUTES, **facts)
        outbox.put(
            connection,
            key=f"proof:{id_}",
            recipient=email,
            letter=letter,
            now=now,
            not_after=now + sign_in.LIFETIME,
        )
    served.wake.set()


def current(step: Step, holder: str) -> Proof | None:
    """The holder's request for this step."""
    served = service()
    with served.database.read() as connection:
        return proofs.find(connection, served.marker, holder=holder, purpose=step.purpose, now=served.clock())


def tried(step: Step, proof: Proof, holder: str) -> Response | None:
    """Looks at the code in the form. None if it was right; else the page to show."""
    code = typed_code()
    if code is None:
        return code_page(step, proof, error="form", status=422)
    try:
        count_guess(proof.email)
    except LimitedError as limited:
        return code_page(step, proof, error="limited", status=429, limited=limited)
    served = service()
    with served.database.write() as connection:
        verdict = proofs.try_code(connection, served.marker, proof, code, now=served.clock())
    if verdict is Verdict.PROVEN:
        return None
    fresh = current(step, holder) or proof
    error = "wrong" if verdict is Verdict.WRONG and fresh.is_open else "ended"
    return code_page(step, fresh, error=error, status=422)


def code_page(
    step: Step,
    proof: Proof,
    *,
    error: str | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
    **values: object,
) -> Response:
    shown = error or (None if proof.is_open else "ended")
    response = page(
        "life/code.html",
        status=status,
        step=step,
        proof=proof,
        error=shown,
        minutes=minutes_of(limited),
        **values,
    )
    return with_wait(response, limited)


def required() -> SignedIn:
    who = signed_in()
    if who is None:
        abort(403)
    return who
