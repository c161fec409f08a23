"""All checks, in the order in which things depend on each other."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.accounts.post.smtp import MailServer
from gatekeeper.doctor.fetch import fetch
from gatekeeper.doctor.finding import Finding, failed, ok, skipped, warning
from gatekeeper.doctor.objects import objects
from gatekeeper.doctor.service import service
from gatekeeper.environment import read_settings
from gatekeeper.errors import GatekeeperError, SettingsError, StoreError
from gatekeeper.gate.library import Library
from gatekeeper.gate.token import TokenError, TokenVerifier, mint
from gatekeeper.limits import sharing
from gatekeeper.limits.tally import open_storage
from gatekeeper.settings import Settings
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import SchemaError, require_migrated
from gatekeeper.stores.reader import reader_of
from gatekeeper.stores.shown import shown_release

CLOCK_SECONDS = 30  # SigV4 allows 15 minutes, but tokens and signed URLs live for two


def examine(
    environ: Mapping[str, str], *, now: datetime, wait: Callable[[float], None] = time.sleep
) -> list[Finding]:
    """All findings. wait: how the seconds pass until a signed URL is dead."""
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        told = [problem.rpartition(": ") for problem in error.problems]  # `NAME what is wrong: what to do`
        return [failed("settings", what, fix, 2) for what, _, fix in told]
    findings = [ok("settings", f"complete, mode {settings.mode.value}")]
    findings += _secrets(settings)
    findings += _keys(settings, now)
    findings += _database(settings, now)
    library = Library(
        reader_of(settings.store, settings.s3),
        settings.release_keys,
        shown=shown_release(settings.public_store),
    )
    findings += _store(library)
    findings += objects(settings, library.manifest, now=now, wait=wait)
    findings += _server(settings)
    findings += _limits(settings)
    findings += _mail(settings)
    findings += service(settings)
    findings += _metrics(settings)
    findings += _site_and_clock(settings, now)
    return findings


def _secrets(settings: Settings) -> Iterator[Finding]:
    if settings.is_demo:
        fix = "set LYCEUM_MODE=live and your own secrets before going public"
        yield warning("secrets", "made by the demo itself", fix)
    else:
        yield ok("secrets", "strong")


def _keys(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The newest key signs a token, and all keys together verify it."""
    seconds = int(now.timestamp())
    issuer, audience = settings.token_issuer, settings.token_audience
    token = mint(
        settings.token_keys,
        reader="doctor",
        session="doctor",
        products={},
        now=seconds,
        issuer=issuer,
        audience=audience,
        lifetime_seconds=1,
    )
    try:
        TokenVerifier(settings.token_keys, issuer=issuer, audience=audience).verify(token, seconds)
    except TokenError as error:
        yield failed("keys", f"what is signed does not verify: {error.reason.value}", "make new keys", 1)
        return
    count = len(settings.token_keys)
    if count > 3:
        fix = "retire keys whose last token has expired, ten minutes after a newer one signs"
        yield warning("keys", f"{count} token keys verify", fix)
    else:
        yield ok("keys", f"{count} token key{'s' if count != 1 else ''}, the newest signs and is verified")


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    database = open_database(settings.database_url.reveal_text())
    try:
        require_migrated(database)
        yield ok("database", f"{database.engine.dialect.name}, migrated")
        with database.read() as connection:
            alarms = sharing.recent(connection, now=now)
        if alarms:
            names = ", ".join(f"{one.reader} ({one.networks} networks)" for one in alarms[:10])
            fix = "nobody was locked out; their owners were told by mail. Look whether it goes on"
            yield warning("sharing", f"{len(alarms)} alarm(s) in the last week: {names}", fix)
        else:
            yield ok("sharing", "no link-sharing alarm in the last week")
    except SchemaError as error:
        if settings.is_demo:
            yield warning("database", error.what, "the demo migrates it at its next start")
        else:
            yield failed("database", error.what, error.hint, 1)
    except SQLAlchemyError as error:
        fix = "check LYCEUM_DATABASE_URL and the server"
        yield failed("database", f"cannot be used: {type(error).__name__}", fix, 6)
    finally:
        database.close()


def _store(library: Library) -> Iterator[Finding]:
    try:
        library.refresh()
    except StoreError as error:
        yield failed("store", str(error), error.hint or "check LYCEUM_STORE", 6)
        return
    release = library.manifest
    if release is not None:
        counts = f"{len(release.lessons)} lessons, {len(release.products)} products"
        yield ok("store", f"release {release.release}, {counts}")


def _server(settings: Settings) -> Iterator[Finding]:
    if settings.operations.is_turnstile or settings.trusted_proxies or settings.is_demo:
        name = "turnstile" if settings.operations.is_turnstile else "granian"
        yield ok("server", name)
    else:
        fix = "put nginx in front and name it in LYCEUM_TRUSTED_PROXIES (docs/deploy), or set LYCEUM_SERVER=turnstile"
        yield warning("server", "under Granian alone slow clients can hold others up", fix)


def _limits(settings: Settings) -> Iterator[Finding]:
    url = settings.limits.redis_url
    if url is None:
        if settings.workers > 1:
            yield ok(
                "limits", f"counted by each of {settings.workers} processes; LYCEUM_REDIS_URL adds them up"
            )
        return
    try:
        is_up = open_storage(url.reveal_text()).check()
    except SettingsError as error:
        yield failed("limits", "Redis cannot be used", error.problems[0], 2)
        return
    if is_up:
        yield ok("limits", "counted together in Redis")
    else:
        fix = "check LYCEUM_REDIS_URL; until then each process counts for itself"
        yield warning("limits", "Redis does not answer", fix)


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_url is None:
        fix = "set LYCEUM_SMTP_URL before going public"
        yield warning("mail", "no mail server: mails stay on the outbox page", fix)
        return
    try:
        MailServer.from_url(settings.smtp_url.reveal_text()).probe()
        yield ok("mail", "the mail server answers and takes our name")
    except GatekeeperError as error:
        yield failed("mail", str(error), "check LYCEUM_SMTP_URL: host, port, user, password, TLS", 6)


def _metrics(settings: Settings) -> Iterator[Finding]:
    if settings.operations.metrics is None:
        return
    host, port = settings.operations.metrics
    try:
        is_inside = ipaddress.ip_address(host).is_private and not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        is_inside = host == "localhost"
    if is_inside:
        yield ok("metrics", f"on {host}:{port}")
    else:
        yield warning("metrics", f"listen on {host}:{port}", "let a firewall keep strangers from that port")


def _site_and_clock(settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        date = fetch(settings.site_url, method="HEAD").date()
    except OSError as error:
        yield warning(
            "site", f"does not answer: {type(error).__name__}", "start it, or check LYCEUM_SITE_URL"
        )
        yield skipped("clock", "nobody to compare with")
        return
    yield ok("site", "answers")
    if date is None:
        yield skipped("clock", "the site states no time")
        return
    away = abs((date - now).total_seconds())
    if away > CLOCK_SECONDS:
        yield failed("clock", f"{away:.0f} s away from the site's", "run an NTP client on both machines", 1)
    else:
        yield ok("clock", "agrees with the site's")
