"""The gate: routes, the order of questions, answers. As a WSGI application it stands in front of the service.

- An object is looked up whole in the manifest under the one name that the server decoded from the path, once. There is
  no prefix, no pattern, no trailing-slash rule: what is not listed letter for letter is 404 (attack cases P01-P10).
- Who asks and whether they may is decided by `lock`, nowhere else and nowhere behind it.
- HEAD is gated as GET; OPTIONS answers preflights; every other verb is 405 (P13). The query never takes part in a decision.
- What fails inside is a 500 without a word about why; the log has the path and the trace, and no query.
- A signed URL says nothing of its reader, so within one second all who may have an object get the same one, signed once.

A reader whose token has run out but who has a session is sent once through `/api/renew`, which comes back here with
`?renewed=1`; that mark ends the round whatever came of it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gatekeeper.contract import routes
from gatekeeper.contract.access import Entitlements, Reason, Rule
from gatekeeper.contract.manifest import Manifest, ObjectEntry
from gatekeeper.errors import StoreError
from gatekeeper.gate.labels import labels
from gatekeeper.gate.library import Library
from gatekeeper.gate.lock import Lock
from gatekeeper.gate.revoked import Revoked
from gatekeeper.gate.sign import UrlSigner
from gatekeeper.gate.token import TokenVerifier
from gatekeeper.keyring import jwks
from gatekeeper.reading.door import ReadingDoor
from gatekeeper.secrets import TokenKey
from gatekeeper.stores.shelf import Shelf
from gatekeeper.web import answer as answers
from gatekeeper.web.answer import Answer, as_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

    from gatekeeper.delivery.accel import Handover

_log = logging.getLogger(__name__)
_RENEWED = "renewed=1"
_MOST_SIGNED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the gate needs of its surroundings. keys: the token keys in use. shelf: only with a folder store."""

    library: Library
    verifier: TokenVerifier
    revoked: Revoked
    keys: Callable[[], Sequence[TokenKey]]
    signer: UrlSigner
    reading: ReadingDoor
    shelf: Shelf | Handover | None
    site_origin: str
    entitlement_cookie: str
    session_cookie: str
    is_secure: bool
    clock: Callable[[], float]


@dataclass(slots=True)
class Request:
    """name: what stands after the route in the path, decoded once. wanted, condition: Range and If-Range, or ""."""

    name: str
    query: str
    cookies: str
    now: int
    accept: str = ""
    wanted: str = ""
    condition: str = ""


@dataclass(slots=True)
class _Signed:
    """The answers that give away objects of one manifest, signed in one second."""

    manifest: Manifest
    second: int
    answers: dict[str, Answer]


class Gate:
    """`Gate(doors, next_app)` is the WSGI application."""

    def __init__(self, doors: Doors, next_app: WSGIApplication) -> None:
        self._doors = doors
        self._next = next_app
        self.dress = answers.Dress(site_origin=doors.site_origin, is_secure=doors.is_secure)
        self.lock = Lock(doors.verifier, doors.revoked, cookie=doors.entitlement_cookie)
        self._session = re.compile(rf"(?:^|;) *{re.escape(doors.session_cookie)}=", re.ASCII)
        self._signed: _Signed | None = None

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
                answer = handler(self, self._request(environ, name))
        except StoreError as error:
            _log.warning("store away: %s", error)
            answer = answers.NOT_READY
        except Exception:  # the outermost edge: doubt denies
            _log.exception("gate failed: %s %r", method, path)
            answer = answers.BROKEN
        start_response(answer.status, self.dress.headers(answer, environ.get("HTTP_ORIGIN")))
        if method == "HEAD":
            return []
        return [answer.body] if isinstance(answer.body, bytes) else answer.body

    @property
    def library(self) -> Library:
        return self._doors.library

    @property
    def site_origin(self) -> str:
        return self._doors.site_origin

    def rule(self, way: str, name: str) -> Rule | None:
        """The rule of a part or a file of the current release."""
        manifest = self._doors.library.manifest
        entries = {} if manifest is None else manifest.parts if way == "parts" else manifest.files
        entry = entries.get(name)
        return None if entry is None else entry.access

    def answers_to(self, path: str) -> bool:
        """Whether the gate itself answers for this decoded path, whatever it then says."""
        return self._route(path)[0] is not None

    def part(self, request: Request, reader: Entitlements | None) -> Answer:
        """`/gate/parts/…`: a signed URL as JSON, or why not."""
        manifest = self._doors.library.manifest
        if manifest is None:
            return answers.NOT_READY
        entry = manifest.parts.get(request.name)
        if entry is None:
            return answers.NOT_FOUND
        why = self.lock.refusal(entry.access, reader, request.now)
        if why is not None:
            return answers.refused(why, entry.access)
        return self._given(manifest, routes.PARTS, request, entry)

    def file(self, request: Request, reader: Entitlements | None) -> Answer:
        """`/files/…`: a redirect to a signed URL, or why not."""
        manifest = self._doors.library.manifest
        if manifest is None:
            return answers.NOT_READY
        entry = manifest.files.get(request.name)
        if entry is None:
            return answers.NOT_FOUND
        why = self.lock.refusal(entry.access, reader, request.now)
        if why is None:
            return self._given(manifest, routes.FILES, request, entry)
        here = routes.file_path(request.name)
        if self._may_renew(request, why):
            return _renewal(here)
        if _is_navigation(request):
            return self._doors.reading.refused_file(manifest, entry, why, here)
        return answers.refused(why, entry.access)

    def _given(self, manifest: Manifest, route: str, request: Request, entry: ObjectEntry) -> Answer:
        signed = self._signed
        if signed is None or signed.second != request.now or signed.manifest is not manifest:
            self._signed = signed = _Signed(manifest, request.now, {})
        path = route + request.name
        answer = signed.answers.get(path)
        if answer is None:
            last = request.name.rpartition("/")[2]
            is_part = route is routes.PARTS
            media_type, disposition = labels(entry, f"{last}.html" if is_part else last)
            link = self._doors.signer.sign(
                entry.key, media_type=media_type, disposition=disposition, now=request.now
            )
            if is_part:
                value = {"url": link.url, "expires_at": link.expires_at, "media_type": entry.media_type}
                answer = as_json("200 OK", value)
            else:
                answer = answers.redirect(link.url)
            if len(signed.answers) < _MOST_SIGNED:
                signed.answers[path] = answer
        return answer

    def _route(self, path: str) -> tuple[Callable[[Gate, Request], Answer] | None, str]:
        if path in _WHOLE:
            return _WHOLE[path], ""
        first, _, rest = path[1:].partition("/")
        if path[:1] != "/" or first not in _FIRST:
            return None, ""
        if first == "gate":
            kind, _, rest = rest.partition("/")
            return _GATE.get(kind, Gate._unknown), rest
        return _FIRST[first], rest

    def _request(self, environ: dict[str, Any], name: str) -> Request:
        if not name.isascii():
            try:  # WSGI hands bytes as Latin-1
                name = name.encode("latin-1").decode("utf-8")
            except UnicodeError:
                name = ""
        header = environ.get
        return Request(
            name,
            header("QUERY_STRING", ""),
            header("HTTP_COOKIE", ""),
            int(self._doors.clock()),
            header("HTTP_ACCEPT", ""),
            header("HTTP_RANGE", ""),
            header("HTTP_IF_RANGE", ""),
        )

    def _reader(self, request: Request) -> Entitlements | None:
        return self.lock.reader(request.cookies, request.now)

    def _unknown(self, request: Request) -> Answer:
        return answers.NOT_FOUND

    def _keys(self, request: Request) -> Answer:
        return as_json("200 OK", jwks(self._doors.keys()))

    def _part(self, request: Request) -> Answer:
        return self.part(request, self._reader(request))

    def _file(self, request: Request) -> Answer:
        return self.file(request, self._reader(request))

    def _read(self, request: Request) -> Answer:
        manifest = self._doors.library.manifest
        if manifest is None:
            return answers.NOT_READY
        lesson = manifest.lessons.get(request.name)
        if lesson is None:
            return answers.NOT_FOUND
        entry = manifest.parts.get(request.name)
        if entry is None:  # nothing of it is private
            return answers.redirect(manifest.site + lesson.url)
        why = self.lock.refusal(entry.access, self._reader(request), request.now)
        if why is not None and self._may_renew(request, why):
            return _renewal(routes.read_path(request.name))
        return self._doors.reading.lesson(manifest, request.name, entry, why)

    def _object(self, request: Request) -> Answer:
        shelf = self._doors.shelf
        if shelf is None:
            return answers.NOT_FOUND
        return shelf.answer(
            request.name,
            request.query,
            wanted=request.wanted,
            condition=request.condition,
            now=request.now,
        )

    def _may_renew(self, request: Request, why: Reason) -> bool:
        """Pictures are renewed for only when the token has run out; a navigation also when it may lack a fresh purchase."""
        if request.query == _RENEWED or not self._session.search(request.cookies):
            return False
        return why is Reason.ANONYMOUS or _is_navigation(request)


_GATE = {"parts": Gate._part, "read": Gate._read}
_FIRST = {
    "gate": Gate._unknown,
    "files": Gate._file,
    "store": Gate._object,
}
_WHOLE = {routes.KEYS: Gate._keys}


def _is_navigation(request: Request) -> bool:
    return "text/html" in request.accept


def _renewal(here: str) -> Answer:
    return answers.redirect(f"{routes.RENEW}?next={quote(f'{here}?{_RENEWED}', safe='')}")
