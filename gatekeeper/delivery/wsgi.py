"""The delivery routes as a WSGI layer between the gate and the service.

    GET /delivery/lessons/<lesson>   all signed URLs of a lesson at once: its part and its files, as JSON
    GET /delivery/parts/<lesson>     a redirect to the part's signed URL, for clients that follow rather than read
    GET /delivery/check/<address>    for nginx's `auth_request`: 204 and the object's name, or 401 or 403; see docs/deploy/nginx.md
    GET /delivery/cookies/<path>     CloudFront: cookies for the course of a private file, then a redirect to it

Each object is decided on its own; a lesson may hold what this reader may not have. HEAD is as GET, OPTIONS answers preflights,
other verbs are 405. The query takes part in nothing but the signature of a `/store/` address that nginx asks about.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gatekeeper.contract import routes
from gatekeeper.delivery.cloudfront import CourseCookies
from gatekeeper.delivery.desk import Desk, Found, status
from gatekeeper.gate.labels import labels
from gatekeeper.gate.sign import FolderSigner
from gatekeeper.web.answer import (
    BROKEN,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_READY,
    PREFLIGHT,
    Answer,
    Dress,
    as_json,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_log = logging.getLogger(__name__)

ROOT = "/delivery/"
MOST_FILES = 200  # of one lesson in one answer; the rest is fetched through `/files/…` as usual


@dataclass(frozen=True, slots=True)
class _Request:
    """name: what stands after the route in the path, decoded once."""

    name: str
    query: str
    cookies: str
    now: int


class Delivery:
    """store: checks the signatures of `/store/…`, where the gatekeeper signs them itself. courses: only with CloudFront."""

    def __init__(
        self,
        desk: Desk,
        next_app: WSGIApplication,
        *,
        dress: Dress,
        clock: Callable[[], float],
        store: FolderSigner | None,
        courses: CourseCookies | None,
    ) -> None:
        self._desk = desk
        self._next = next_app
        self._dress = dress
        self._clock = clock
        self._store = store
        self._courses = courses

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        first, _, rest = path[1:].partition("/")
        if path[:1] != "/" or first != "delivery":
            return self._next(environ, start_response)
        method: str = environ["REQUEST_METHOD"]
        try:
            if method == "OPTIONS":
                answer = PREFLIGHT
            elif method not in {"GET", "HEAD"}:
                answer = NOT_ALLOWED
            else:
                kind, _, name = rest.partition("/")
                answer = _ROUTES.get(kind, Delivery._unknown)(self, self._request(environ, name))
        except Exception:  # the outermost edge: doubt denies
            _log.exception("delivery failed: %s %r", method, path)
            answer = BROKEN
        start_response(answer.status, self._dress.headers(answer, environ.get("HTTP_ORIGIN")))
        return [answer.body] if method != "HEAD" and isinstance(answer.body, bytes) else []

    def _request(self, environ: dict[str, Any], name: str) -> _Request:
        try:  # WSGI hands bytes as Latin-1
            name = name.encode("latin-1").decode("utf-8")
        except UnicodeError:
            name = ""
        cookies = environ.get("HTTP_COOKIE", "")
        return _Request(name, environ.get("QUERY_STRING", ""), cookies, int(self._clock()))

    def _unknown(self, request: _Request) -> Answer:
        return NOT_FOUND

    def _lesson(self, request: _Request) -> Answer:
        manifest = self._desk.manifest()
        if manifest is None:
            return NOT_READY
        lesson = manifest.lessons.get(request.name)
        if lesson is None:
            return NOT_FOUND
        reader = self._desk.lock.reader(request.cookies, request.now)
        found = {
            address: one
            for address in (
                routes.PARTS + request.name,
                *(routes.FILES + path for path in lesson.files[:MOST_FILES]),
            )
            if (one := self._desk.find(address, reader, request.now)) is not None
        }
        refused = [one for one in found.values() if one.refusal is not None]
        if found and len(refused) == len(found):  # nothing at all: say it as the gate does
            return _refused(refused[0])
        part = found.get(routes.PARTS + request.name)
        files = {path: found[routes.FILES + path] for path in lesson.files if routes.FILES + path in found}
        return as_json(
            "200 OK",
            {
                "lesson": request.name,
                "part": self._told(part, request.now) if part is not None else None,
                "files": {path: self._told(one, request.now) for path, one in files.items()},
                "more": max(0, len(lesson.files) - MOST_FILES),
            },
        )

    def _told(self, found: Found, now: int) -> dict[str, object]:
        if found.refusal is not None:
            return {"reason": found.refusal.value, "products": sorted(found.entry.access.products)}
        signed = self._desk.sign(found, now)
        return {"url": signed.url, "expires_at": signed.expires_at, "media_type": found.entry.media_type}

    def _part(self, request: _Request) -> Answer:
        found = self._found(routes.PARTS + request.name, request)
        if isinstance(found, Answer):
            return found
        return Answer(status="302 Found", headers=(("Location", self._desk.sign(found, request.now).url),))

    def _cookies(self, request: _Request) -> Answer:
        if self._courses is None:
            return NOT_FOUND
        found = self._found(routes.FILES + request.name, request)
        if isinstance(found, Answer):
            return found
        given = self._courses.give(found.entry, course=request.name.partition("/")[0], now=request.now)
        cookies = tuple(("Set-Cookie", cookie) for cookie in given.cookies)
        return Answer(status="302 Found", headers=(("Location", given.url), *cookies))

    def _found(self, address: str, request: _Request) -> Found | Answer:
        """The object, if this reader may have it; else the answer that says why not."""
        if self._desk.manifest() is None:
            return NOT_READY
        found = self._desk.find(address, self._desk.lock.reader(request.cookies, request.now), request.now)
        if found is None:
            return NOT_FOUND
        return found if found.refusal is None else _refused(found)

    def _check(self, request: _Request) -> Answer:
        """nginx takes 2xx, 401 and 403 alone; what is unknown is refused, and the gate itself says it better afterwards."""
        address = f"/{request.name}"
        key = address[len(routes.STORE) :]
        if address == routes.STORE + key:
            opened = self._store.opened(key, request.query, request.now) if self._store is not None else None
            if opened is None:
                return _DENIED
            return _granted(key, opened.media_type, opened.disposition)
        found = self._desk.find(address, self._desk.lock.reader(request.cookies, request.now), request.now)
        if found is None:
            return _DENIED
        if found.refusal is not None:
            return _line(status(found.refusal))
        return _granted(found.entry.key, *labels(found.entry, found.name))


def _granted(key: str, media_type: str, disposition: str) -> Answer:
    headers = (
        ("X-Lyceum-Object", key),
        ("X-Lyceum-Type", media_type),
        ("X-Lyceum-Disposition", disposition),
    )
    return Answer(status="204 No Content", headers=headers)


def _refused(found: Found) -> Answer:
    assert found.refusal is not None  # noqa: S101  (for the type checker)
    line = status(found.refusal)
    value = {"reason": found.refusal.value, "products": sorted(found.entry.access.products)}
    return as_json(f"{line.value} {line.phrase}", value)


def _line(code: HTTPStatus) -> Answer:
    return Answer(status=f"{code.value} {code.phrase}")


_DENIED = _line(HTTPStatus.FORBIDDEN)
_ROUTES = {
    "lessons": Delivery._lesson,
    "parts": Delivery._part,
    "check": Delivery._check,
    "cookies": Delivery._cookies,
}
