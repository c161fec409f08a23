"""The URL paths that pages call and the gatekeeper serves.

The gate (WSGI, no database, no framework):

    GET  /gate/parts/<lesson id>    JSON: a signed URL of the lesson's private part, or why not
    GET  /gate/read/<lesson id>     the whole lesson as one HTML page, for readers without JavaScript
    GET  /files/<path>              a private picture or attachment: a redirect to a signed URL, or why not
    GET  /store/<key>?…             the folder store behind signed URLs (an S3 store serves its own)
    GET  /healthz  /readyz          for supervisors and load balancers
    GET  /.well-known/jwks.json     the public keys of entitlement tokens, for other services and edge workers

The service (Flask):

    GET  /api/reader                JSON: who is signed in and what they own; renews the entitlement cookie
    GET  /api/renew     `?next=<path of the gate>`: renews the entitlement cookie and goes back there
    GET  /api/figures   JSON: how many readers own what; only for the holder of LYCEUM_FIGURES_KEY
    POST /api/signals   what a page tells of its reading, see `contract.signals`
    GET  /api/signals/days          JSON: the days that signals are kept of; only for the holder of LYCEUM_SIGNALS_KEY
    GET  /api/signals/days/<day>    `?after=<id>`: their signals, one JSON array a line, readers under pseudonyms; likewise
    GET  /sign-in  POST /sign-in …  the e-mailed code
    GET  /buy/<product>             order, checkout, success; `?lesson=` says where to go back to
    GET  /guest/<product>           the same without an account
    GET  /account
    GET  /redeem

A lesson id or file path is looked up whole in the manifest's index after being decoded exactly once; no decision
is ever made on a prefix or a pattern of the path.
"""

from __future__ import annotations

from urllib.parse import quote

PARTS = "/gate/parts/"
READ = "/gate/read/"
FILES = "/files/"
STORE = "/store/"
HEALTH = "/healthz"
READY = "/readyz"
KEYS = "/.well-known/jwks.json"
READER = "/api/reader"
RENEW = "/api/renew"
FIGURES = "/api/figures"
SIGNALS = "/api/signals"
SIGNAL_DAYS = "/api/signals/days"
SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
BUY = "/buy/"
GUEST = "/guest/"
ACCOUNT = "/account"
REDEEM = "/redeem"
OUTBOX = "/outbox"


def part_path(lesson: str) -> str:
    return PARTS + quote(lesson)


def read_path(lesson: str) -> str:
    return READ + quote(lesson)


def file_path(path: str) -> str:
    """The address of a private file; path: as in the manifest's `files`, relative, without a leading slash."""
    return FILES + quote(path)


def guest_path(product: str, lesson: str | None = None) -> str:
    return GUEST + quote(product) + (f"?lesson={quote(lesson, safe='')}" if lesson else "")


def buy_path(product: str, lesson: str | None = None) -> str:
    return BUY + quote(product) + (f"?lesson={quote(lesson, safe='')}" if lesson else "")
