"""What pages tell: POST /api/signals.

    204  taken, known already, or left out (a program, a reader who asks for quiet, a lesson that is gone)
    400  no telling    403  not from a page of this school    404  this school collects nothing    413  too much at once
    429  too often     503  too much waits, or no release is loaded; come again after Retry-After

- Only pages of the school's site and of this service may tell: `Origin` must be theirs. The body may come as `text/plain`, so that a page
  that is being left needs no preflight.
- Limits are looked at before the body is read (attack case E01). Nothing here touches the database of signals.
- Under `anonymous` nobody's account is looked at. No answer sets a cookie.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, request

from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.limits import client_subject
from gatekeeper.contract import routes
from gatekeeper.contract.signals import Privacy
from gatekeeper.signals import robots
from gatekeeper.signals.book import Heard
from gatekeeper.signals.room import EXTENSION, Room
from gatekeeper.signals.telling import TellingError, TooManyError, read_telling
from gatekeeper.web.errors import error_page
from gatekeeper.web.protection import unprotected
from gatekeeper.web.service import service

blueprint = Blueprint("signals", __name__)

RETRY_SECONDS = 30


def room() -> Room:
    """The running room, inside a request."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, Room):
        raise TypeError("the application was not made by gatekeeper.app.create_app")
    return found


@blueprint.post(routes.SIGNALS, provide_automatic_options=False)
@unprotected
def tell() -> Response:
    here, origin = room(), request.headers.get("Origin")
    if origin not in {service().settings.site_origin, service().settings.gatekeeper_url}:
        abort(403)
    return _shared(_tell(here), origin)


@blueprint.route(routes.SIGNALS, methods=["OPTIONS"])
def tell_options() -> Response:
    response = Response(status=204)
    response.headers["Allow"] = "OPTIONS, POST"
    origin = request.headers.get("Origin")
    if origin != service().settings.site_origin:
        return response
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Max-Age"] = "600"
    return _shared(response, origin)


def _tell(here: Room) -> Response:
    manifest, privacy = here.manifest(), here.privacy
    if manifest is None:
        return error_page(503, retry_after_seconds=RETRY_SECONDS)
    if privacy is Privacy.NONE:
        return error_page(404)
    now = here.clock()
    wait = here.addresses.admit(client_subject(client()), now.timestamp())
    if wait:
        return error_page(429, retry_after_seconds=wait)
    asks_for_quiet = robots.asks_for_quiet(dnt=request.headers.get("DNT"), gpc=request.headers.get("Sec-GPC"))
    if asks_for_quiet or robots.is_program(request.headers.get("User-Agent", "")):
        return Response(status=204)
    try:
        telling = read_telling(request.get_data(cache=False), lessons=manifest.lessons, now=now)
    except TooManyError:
        return error_page(413)
    except TellingError:
        return error_page(400)
    browser = here.marker.mark("browser", telling.browser)
    wait = here.browsers.admit(browser, now.timestamp())
    if wait:
        return error_page(429, retry_after_seconds=wait)
    if telling.is_farewell:
        is_taken = here.intake.say_farewell(browser)
    else:
        opened = {told.lesson for told in telling.events if told.kind == "view" and told.lesson is not None}
        if not telling.events or not here.pace.is_human(browser, opened, now.timestamp()):
            return Response(status=204)
        who = signed_in() if privacy is Privacy.CONSENT else None
        is_taken = here.intake.offer(
            [
                Heard(
                    told=told,
                    browser=browser,
                    reader=None if who is None else who.reader.id,
                    received_at=now,
                )
                for told in telling.events
            ]
        )
    return Response(status=204) if is_taken else error_page(503, retry_after_seconds=RETRY_SECONDS)


def _shared(response: Response, origin: str | None) -> Response:
    response.headers.add("Vary", "Origin")
    if origin == service().settings.site_origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    return response
