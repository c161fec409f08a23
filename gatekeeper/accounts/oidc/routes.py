"""Signing in through another service, and linking accounts there to the one here.

POST /sign-in/with/<name>            to the service, to sign in
GET  /sign-in/with/<name>/back       back from it, for both ways
POST /account/identities/<name>      to the service, to link; after a fresh sign-in
POST /account/identities/<id>/unlink  after a fresh sign-in

- The trip is an errand of this browser: state, nonce and PKCE's verifier are derived from it, and it comes back once. One that began in
  another browser does nothing here.
- A known (issuer, subject) opens its reader's account, whatever address it has by now. An unknown one opens the account of its address, made if need be,
  only if the service says that the address is verified; whoever runs a configured service can therefore open every account whose
  address it vouches for.
- Linking never moves an identity from one reader to another.
"""

from __future__ import annotations

from datetime import timedelta
from threading import BoundedSemaphore

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts import errands, limits, readers, sessions
from gatekeeper.accounts.address import AddressError, normal_address
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entrance import Opened, Way, open_session, refused, welcome
from gatekeeper.accounts.errands import Errand
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.marks import is_same
from gatekeeper.accounts.news import News, tell
from gatekeeper.accounts.oidc import storage
from gatekeeper.accounts.oidc.provider import (
    Identity,
    IdentityProvider,
    ProviderAwayError,
    ProviderRefusedError,
    Trip,
)
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.accounts.sign_in_page import asked_target, form_page, prove_again
from gatekeeper.accounts.ways import ways
from gatekeeper.contract import routes
from gatekeeper.web.cookies import drop_cookie, set_cookie
from gatekeeper.web.errors import error_page
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

KIND = "identity"
LIFETIME = timedelta(minutes=15)
LIST = f"{routes.ACCOUNT}#identities"
MOST_AT_ONCE = 2  # a service that hangs must not hold all of our threads
RETRY_SECONDS = 5
LONGEST_PARAMETER = 4000

blueprint = Blueprint("identities", __name__, template_folder="templates")
_places = BoundedSemaphore(MOST_AT_ONCE)


@blueprint.post(f"{routes.SIGN_IN}/with/<name>")
def leave(name: str) -> Response:
    return _leave(_provider(name), {"target": asked_target()})


@blueprint.post(f"{routes.ACCOUNT}/identities/<name>")
def leave_to_link(name: str) -> Response:
    provider, who = _provider(name), _required()
    if not sessions.is_fresh(who, now=service().clock()):
        return prove_again(routes.ACCOUNT)
    return _leave(provider, {"target": LIST, "reader": who.reader.id})


@blueprint.get(f"{routes.SIGN_IN}/with/<name>/back")
def come_back(name: str) -> Response:
    """Whatever went wrong leads to the sign-in page, where all other ways stand."""
    provider = _provider(name)
    errand = _errand(name)
    response = _come_back(provider, errand)
    drop_cookie(response, KIND)
    return response


@blueprint.post(f"{routes.ACCOUNT}/identities/<id_>/unlink")
def unlink(id_: str) -> Response:
    who = _required()
    served = service()
    if not sessions.is_fresh(who, now=served.clock()):
        return prove_again(routes.ACCOUNT)
    with served.database.write() as connection:
        name = storage.unlink(connection, reader=who.reader.id, id_=id_)
        if name is None:
            abort(404)
        provider = ways().providers.get(name)
        tell(
            connection,
            who.reader,
            News.IDENTITY_UNLINKED,
            name=provider.title if provider is not None else name,
        )
    served.wake.set()
    return to(LIST)


def section(who: SignedIn, connection: Connection) -> Markup:
    """The account page's list; nothing where no service is set up and none is linked."""
    linked = storage.listed(connection, who.reader.id)
    providers = ways().providers
    if not linked and not providers:
        return Markup()
    titles = {name: provider.title for name, provider in providers.items()}
    free = [provider for name, provider in providers.items() if name not in {one.provider for one in linked}]
    return Markup(  # noqa: S704  (a template of ours)
        render_template("oidc/section.html", linked=linked, titles=titles, free=free)
    )


def _leave(provider: IdentityProvider, facts: dict[str, str]) -> Response:
    served = service()
    now = served.clock()
    errand, cookie = errands.begin(
        served.marker, KIND, {**facts, "provider": provider.name}, lifetime=LIFETIME, now=now
    )
    if not _places.acquire(blocking=False):
        return error_page(503, retry_after_seconds=RETRY_SECONDS)
    try:
        address = provider.address(_trip(provider, errand))
    except (ProviderAwayError, ProviderRefusedError) as error:
        return _failed(provider, facts["target"], "away", error)
    finally:
        _places.release()
    response = page("oidc/leaving.html", provider=provider, address=address)
    set_cookie(response, KIND, cookie, lifetime=LIFETIME)
    return response


def _come_back(provider: IdentityProvider, errand: Errand | None) -> Response:
    served = service()
    state = request.args.get("state", "")
    if errand is None or not _is_state(errand, state):
        refused(Way.IDENTITY, "no-errand", provider=provider.name)
        return form_page(routes.ACCOUNT, error="identity_late", status=422, provider=provider.title)
    target = errand.facts["target"]
    code = request.args.get("code", "")
    if not code or len(code) > LONGEST_PARAMETER:  # the reader said no there, or the service did
        refused(Way.IDENTITY, "declined", provider=provider.name)
        return form_page(_after(target), error="identity_declined", status=422, provider=provider.title)
    before = signed_in()
    try:
        with served.database.write() as connection:
            limits.count(
                connection,
                served.marker,
                [(limits.IDENTITIES_FROM_CLIENT, client_subject(client()))],
                now=served.clock(),
            )
            is_first = errands.spend(connection, served.marker, errand)
    except LimitedError as limited:
        return form_page(
            _after(target), error="identity_limited", status=429, limited=limited, provider=provider.title
        )
    if not is_first:
        refused(Way.IDENTITY, "used", provider=provider.name)
        return form_page(_after(target), error="identity_late", status=422, provider=provider.title)
    if not _places.acquire(blocking=False):
        return error_page(503, retry_after_seconds=RETRY_SECONDS)
    try:
        identity = provider.identity(
            _trip(provider, errand), code=code, issuer=request.args.get("iss"), now=served.clock()
        )
    except ProviderRefusedError as error:
        return _failed(provider, target, "failed", error)
    except ProviderAwayError as error:
        return _failed(provider, target, "away", error)
    finally:
        _places.release()
    if "reader" in errand.facts:
        return _link(provider, identity, before, errand.facts["reader"])
    return _enter(provider, identity, before, target)


def _enter(provider: IdentityProvider, identity: Identity, before: SignedIn | None, target: str) -> Response:
    served = service()
    now = served.clock()
    email = _proven_address(identity)
    opened: Opened | None = None
    with served.database.write() as connection:
        reader = storage.reader_of(connection, identity)
        if reader is None and email is not None:
            known = readers.find_by_address(connection, email)
            found = known or readers.find_or_create(connection, email, language=language(), now=now)
            storage.link(connection, identity, reader=found.id, provider=provider.name, now=now)
            reader = storage.reader_of(connection, identity)
            if known is not None:
                tell(connection, known, News.IDENTITY_LINKED, name=provider.title)
        if reader is not None:
            storage.used(connection, identity, now=now)
            opened = open_session(connection, reader=reader, way=Way.IDENTITY, before=before, now=now)
    if opened is None:
        refused(Way.IDENTITY, "unverified", provider=provider.name)
        return form_page(_after(target), error="identity_unverified", status=422, provider=provider.title)
    served.wake.set()
    return welcome(opened, target)


def _link(provider: IdentityProvider, identity: Identity, before: SignedIn | None, reader: str) -> Response:
    served = service()
    if before is None or before.reader.id != reader:
        refused(Way.IDENTITY, "another-reader", provider=provider.name)
        return form_page(routes.ACCOUNT, error="identity_late", status=422, provider=provider.title)
    with served.database.write() as connection:
        is_linked = storage.link(
            connection, identity, reader=reader, provider=provider.name, now=served.clock()
        )
        owner = storage.reader_of(connection, identity)
        if is_linked:
            tell(connection, before.reader, News.IDENTITY_LINKED, name=provider.title)
    if owner != reader:
        return page("oidc/taken.html", status=422, provider=provider)
    served.wake.set()
    return to(LIST)


def _proven_address(identity: Identity) -> str | None:
    if not identity.is_email_verified:
        return None
    try:
        return normal_address(identity.email)
    except AddressError:
        return None


def _failed(provider: IdentityProvider, target: str, error: str, why: Exception) -> Response:
    refused(Way.IDENTITY, type(why).__name__, provider=provider.name, said=str(why).replace(" ", "-"))
    status = 422 if isinstance(why, ProviderRefusedError) else 503
    response = form_page(_after(target), error=f"identity_{error}", status=status, provider=provider.title)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _after(target: str) -> str:
    """Where the sign-in form leads after a trip that failed."""
    return routes.ACCOUNT if target == LIST else target


def _trip(provider: IdentityProvider, errand: Errand) -> Trip:
    served = service()
    return Trip(
        state=errand.derived(served.marker, "state"),
        nonce=errand.derived(served.marker, "nonce"),
        verifier=errand.derived(served.marker, "verifier"),
        back=f"{served.settings.gatekeeper_url}{routes.SIGN_IN}/with/{provider.name}/back",
    )


def _is_state(errand: Errand, state: str) -> bool:
    return state.isascii() and is_same(state, errand.derived(service().marker, "state"))


def _errand(name: str) -> Errand | None:
    """This browser's errand with this provider: the answer of one is nothing to another."""
    served = service()
    cookie = request.cookies.get(served.cookie(KIND), "")
    errand = errands.read(served.marker, KIND, cookie, now=served.clock()) if cookie else None
    return errand if errand is not None and errand.facts.get("provider") == name else None


def _provider(name: str) -> IdentityProvider:
    found = ways().providers.get(name)
    if found is None:
        abort(404)
    return found


def _required() -> SignedIn:
    who = signed_in()
    if who is None:
        abort(403)
    return who
