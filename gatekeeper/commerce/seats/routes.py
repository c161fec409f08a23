"""The pages of teams and seats.

GET  /teams/<product>            the manager's page: seats, who sits on them, who is invited
POST /teams/<product>/invite     one address or many, also pasted from a table
POST /teams/<product>/sit        the manager takes a seat
POST /teams/<product>/move       people on seats that have run out go along to newer seats
POST /seats/<id>/resend          the invitation once more
POST /seats/<id>/remove          takes a seat or an invitation away
GET  /seats/<id>                 the page that an invitation leads to
POST /seats/<id>/accept
POST /seats/<id>/leave           gives a seat back, or declines

Seats are bought on the product's page like anything else. Only who has proven the invited address may accept, so a seat's address in a letter
is no secret. The manager is never told whether an address has an account (attack case A02); letters are limited (A13).
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from sqlalchemy import Connection

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import signed_in
from gatekeeper.accounts.entitlement_cookie import set_entitlement
from gatekeeper.accounts.limits import LimitedError
from gatekeeper.accounts.post import optional
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import orders
from gatekeeper.commerce.offers import opened_courses, title_of
from gatekeeper.commerce.seats import seating
from gatekeeper.commerce.seats.people import LONGEST, People, read_people
from gatekeeper.commerce.seats.seating import Accepted, Invited
from gatekeeper.commerce.seats.team import Seat, SeatState, find_seat, team_of
from gatekeeper.contract import routes
from gatekeeper.web.forms import FieldError, clean_text
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("seats", __name__, template_folder="templates")

_SAID = frozenset({"removed", "resent", "moved", "seated"})


@blueprint.get("/teams/<product>")
def show_team(product: str) -> Response:
    who = signed_in()
    return sign_in_first() if who is None else _team_page(product, who)


@blueprint.post("/teams/<product>/invite")
def invite(product: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    try:
        pasted = clean_text(request.form.get("people", "").replace("\t", ","), longest=LONGEST)
    except FieldError:
        return _team_page(product, who, error="bad_people", status=422)
    people = read_people(pasted)
    if not people.addresses and not people.wrong:
        return _team_page(product, who, error="nobody", status=422)
    served = service()
    told: list[tuple[str, str]] = []
    for email in people.addresses:
        told.append((email, _invite_one(product, who, email)))
    if any(outcome == Invited.DONE for _, outcome in told):
        served.wake.set()
    is_fine = not people.wrong and all(outcome == Invited.DONE for _, outcome in told)
    return _team_page(product, who, told=told, people=people, status=200 if is_fine else 422)


@blueprint.post("/teams/<product>/sit")
def sit(product: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    with served.database.write() as connection:
        invited = seating.sit_down(connection, who.reader, product, now=served.clock())
    if invited.outcome is not Invited.DONE:
        return _team_page(product, who, error=invited.outcome.value, status=422)
    return to(f"/teams/{product}?said=seated")


@blueprint.post("/teams/<product>/move")
def move(product: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    with served.database.write() as connection:
        moved = seating.take_along(connection, who.reader.id, product, now=served.clock())
    if not moved:
        return _team_page(product, who, error="full", status=422)
    return to(f"/teams/{product}?said=moved")


@blueprint.post("/seats/<seat>/resend")
def resend(seat: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    now = served.clock()
    found, product = _managed(seat, who)
    try:
        with served.database.write() as connection:
            limits.count(
                connection,
                served.marker,
                [(limits.INVITATIONS_BY_READER, who.reader.id), (limits.INVITATIONS_TO_ADDRESS, found.email)],
                now=now,
            )
    except LimitedError as limited:
        response = _team_page(product, who, error="too_often", status=429)
        response.headers["Retry-After"] = str(limited.retry_after_seconds)
        return response
    with served.database.write() as connection:
        again = seating.write_again(connection, who.reader.id, seat)
        if again is not None:
            _write(connection, again, who, product)
    if again is None:
        return _team_page(product, who, error="too_often", status=422)
    served.wake.set()
    return to(f"/teams/{product}?said=resent")


@blueprint.post("/seats/<seat>/remove")
def remove(seat: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    _, product = _managed(seat, who)
    with served.database.write() as connection:
        seating.take_away(connection, who.reader.id, seat, now=served.clock())
    served.revoke.set()
    return to(f"/teams/{product}?said=removed")


@blueprint.get("/seats/<seat>")
def show_invitation(seat: str) -> Response:
    who = signed_in()
    return sign_in_first() if who is None else _seat_page(seat, who)


@blueprint.post("/seats/<seat>/accept")
def accept(seat: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    with served.database.write() as connection:
        accepted = seating.accept(connection, seat, who.reader, now=served.clock())
    is_done = accepted in {Accepted.DONE, Accepted.YOURS}
    response = _seat_page(seat, who, said=accepted, status=200 if is_done else 422)
    set_entitlement(response, who)
    return response


@blueprint.post("/seats/<seat>/leave")
def leave(seat: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    with served.database.write() as connection:
        left = seating.leave(connection, seat, who.reader, now=served.clock())
    if left is None:
        abort(404)
    served.revoke.set()
    response = to(f"{routes.ACCOUNT}#seats")
    set_entitlement(response, who)
    return response


def _invite_one(product: str, who: SignedIn, email: str) -> str:
    """What became of the invitation, as the page says it."""
    served = service()
    now = served.clock()
    uses = [(limits.INVITATIONS_BY_READER, who.reader.id), (limits.INVITATIONS_TO_ADDRESS, email)]
    with served.database.read() as connection:
        if team_of(connection, who.reader.id, product, now=now) is None:
            abort(404)
    try:
        with served.database.write() as connection:
            limits.count(connection, served.marker, uses, now=now)
    except LimitedError:
        return "too_often"
    with served.database.write() as connection:
        invitation = seating.invite(connection, who.reader.id, product, email, now=now)
        if invitation.seat is not None:
            _write(connection, invitation.seat, who, product)
    return invitation.outcome.value


def _write(connection: Connection, seat: Seat, who: SignedIn, product: str) -> None:
    """The letter of an invitation, in the transaction that makes it. It can be refused for the future."""
    served = service()
    optional.put(
        connection,
        served.marker,
        served.letters,
        "seat",
        language(),
        origin=served.settings.gatekeeper_url,
        key=f"seat:{seat.id}:{seat.letters}",
        recipient=seat.email,
        now=served.clock(),
        manager=who.reader.email,
        product=title_of(served.manifest, product, language()),
        address=f"{served.settings.gatekeeper_url}/seats/{seat.id}",
    )


def _managed(seat: str, who: SignedIn) -> tuple[Seat, str]:
    """A seat of the reader's own team, and its product; another's is 404."""
    with service().database.read() as connection:
        found = find_seat(connection, seat)
        order = (
            orders.find_of_reader(connection, found.order, reader=who.reader.id)
            if found is not None
            else None
        )
    if found is None or order is None:
        abort(404)
    return found, order.product


def _team_page(
    product: str,
    who: SignedIn,
    *,
    told: list[tuple[str, str]] | None = None,
    people: People | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    served = service()
    with served.database.read() as connection:
        team = team_of(connection, who.reader.id, product, now=served.clock())
    if team is None:
        abort(404)
    said = request.args.get("said")
    entry = served.manifest.products.get(product) if served.manifest is not None else None
    return page(
        "seats/team.html",
        status=status,
        who=who,
        team=team,
        title=title_of(served.manifest, product, language()),
        told=told or [],
        wrong=people.wrong if people is not None else (),
        error=error,
        said=said if said in _SAID else None,
        sits_here=any(seat.email == who.reader.email and seat.accepted_at for seat in team.sitting),
        most_letters=seating.MOST_LETTERS,
        more=routes.buy_path(product) if entry is not None and entry.active else None,
    )


def _seat_page(seat: str, who: SignedIn, *, said: Accepted | None = None, status: int = 200) -> Response:
    """For the invited reader. Others learn that it is for another address, and nothing of whose."""
    served = service()
    with served.database.read() as connection:
        found = find_seat(connection, seat)
        order = orders.find(connection, found.order) if found is not None else None
        is_theirs = found is not None and seating.is_invited(connection, found, who.reader)
        is_holder = found is not None and seating.is_holder(connection, found, who.reader)
    if found is None or order is None:
        abort(404)
    if said is None and not is_theirs and not is_holder:
        said = Accepted.OTHER_ADDRESS
    elif said is None and found.state is SeatState.ENDED:
        said = Accepted.ENDED
    elif said is None and is_holder:
        said = Accepted.YOURS
    is_known = said is not Accepted.OTHER_ADDRESS
    manifest = served.manifest
    return page(
        "seats/join.html",
        status=status,
        who=who,
        seat=found if is_known else None,
        id=seat,
        title=title_of(manifest, order.product, language()) if is_known else "",
        courses=opened_courses(manifest, order.product) if manifest is not None and is_known else (),
        said=said.value if said is not None else None,
    )
