"""What a reader sees when something is wrong: one calm page with a request id, never a trace (attack case D06).

A database that is locked or away answers 503 with Retry-After (Z09). Whatever nobody foresaw answers 500 and is logged with the id.
The API and webhooks get the same as JSON.
"""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, g, jsonify, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from gatekeeper.accounts.limits import LimitedError
from gatekeeper.web.pages import page

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
_KNOWN = frozenset({400, 403, 404, 405, 413, 422, 429, 500, 503})
_MACHINE_ROOMS = frozenset({"api", "webhooks"})


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(LimitedError, _limited)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _unforeseen)


def begin_request() -> None:
    g.request_id = secrets.token_hex(8)


def error_page(status: int, *, retry_after_seconds: int | None = None) -> Response:
    """The page, or JSON, for this status."""
    known = status if status in _KNOWN else (500 if status >= 500 else 400)
    request_id = str(g.get("request_id", ""))
    if request.path.split("/")[1] in _MACHINE_ROOMS:
        response = jsonify(error=status, request=request_id)
        response.status_code = status
    else:
        minutes = -(-retry_after_seconds // 60) if retry_after_seconds is not None else 0
        response = page(
            "error.html", status=status, number=status, error=known, request_id=request_id, minutes=minutes
        )
    if retry_after_seconds is not None:
        response.headers["Retry-After"] = str(retry_after_seconds)
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect that the router made
        return Response(
            error.get_response(request.environ).get_data(), status, error.get_headers(request.environ)
        )
    response = error_page(status)
    if status == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return response


def _limited(error: LimitedError) -> Response:
    return error_page(429, retry_after_seconds=error.retry_after_seconds)


def _busy(error: OperationalError) -> Response:
    log.error("database not usable request=%s: %s", g.get("request_id"), type(error.orig).__name__)
    return error_page(503, retry_after_seconds=RETRY_SECONDS)


def _unforeseen(error: Exception) -> Response:
    log.error("unforeseen error request=%s", g.get("request_id"), exc_info=error)
    return error_page(500)
