"""Looks at the running service as a browser does, through whatever stands in front of it: cookies, headers, CORS, what must stay inside."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie

from gatekeeper.contract import routes
from gatekeeper.doctor.fetch import Fetched, fetch
from gatekeeper.doctor.finding import Finding, failed, ok, skipped, warning
from gatekeeper.settings import Settings

_FOREIGN = "https://stranger.example"
_HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cache-Control",
)


def service(settings: Settings) -> Iterator[Finding]:
    root = settings.gatekeeper_url
    try:
        page = fetch(root + routes.SIGN_IN)
    except OSError as error:
        yield skipped("service", f"{root} does not answer: {type(error).__name__}; start it and ask again")
        return
    if page.status != 200:
        yield failed(
            "service", f"the sign-in page is answered {page.status}", "look into the service's log", 1
        )
        return
    yield ok("service", "shows the sign-in page")
    yield _cookies(settings, page)
    yield _headers(settings, page)
    yield _origins(settings)
    if settings.delivery.accel_prefix:
        yield _inside(root)


def _cookies(settings: Settings, page: Fetched) -> Finding:
    lines = page.headers.get_all("Set-Cookie") or []
    wrong = sorted({fault for line in lines for fault in _faults(line, is_secure=settings.is_secure)})
    if wrong:
        fix = "let no proxy rewrite Set-Cookie"
        return failed("cookies", f"set with {', '.join(wrong)}", fix, 1)
    if not settings.is_secure:
        fix = "fine for a demo on this machine" if settings.is_demo else "serve the gatekeeper by https"
        return warning("cookies", "sent over plain http, without the __Host- prefix", fix)
    if not lines:
        return failed("cookies", "the sign-in page sets none", "let the proxy pass Set-Cookie on", 1)
    return ok("cookies", "__Host-, Secure, HttpOnly, SameSite")


def _faults(line: str, *, is_secure: bool) -> Iterator[str]:
    try:
        parsed = SimpleCookie(line)
    except CookieError:
        yield "an unreadable value"
        return
    for name, cookie in parsed.items():
        if not cookie["httponly"]:
            yield "no HttpOnly"
        if not cookie["samesite"]:
            yield "no SameSite"
        if cookie["domain"]:
            yield "a Domain"
        if cookie["path"] != "/":
            yield "another Path than /"
        if is_secure and not cookie["secure"]:
            yield "no Secure"
        if is_secure and name[:7] != "__Host-":
            yield "no __Host- name"


def _headers(settings: Settings, page: Fetched) -> Finding:
    wanted = (*_HEADERS, *(("Strict-Transport-Security",) if settings.is_secure else ()))
    missing = [name for name in wanted if not page.header(name)]
    doubled = [name for name in wanted if len(page.headers.get_all(name) or []) > 1]
    if missing or doubled:
        what = "; ".join(
            f"{word}: {', '.join(names)}"
            for word, names in (("missing", missing), ("twice", doubled))
            if names
        )
        return failed("headers", what, "let the proxy pass the service's headers on as they are", 1)
    if "no-store" not in page.header("Cache-Control"):
        return failed("headers", "answers may be stored", "let no proxy change Cache-Control", 4)
    return ok("headers", "as the service sets them")


def _origins(settings: Settings) -> Finding:
    """The school's site may ask who is signed in; nobody else may (attack case H10)."""
    own = fetch(settings.gatekeeper_url + routes.READER, headers={"Origin": settings.site_origin})
    foreign = fetch(settings.gatekeeper_url + routes.READER, headers={"Origin": _FOREIGN})
    allowed, opened = (answer.header("Access-Control-Allow-Origin") for answer in (own, foreign))
    if opened in {"*", _FOREIGN}:
        return failed("origins", "any site may ask", "let no proxy add Access-Control-Allow-Origin", 4)
    if settings.site_origin != settings.gatekeeper_url and allowed != settings.site_origin:
        fix = "check LYCEUM_SITE_URL, and let the proxy pass Access-Control-Allow-Origin on"
        return failed("origins", f"{settings.site_origin} may not ask", fix, 1)
    return ok("origins", "the school's site may ask, strangers may not")


def _inside(root: str) -> Finding:
    if fetch(f"{root}/delivery/check/files/x").status in {401, 403, 204}:
        return warning(
            "delivery check",
            "answers strangers",
            "let nginx keep /delivery/check/ to itself, as in docs/deploy",
        )
    return ok("delivery check", "is nginx's alone")
