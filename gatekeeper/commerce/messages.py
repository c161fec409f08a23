"""Takes a provider's message in and says with which HTTP status to answer it: 200 only after everything is committed, 400 for what is
not the provider's or not for us, 5xx for anything that may work later."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.commerce import webhooks
from gatekeeper.commerce.payments import RejectedError
from gatekeeper.web.protection import unprotected
from gatekeeper.web.service import service

blueprint = Blueprint("messages", __name__)
log = logging.getLogger(__name__)


@blueprint.post("/webhooks/<provider>")
@unprotected
def webhook(provider: str) -> Response:
    """A provider's message, answered in the form that this provider understands."""
    found = service().providers.get(provider)
    if found is None:
        abort(404)
    request.max_content_length = found.longest_message_bytes
    headers = {name.lower(): value for name, value in request.headers.items()}
    status = take_message(provider, request.get_data(cache=False), headers)
    said = found.answer(status=status)
    response = Response(said.body, status=said.status, content_type=said.media_type)
    if status >= 500:
        response.headers["Retry-After"] = "5"
    return response


def take_message(name: str, raw: bytes, headers: Mapping[str, str]) -> int:
    """Takes the message in. Returns the HTTP status to answer it with."""
    served = service()
    provider = served.providers.get(name)
    if provider is None:
        return 404
    try:
        outcome = webhooks.receive(
            served.database, provider, raw, headers, post=served.post, now=served.clock()
        )
    except RejectedError as error:
        level = logging.ERROR if error.is_alarming else logging.WARNING
        log.log(level, "payment message rejected provider=%s: %s", name, error.reason)
        return 400
    except SQLAlchemyError as error:
        log.error("payment message not processed provider=%s: %s", name, type(error).__name__)
        return 503
    served.wake.set()
    log.info("payment message taken provider=%s outcome=%s", name, outcome.value)
    return 200
