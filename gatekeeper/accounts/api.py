"""What pages of the school ask: who is signed in, what they own, and a fresh entitlement token.

    GET /api/reader          always 200; for strangers it touches no database and sets no cookie
    GET /api/renew?next=     a fresh token, then back to a path of this service; strangers go back as they came

Only the school's own site may read the answer across origins, with its exact origin (attack case H10).
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from gatekeeper.accounts.current import ENTITLEMENT, SESSION, signed_in
from gatekeeper.accounts.entitlement_cookie import owned_by, set_entitlement
from gatekeeper.commerce.entitlements import State
from gatekeeper.contract import routes
from gatekeeper.web.cookies import drop_cookie
from gatekeeper.web.pages import to
from gatekeeper.web.returns import return_path
from gatekeeper.web.service import service

blueprint = Blueprint("api", __name__)

_SAID = {State.EXPIRED, State.REFUNDED}


@blueprint.get(routes.READER, provide_automatic_options=False)
def reader() -> Response:
    who = signed_in()
    if who is None:
        return _shared(jsonify(signed_in=False))
    owned = owned_by(who.reader.id)
    response = jsonify(
        signed_in=True,
        email=who.reader.email,
        products=owned.ends,
        ended={id_: held.state.value for id_, held in owned.holdings.items() if held.state in _SAID},
        pending=list(owned.pending),
    )
    set_entitlement(response, who, owned)
    return _shared(response)


@blueprint.route(routes.READER, methods=["OPTIONS"])
def reader_options() -> Response:
    response = Response(status=204)
    response.headers["Allow"] = "GET, HEAD, OPTIONS"
    response.headers["Access-Control-Allow-Methods"] = "GET"
    response.headers["Access-Control-Max-Age"] = "600"
    return _shared(response)


@blueprint.get(routes.RENEW)
def renew() -> Response:
    """Sends the browser back with a fresh token, or, if its session has ended, without the cookies that say otherwise.

    So it cannot go in circles: the gate sends only those who have a session cookie, and marks the way back (`?renewed=1`).
    """
    target = return_path(request.args.get("next", "")) or routes.ACCOUNT
    if target.partition("?")[0] == routes.RENEW:
        target = routes.ACCOUNT
    response = to(target)
    who = signed_in()
    if who is not None:
        set_entitlement(response, who)
    else:
        drop_cookie(response, SESSION)
        drop_cookie(response, ENTITLEMENT)
    return response


def _shared(response: Response) -> Response:
    response.headers.add("Vary", "Origin")
    response.headers.add("Vary", "Cookie")
    if request.headers.get("Origin") == service().settings.site_origin:
        response.headers["Access-Control-Allow-Origin"] = service().settings.site_origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
