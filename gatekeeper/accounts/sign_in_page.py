"""The sign-in page and what its ways have in common: where to go afterwards, what one is on the way to buy, how long to wait."""

from __future__ import annotations

from urllib.parse import unquote, urlencode, urlsplit

from flask import Response, request

from gatekeeper.accounts.current import signed_in
from gatekeeper.accounts.entrance import AFTERWARDS
from gatekeeper.accounts.limits import LimitedError
from gatekeeper.accounts.passkeys.ceremony import offer_sign_in
from gatekeeper.accounts.ways import ways
from gatekeeper.commerce.offers import lesson_address, title_of
from gatekeeper.contract import routes
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.returns import LONGEST as LONGEST_TARGET
from gatekeeper.web.returns import return_target
from gatekeeper.web.service import service


def form_page(
    target: str,
    *,
    email: str = "",
    error: str | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
    provider: str = "",
) -> Response:
    """The page. error: `address`, `limited`, or a text `sign_in.error_…`; provider: the other service that it is about.

    A reader who is signed in sees it when they are to prove once more who they are: with their own address, which they cannot change here.
    """
    who = signed_in()
    passkeys = offer_sign_in()
    response = page(
        "accounts/sign_in.html",
        status=status,
        target=target,
        email=who.reader.email if who is not None else email,
        is_again=who is not None,
        error=error,
        provider=provider,
        minutes=minutes_of(limited),
        buying=buying(target),
        as_guest=as_guest(target) if who is None else None,
        passkeys=passkeys,
        providers=list(ways().providers.values()),
        query=urlencode({"next": target}),
    )
    if passkeys is not None:
        passkeys.keep(response)
    return with_wait(response, limited)


def prove_again(target: str) -> Response:
    """To the sign-in page for a fresh session, and back to `target`, a path of ours."""
    return to(f"{routes.SIGN_IN}?{urlencode({'again': '1', 'next': target})}")


def asked_target() -> str:
    """Where the form or address at hand wants to go afterwards; never anywhere but here or a page of the school."""
    return target_of(request.values.get("next", ""), request.args.get("lesson"))


def target_of(text: str, lesson: str | None) -> str:
    manifest = service().manifest
    return (
        lesson_address(manifest, lesson) or return_target(text[: LONGEST_TARGET + 1], manifest) or AFTERWARDS
    )


def buying(target: str) -> str | None:
    """The title of the product that the reader is on the way to."""
    manifest = service().manifest
    path = urlsplit(target).path
    head, _, product = path.rpartition("/")
    if manifest is None or f"{head}/" != routes.BUY or unquote(product) not in manifest.products:
        return None
    return title_of(manifest, unquote(product), language())


def as_guest(target: str) -> str | None:
    """Where the reader may buy without an account, if they are on the way to buy."""
    if buying(target) is None:
        return None
    return routes.GUEST + target.removeprefix(routes.BUY)


def minutes_of(limited: LimitedError | None) -> int:
    return 0 if limited is None else -(-limited.retry_after_seconds // 60)


def with_wait(response: Response, limited: LimitedError | None) -> Response:
    if limited is not None:
        response.headers["Retry-After"] = str(limited.retry_after_seconds)
    return response
