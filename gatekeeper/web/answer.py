"""What the gate answers with, and the headers that every answer carries, errors included.

- `Cache-Control: private, no-store`: nothing the gate says may be kept by a cache (attack cases C01-C03).
- No script may run in anything the gate serves; nothing may frame it; no Referer leaves it (H11, U06).
- Cross-origin reading with cookies is for the configured site alone, compared whole (H10). No header of the request
  except Origin changes that; `X-Forwarded-…` and its kin are never read (H01, H05, H06).
- The gate sets no cookie.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from gatekeeper.contract.access import Reason, Rule

Headers = tuple[tuple[str, str], ...]

JSON = "application/json"
HTML = "text/html; charset=utf-8"
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
POLICY_OWN_PAGE = f"{POLICY}; style-src 'unsafe-inline'"
# For objects of the store: even an SVG or HTML file that a browser is talked into opening runs nothing (U16).
STORE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """size_bytes: needed where the body is not one piece of bytes. policy: its Content-Security-Policy."""

    status: str
    body: bytes | Iterable[bytes] = b""
    size_bytes: int | None = None
    headers: Headers = field(default=())
    policy: str = POLICY

    def length_bytes(self) -> int:
        if self.size_bytes is not None:
            return self.size_bytes
        assert isinstance(self.body, bytes)  # noqa: S101  (a stream always states its size)
        return len(self.body)


class Dress:
    """Puts the headers on an answer. site_origin: the only origin that pages may call from."""

    def __init__(self, *, site_origin: str, is_secure: bool) -> None:
        self._always: Headers = (
            ("Cache-Control", "private, no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", _resource_policy(site_origin)),
            ("Vary", "Origin, Cookie"),
            *((("Strict-Transport-Security", "max-age=31536000"),) if is_secure else ()),
        )
        self._site_origin = site_origin
        self._for_site: Headers = (
            ("Access-Control-Allow-Origin", site_origin),
            ("Access-Control-Allow-Credentials", "true"),
        )

    def headers(self, answer: Answer, origin: str | None) -> list[tuple[str, str]]:
        return [
            *self._always,
            ("Content-Security-Policy", answer.policy),
            *(self._for_site if origin == self._site_origin else ()),
            *answer.headers,
            ("Content-Length", str(answer.length_bytes())),
        ]


def _resource_policy(site_origin: str) -> str:
    """Who may show what the gate serves: pages of its own site, such as the public site under another name or port.

    Browsers count no two origins with an IP address as one site, not even two ports of one host; a school that runs on an
    address, as the demo does, therefore says `cross-origin`. Other sites get no cookie there either (SameSite=Lax).
    """
    try:
        ipaddress.ip_address(urlsplit(site_origin).hostname or "")
    except ValueError:
        return "same-site"
    return "cross-origin"


def as_json(status: str, value: object, *, headers: Headers = ()) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status=status, body=body, headers=(("Content-Type", JSON), *headers))


def line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


def refusal_status(why: Reason) -> HTTPStatus:
    return HTTPStatus.UNAUTHORIZED if why is Reason.ANONYMOUS else HTTPStatus.FORBIDDEN


@lru_cache(maxsize=1024)
def refused(why: Reason, rule: Rule) -> Answer:
    """Why not, and which products would open it."""
    return as_json(line(refusal_status(why)), {"reason": why.value, "products": sorted(rule.products)})


def redirect(url: str) -> Answer:
    return Answer(status="302 Found", headers=(("Location", url),))


NOT_FOUND = as_json("404 Not Found", {"reason": "unknown"})
NOT_ALLOWED = as_json(
    "405 Method Not Allowed", {"reason": "method"}, headers=(("Allow", "GET, HEAD, OPTIONS"),)
)
NOT_READY = as_json("503 Service Unavailable", {"reason": "unavailable"}, headers=(("Retry-After", "5"),))
BROKEN = as_json("500 Internal Server Error", {"reason": "error"})
PREFLIGHT = Answer(
    status="204 No Content",
    headers=(("Access-Control-Allow-Methods", "GET, HEAD"), ("Access-Control-Max-Age", "600")),
)
