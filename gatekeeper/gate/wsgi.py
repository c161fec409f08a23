"""The gate: a WSGI application in front of the service. Who may have what is decided here, and nowhere behind it.

- An object is looked up whole in the manifest under the one name that the server decoded from the path, once. There is
  no prefix, no pattern, no trailing-slash rule: what is not listed letter for letter is 404 (attack cases P01-P10).
- The reader is known by the entitlement cookie alone: not by the query, the Authorization header or any header of a proxy
  (J24, H01, H06). Two cookies of that name are none.
- HEAD is gated as GET; OPTIONS answers preflights; every other verb is 405 (P13). The query never takes part in a decision.
- What fails inside is a 500 without a word about why; the log has the path and the trace, and no query.

A reader whose token has run out but who has a session is sent once through `/api/renew`, which comes back here with
`?renewed=1`; that mark ends the round whatever came of it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gatekeeper.contract import routes
from gatekeeper.contract.access import Entitlements, Reason, Refused, decide
from gatekeeper.contract.manifest import Manifest, ObjectEntry
from gatekeeper.errors import StoreError
from gatekeeper.gate import answer as answers
from gatekeeper.gate.answer import Answer, as_json
from gatekeeper.gate.labels import labels
from gatekeeper.gate.library import Library
from gatekeeper.gate.shelf import Shelf
from gatekeeper.gate.sign import SignedUrl, UrlSigner
from gatekeeper.gate.token import TokenError, TokenVerifier
from gatekeeper.reading.compose import Pages, harmless
from gatekeeper.reading.notice import Notice
from gatekeeper.stores.reader import StoreReader

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_log = logging.getLogger(__name__)
_RENEWED = "renewed=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the gate needs of its surroundings. shelf: only with a folder store. picture_sources: for composed pages."""

    library: Library
    verifier: TokenVerifier
    signer: UrlSigner
    private: StoreReader
    pages: Pages
    shelf: Shelf | None
    site_origin: str
    gatekeeper_url: str
    picture_sources: str
    entitlement_cookie: str
    session_cookie: str
    is_secure: bool
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Request:
    """name: what stands after the route in the path, decoded once."""

    name: str
    path: str
    query: str
    cookies: str
    environ: dict[str, Any]
    now: int

    @property
    def is_navigation(self) -> bool:
        return "text/html" in self.environ.get("HTTP_ACCEPT", "")


class Gate:
    """`Gate(doors, next_app)` is the WSGI application."""

    def __init__(self, doors: Doors, next_app: WSGIApplication) -> None:
        self._doors = doors
        self._next = next_app
        self._dress = answers.Dress(site_origin=doors.site_origin, is_secure=doors.is_secure)
        self._token = _cookie(doors.entitlement_cookie)
        self._session = _cookie(doors.session_cookie)
        site, pictures = doors.site_origin, doors.picture_sources
        self._page_policy = (
            f"default-src 'none'; img-src 'self' {site} {pictures} data:; style-src {site} 'unsafe-inline';"
            f" font-src {site} data:; media-src 'self' {site} {pictures}; base-uri {site};"
            f" form-action 'self' {site}; frame-ancestors 'none'"
        )

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        handler, name = self._route(path)
        if handler is None:
            return self._next(environ, start_response)
        method: str = environ["REQUEST_METHOD"]
        try:
            if method == "OPTIONS":
                answer = answers.PREFLIGHT
            elif method not in {"GET", "HEAD"}:
                answer = answers.NOT_ALLOWED
            else:
                answer = handler(self, self._request(environ, path, name))
        except StoreError as error:
            _log.warning("store away: %s", error)
            answer = answers.NOT_READY
        except Exception:  # the outermost edge: doubt denies
            _log.exception("gate failed: %s %r", method, path)
            answer = answers.BROKEN
        start_response(answer.status, self._dress.headers(answer, environ.get("HTTP_ORIGIN")))
        if method == "HEAD":
            return []
        return [answer.body] if isinstance(answer.body, bytes) else answer.body

    def _route(self, path: str) -> tuple[Callable[[Gate, _Request], Answer] | None, str]:
        first, _, rest = path[1:].partition("/")
        if path[:1] != "/" or first not in _FIRST:
            return None, ""
        if first == "gate":
            kind, _, rest = rest.partition("/")
            return _GATE.get(kind, Gate._unknown), rest
        if first in _ALONE:  # `/healthz/` is not `/healthz`
            return (_FIRST[first] if path == f"/{first}" else Gate._unknown), ""
        return _FIRST[first], rest

    def _request(self, environ: dict[str, Any], path: str, name: str) -> _Request:
        if not name.isascii():
            try:  # WSGI hands bytes as Latin-1
                name = name.encode("latin-1").decode("utf-8")
            except UnicodeError:
                name = ""
        query, cookies = environ.get("QUERY_STRING", ""), environ.get("HTTP_COOKIE", "")
        return _Request(name, path, query, cookies, environ, int(self._doors.clock()))

    def _reader(self, request: _Request) -> Entitlements | None:
        """What the reader owns, or None if they are not signed in or their token is not valid any more."""
        found = self._token.findall(request.cookies)
        if len(found) != 1:
            return None
        try:
            return self._doors.verifier.verify(found[0], request.now).entitlements
        except TokenError as error:
            _log.debug("token refused: %s", error.reason)
            return None

    def _unknown(self, request: _Request) -> Answer:
        return answers.NOT_FOUND

    def _alive(self, request: _Request) -> Answer:
        return as_json("200 OK", {"alive": True})

    def _ready(self, request: _Request) -> Answer:
        return (
            answers.NOT_READY if self._doors.library.manifest is None else as_json("200 OK", {"ready": True})
        )

    def _part(self, request: _Request) -> Answer:
        manifest = self._doors.library.manifest
        if manifest is None:
            return answers.NOT_READY
        entry = manifest.parts.get(request.name)
        if entry is None:
            return answers.NOT_FOUND
        why = self._refusal(entry, request)
        if why is not None:
            return _refused(entry, why)
        signed = self._signed(entry, f"{request.name.rpartition('/')[2]}.html", request.now)
        value = {"url": signed.url, "expires_at": signed.expires_at, "media_type": entry.media_type}
        return as_json("200 OK", value)

    def _file(self, request: _Request) -> Answer:
        manifest = self._doors.library.manifest
        if manifest is None:
            return answers.NOT_READY
        entry = manifest.files.get(request.name)
        if entry is None:
            return answers.NOT_FOUND
        why = self._refusal(entry, request)
        here = routes.file_path(request.name)
        if why is None:
            name = request.name.rpartition("/")[2]
            return _redirect(self._signed(entry, name, request.now).url)
        if self._may_renew(request, why):
            return _renewal(here)
        if request.is_navigation:
            return _page(why, self._notice(manifest, entry, why, here, None).page(), answers.POLICY_OWN_PAGE)
        return _refused(entry, why)

    def _read(self, request: _Request) -> Answer:
        manifest = self._doors.library.manifest
        if manifest is None:
            return answers.NOT_READY
        lesson = manifest.lessons.get(request.name)
        if lesson is None:
            return answers.NOT_FOUND
        entry = manifest.parts.get(request.name)
        if entry is None:  # nothing of it is private
            return _redirect(manifest.site + lesson.url)
        why = self._refusal(entry, request)
        path = routes.read_path(request.name)
        if why is not None and self._may_renew(request, why):
            return _renewal(path)
        here = self._doors.gatekeeper_url + path
        page = self._doors.pages.page(manifest, request.name, here)
        if why is not None:
            notice = self._notice(manifest, entry, why, path, request.name)
            return _page(why, page.with_notice(notice.fragment()), self._page_policy)
        part = self._doors.private.get(entry.key)
        if part is None:
            raise StoreError("a part of the current release is missing from the store")
        return _page(None, page.with_part(harmless(part.decode("utf-8"), here)), self._page_policy)

    def _object(self, request: _Request) -> Answer:
        shelf = self._doors.shelf
        if shelf is None:
            return answers.NOT_FOUND
        wanted = request.environ.get("HTTP_RANGE", "")
        condition = request.environ.get("HTTP_IF_RANGE", "")
        return shelf.answer(request.name, request.query, wanted=wanted, condition=condition, now=request.now)

    def _refusal(self, entry: ObjectEntry, request: _Request) -> Reason | None:
        decision = decide(entry.access, self._reader(request), request.now)
        return decision.reason if isinstance(decision, Refused) else None

    def _signed(self, entry: ObjectEntry, name: str, now: int) -> SignedUrl:
        media_type, disposition = labels(entry, name)
        return self._doors.signer.sign(entry.key, media_type=media_type, disposition=disposition, now=now)

    def _may_renew(self, request: _Request, why: Reason) -> bool:
        """Pictures are renewed for only when the token has run out; a navigation also when it may lack a fresh purchase."""
        if request.query == _RENEWED or not self._session.search(request.cookies):
            return False
        return why is Reason.ANONYMOUS or request.is_navigation

    def _notice(
        self, manifest: Manifest, entry: ObjectEntry, why: Reason, here: str, lesson: str | None
    ) -> Notice:
        return Notice(
            manifest=manifest,
            rule=entry.access,
            why=why,
            here=here,
            lesson=lesson,
            gatekeeper=self._doors.gatekeeper_url,
        )


_GATE = {"parts": Gate._part, "read": Gate._read}
_ALONE = {"healthz": Gate._alive, "readyz": Gate._ready}
_FIRST = {"gate": Gate._unknown, "files": Gate._file, "store": Gate._object, **_ALONE}


def _cookie(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|;) *{re.escape(name)}=([^; ]*)", re.ASCII)


def _status(why: Reason) -> HTTPStatus:
    return HTTPStatus.UNAUTHORIZED if why is Reason.ANONYMOUS else HTTPStatus.FORBIDDEN


def _line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


def _refused(entry: ObjectEntry, why: Reason) -> Answer:
    return as_json(_line(_status(why)), {"reason": why.value, "products": sorted(entry.access.products)})


def _redirect(url: str) -> Answer:
    return Answer(status="302 Found", headers=(("Location", url),))


def _renewal(here: str) -> Answer:
    return _redirect(f"{routes.RENEW}?next={quote(f'{here}?{_RENEWED}', safe='')}")


def _page(why: Reason | None, html: str, policy: str) -> Answer:
    status = HTTPStatus.OK if why is None else _status(why)
    headers = (("Content-Type", answers.HTML),)
    return Answer(status=_line(status), body=html.encode("utf-8"), headers=headers, policy=policy)
