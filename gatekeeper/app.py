"""Puts the service together: settings, database, texts, rooms. No rule is decided here.

The database must be migrated before (`gatekeeper migrate`); a demo migrates its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask, Response
from sqlalchemy.exc import OperationalError

from gatekeeper.accounts import (
    account_routes,
    api,
    assemble,
    errands,
    limits,
    revocations,
    sessions,
    sign_in,
    sign_in_routes,
)
from gatekeeper.accounts.life import assemble as life
from gatekeeper.accounts.life import change, proofs
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.accounts.post.sender import send_due
from gatekeeper.accounts.post.smtp import MailServer
from gatekeeper.commerce import assemble as for_others
from gatekeeper.commerce import figures, guest_routes, messages, pay_routes
from gatekeeper.commerce import routes as commerce_routes
from gatekeeper.commerce.providers.shelf import open_providers
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.sandbox import routes as sandbox_routes
from gatekeeper.gate.revoked import Revoked
from gatekeeper.keyring import Keyring
from gatekeeper.limits import sharing
from gatekeeper.limits.sightings import Sightings
from gatekeeper.operator import marker
from gatekeeper.recommend import assemble as recommend
from gatekeeper.secrets import derive
from gatekeeper.settings import Settings
from gatekeeper.signals import assemble as signals
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.migrate import require_migrated, upgrade
from gatekeeper.web import errors, pages
from gatekeeper.web.assets import PREFIX, Assets
from gatekeeper.web.background import Background
from gatekeeper.web.headers import add_headers
from gatekeeper.web.language import remember_language
from gatekeeper.web.protection import keep_form_cookie, refuse_foreign
from gatekeeper.web.service import EXTENSION, Service, school_name
from gatekeeper.web.texts import Texts

if TYPE_CHECKING:
    from gatekeeper.gate.library import Library

log = logging.getLogger(__name__)

LONGEST_BODY_BYTES = 64 * 1024
MOST_FORM_PARTS = 50
SWEEP_SECONDS = 3600.0
BACKGROUND = "lyceum_background"
SIGHTINGS = "lyceum_sightings"
ON_ALARM = "lyceum_on_alarm"


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    library: Library,
    *,
    clock: Callable[[], datetime] = utc_now,
    with_background: bool = True,
    revoked: Revoked | None = None,
    keyring: Keyring | None = None,
    sightings: Sightings | None = None,
    on_alarm: Callable[[], None] | None = None,
) -> Flask:
    """The service as a Flask application.

    revoked, keyring: those of the gate in front, kept fresh from here. sightings: what the link-sharing alarm listens to; on_alarm: called for each alarm that rings, beside the log.
    with_background: starts the thread that sends mails and delivers the sandbox's messages; tests call the jobs themselves.
    Raises storage.migrate.SchemaError, with what to do, if the database is not migrated; SettingsError for a URL that is none.
    """
    database = open_database(settings.database_url.reveal_text())
    if settings.is_demo:
        upgrade(database)
    require_migrated(database)
    app = Flask(__name__, static_folder=None, template_folder="web/templates")
    app.config.update(
        MAX_CONTENT_LENGTH=LONGEST_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=LONGEST_BODY_BYTES,
        MAX_FORM_PARTS=MOST_FORM_PARTS,
        PROPAGATE_EXCEPTIONS=False,
    )
    ring = keyring or Keyring(settings.token_keys, settings.token_keys_file)
    served = _service(settings, library, database, clock, ring)
    app.extensions[EXTENSION] = served
    app.extensions[SIGHTINGS] = sightings or Sightings()
    app.extensions[ON_ALARM] = on_alarm or _nobody
    app.before_request(errors.begin_request)
    app.before_request(refuse_foreign)
    app.after_request(keep_form_cookie)
    app.after_request(remember_language)
    app.after_request(add_headers)
    pages.install(app)
    errors.install(app)
    app.register_blueprint(sign_in_routes.blueprint)
    app.register_blueprint(account_routes.blueprint)
    assemble.install(app, settings)
    life.install(app)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(commerce_routes.blueprint)
    for_others.install(app)
    app.register_blueprint(guest_routes.blueprint)
    app.register_blueprint(figures.blueprint)
    app.register_blueprint(messages.blueprint)
    app.register_blueprint(pay_routes.blueprint)
    app.register_blueprint(sandbox_routes.blueprint)
    signals.install(app, served)
    shelf = recommend.install(app, served)
    app.add_url_rule(f"{PREFIX}<name>", "asset", _asset(served.assets))
    background = Background(jobs(app), served.wake)
    signals_thread = Background([app.extensions[signals.EXTENSION].turn], threading.Event())
    watch = Background(gate_jobs(served, revoked or Revoked()), served.revoke)
    shelf_thread = Background([shelf.turn], threading.Event())
    app.extensions[BACKGROUND] = (background, watch, signals_thread, shelf_thread)
    if with_background:
        background.start()
        watch.start()
        signals_thread.start()
        shelf_thread.start()
    return app


def gate_jobs(served: Service, revoked: Revoked) -> list[Callable[[], object]]:
    """What the gate lives from and does not look up itself: whose tokens are dead, and the keys. In a thread of its own, so that no
    slow mail server makes a refund wait. Without the database the last list stays; that is logged once."""
    is_away = [False]

    def renew_revoked() -> None:
        try:
            with served.database.read() as connection:
                until = revocations.current(connection, now=served.clock())
        except OperationalError as error:
            if not is_away[0]:
                log.warning(
                    "revoked sessions not renewed, keeping the last list: %s", type(error.orig).__name__
                )
            is_away[0] = True
            return
        is_away[0] = False
        revoked.replace(until)

    return [renew_revoked, served.keyring.refresh]


def jobs(app: Flask) -> list[Callable[[], object]]:
    """What the background thread does at every turn; each may run at any time and in several processes."""
    served: Service = app.extensions[EXTENSION]
    last_sweep = [0.0]

    def send_mails() -> None:
        send_due(
            served.database,
            served.mail_server,
            sender=served.settings.mail_from,
            keep_text=served.settings.is_demo,
            clock=served.clock,
            marker=served.marker,
        )

    def deliver_sandbox() -> None:
        with app.app_context():
            sandbox_routes.deliver()

    def sweep() -> None:
        now = served.clock()
        if now.timestamp() - last_sweep[0] < SWEEP_SECONDS:
            return
        last_sweep[0] = now.timestamp()
        with served.database.write() as connection:
            for forget in (
                limits.forget_ended,
                sign_in.forget_ended,
                proofs.forget_ended,
                change.forget_ended,
                errands.forget_ended,
                sessions.forget_ended,
                revocations.forget_ended,
                outbox.forget_old,
                sharing.forget_old,
            ):
                forget(connection, now=now)

    return [*for_others.jobs(served), send_mails, deliver_sandbox, sweep, *_alarm(app)]


def _alarm(app: Flask) -> list[Callable[[], object]]:
    """The job of the link-sharing alarm, if it is wanted."""
    served: Service = app.extensions[EXTENSION]
    sightings: Sightings = app.extensions[SIGHTINGS]
    most = served.settings.limits.sharing_networks
    if not most:
        return []
    bell = sharing.Bell(
        marker=served.marker, letters=served.letters, origin=served.settings.gatekeeper_url, most=most
    )

    def listen() -> None:
        seen = sightings.drain()
        for start in range(0, len(seen), sharing.AT_ONCE):
            with served.database.write() as connection:
                some = seen[start : start + sharing.AT_ONCE]
                rang = sharing.note(connection, bell, some, now=served.clock())
            sharing.log_alarms(rang, app.extensions[ON_ALARM])

    return [listen]


def _nobody() -> None:
    """Where no metrics count the alarms."""


def close(app: Flask) -> None:
    """Stops the background thread and closes the database."""
    for background in app.extensions[BACKGROUND]:
        background.stop()
    app.extensions[signals.EXTENSION].close()
    assemble.close(app)
    app.extensions[EXTENSION].database.close()


def _service(
    settings: Settings, library: Library, database: Database, clock: Callable[[], datetime], keyring: Keyring
) -> Service:
    texts = Texts.load()
    letters = LetterWriter(texts, lambda language: school_name(library.manifest, language))
    url = settings.smtp_url
    return Service(
        settings=settings,
        library=library,
        database=database,
        texts=texts,
        assets=Assets(),
        letters=letters,
        post=ReceiptPost(letters=letters, origin=settings.gatekeeper_url, seller=settings.seller),
        marker=marker(settings.secret_key),
        form_key=derive(settings.secret_key, "form tokens"),
        mail_server=MailServer.from_url(url.reveal_text()) if url is not None else None,
        providers=open_providers(settings),
        clock=clock,
        wake=threading.Event(),
        keyring=keyring,
        revoke=threading.Event(),
    )


def _asset(assets: Assets) -> Callable[[str], Response]:
    def asset(name: str) -> Response:
        found = assets.by_name.get(name)
        if found is None:
            return errors.error_page(404)
        response = Response(found.data, content_type=found.media_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return asset
