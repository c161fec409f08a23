"""`gatekeeper doctor`: looks at everything the service stands on, and says how to mend what is wrong.

Each check gives findings: ok, warning, failed, or skipped with the reason. Nothing is changed, no mail is sent, no secret is printed.
The exit code is that of the worst finding: private objects that answer strangers (4) before settings (2), stores and servers (6), and
the rest (1). Warnings and skipped checks do not fail.

The check of signed URLs takes a real private object of the current release, fetches it as a reader would, compares its hash, then spoils
the signature and asks without one: both must be refused (attack cases U03, U15).
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.accounts.post.smtp import MailServer
from gatekeeper.contract import routes
from gatekeeper.contract.manifest import Manifest, ObjectEntry
from gatekeeper.environment import read_settings
from gatekeeper.errors import GatekeeperError, SettingsError, StoreError
from gatekeeper.gate.library import Library
from gatekeeper.gate.sign import FolderSigner, S3Signer
from gatekeeper.secrets import derive
from gatekeeper.settings import Settings
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import SchemaError, require_migrated
from gatekeeper.stores.reader import reader_of
from gatekeeper.wsgi import STORE_URLS

TIMEOUT_SECONDS = 10.0
CLOCK_SECONDS = 30  # SigV4 allows 15 minutes, but tokens and signed URLs live for two
_LARGEST_PROBE_BYTES = 8 * 1024 * 1024
_ORDER = (4, 2, 6, 1)


class Found(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """fix: what to do, empty for what is well. exit_code: of a failed one."""

    name: str
    state: Found
    what: str
    fix: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "state": self.state.value, "what": self.what, "fix": self.fix}


def examine(environ: Mapping[str, str], *, now: datetime) -> list[Finding]:
    """All findings, in the order in which things depend on each other."""
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        told = [problem.rpartition(": ") for problem in error.problems]  # `NAME what is wrong: what to do`
        return [_failed("settings", what, fix, 2) for what, _, fix in told]
    findings = [_ok("settings", f"complete, mode {settings.mode.value}")]
    findings += _secrets(settings)
    findings += _database(settings)
    library = Library(reader_of(settings.store, settings.s3))
    findings += _store(library)
    findings += _private_objects(settings, library.manifest, now)
    findings += _mail(settings)
    findings += _site_and_clock(settings, now)
    return findings


def exit_code(findings: Sequence[Finding]) -> int:
    codes = {finding.exit_code for finding in findings if finding.state is Found.FAILED}
    return next((code for code in _ORDER if code in codes), 0)


def _secrets(settings: Settings) -> Iterator[Finding]:
    if settings.is_demo:
        yield _warning(
            "secrets",
            "made by the demo itself",
            "set LYCEUM_MODE=live and your own secrets before going public",
        )
    else:
        yield _ok("secrets", f"strong; {len(settings.token_keys)} token key(s), the newest signs")
    if not settings.is_secure:
        fix = "" if settings.is_demo else "serve the gatekeeper by https"
        yield _warning(
            "cookies",
            "sent over plain http, without the __Host- prefix",
            fix or "fine for a demo on this machine",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    database = open_database(settings.database_url.reveal_text())
    try:
        require_migrated(database)
        yield _ok("database", f"{database.engine.dialect.name}, migrated")
    except SchemaError as error:
        if settings.is_demo:
            yield _warning("database", error.what, "the demo migrates it at its next start")
        else:
            yield _failed("database", error.what, error.hint, 1)
    except SQLAlchemyError as error:
        yield _failed(
            "database",
            f"cannot be used: {type(error).__name__}",
            "check LYCEUM_DATABASE_URL and the server",
            6,
        )
    finally:
        database.close()


def _store(library: Library) -> Iterator[Finding]:
    try:
        library.refresh()
    except StoreError as error:
        yield _failed("store", str(error), error.hint or "check LYCEUM_STORE", 6)
        return
    if library.manifest is not None:
        release = library.manifest
        yield _ok(
            "store",
            f"release {release.release}, {len(release.lessons)} lessons, {len(release.products)} products",
        )


def _private_objects(settings: Settings, manifest: Manifest | None, now: datetime) -> Iterator[Finding]:
    entry = _smallest(manifest)
    if entry is None:
        yield _skipped("signed urls", "no private object to try")
        return
    seconds = int(now.timestamp())
    if settings.store.folder is not None:
        folder_signer = FolderSigner(
            derive(settings.secret_key, STORE_URLS),
            origin=settings.gatekeeper_url,
            lifetime_seconds=settings.url_seconds,
        )
        signed = folder_signer.sign(entry.key, media_type="", disposition="", now=seconds).url
        place = f"{settings.gatekeeper_url}{routes.STORE}{entry.key}"
        yield from _folders(settings)
    elif settings.s3 is not None:
        s3_signer = S3Signer(
            settings.s3,
            bucket=settings.store.bucket,
            prefix=settings.store.prefix,
            lifetime_seconds=settings.url_seconds,
        )
        signed = s3_signer.sign(entry.key, media_type="", disposition="", now=seconds).url
        place = signed.partition("?")[0]
    else:
        return
    try:
        status, body = _fetch(signed)
    except OSError:
        yield _skipped(
            "signed urls",
            f"{urlsplit(signed).hostname} does not answer; start the service and ask again"
            if settings.store.folder is not None
            else "the store does not answer",
        )
        return
    if status != 200:
        yield _failed(
            "signed urls", f"a fresh one is answered {status}", "check keys, clock and the bucket's policy", 6
        )
    elif hashlib.sha256(body).hexdigest() != entry.sha256:
        yield _failed("signed urls", "the object is not what the manifest says", "publish again", 6)
    else:
        yield _ok("signed urls", "a private object was signed for, fetched, and is whole")
    for name, address in (("unsigned", place), ("tampered", _spoiled(signed))):
        try:
            status, body = _fetch(address)
        except OSError:
            yield _skipped(f"{name} urls", "no answer")
            continue
        if status == 200:
            fix = "block public access of the private store; only signed requests may read it"
            yield _failed(f"{name} urls", "a private object was handed out", fix, 4)
        else:
            yield _ok(f"{name} urls", f"refused with {status}")


def _folders(settings: Settings) -> Iterator[Finding]:
    """A private folder must not lie where the public site is served from, nor the other way round."""
    private = settings.store.folder
    public = settings.public_store.folder if settings.public_store is not None else None
    if private is None or public is None:
        return
    one, other = private.resolve(), public.resolve()
    if one.is_relative_to(other):
        yield _failed(
            "folders",
            "the private store lies inside the public one",
            "move LYCEUM_STORE out of LYCEUM_PUBLIC_STORE",
            4,
        )
    else:
        yield _ok("folders", "the private store lies outside the public one")


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_url is None:
        yield _warning(
            "mail", "no mail server: mails stay on the outbox page", "set LYCEUM_SMTP_URL before going public"
        )
        return
    try:
        MailServer.from_url(settings.smtp_url.reveal_text()).probe()
        yield _ok("mail", "the mail server answers and takes our name")
    except GatekeeperError as error:
        yield _failed("mail", str(error), "check LYCEUM_SMTP_URL: host, port, user, password, TLS", 6)


def _site_and_clock(settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        date = _date_of(settings.site_url)
    except OSError as error:
        yield _warning(
            "site", f"does not answer: {type(error).__name__}", "start it, or check LYCEUM_SITE_URL"
        )
        yield _skipped("clock", "nobody to compare with")
        return
    yield _ok("site", "answers")
    if date is None:
        yield _skipped("clock", "the site states no time")
        return
    away = abs((date - now).total_seconds())
    if away > CLOCK_SECONDS:
        yield _failed("clock", f"{away:.0f} s away from the site's", "run an NTP client on both machines", 1)
    else:
        yield _ok("clock", "agrees with the site's")


def _smallest(manifest: Manifest | None) -> ObjectEntry | None:
    if manifest is None:
        return None
    entries = [*manifest.parts.values(), *manifest.files.values()]
    return min(entries, key=lambda entry: entry.size_bytes, default=None)


def _spoiled(url: str) -> str:
    """The URL with the last sign of its signature changed."""
    return url[:-1] + ("0" if url[-1] != "0" else "1")


def _fetch(url: str) -> tuple[int, bytes]:
    """Status and body. Raises OSError when nobody answers."""
    connection, target = _connection(url)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST_PROBE_BYTES)
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error
    finally:
        connection.close()


def _date_of(url: str) -> datetime | None:
    connection, target = _connection(url)
    try:
        connection.request("HEAD", target)
        answer = connection.getresponse()
        answer.read()
        stated = answer.getheader("Date")
        return parsedate_to_datetime(stated) if stated else None
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error
    except ValueError:
        return None
    finally:
        connection.close()


def _connection(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT_SECONDS, context=context), target
    return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS), target


def _ok(name: str, what: str) -> Finding:
    return Finding(name=name, state=Found.OK, what=what)


def _warning(name: str, what: str, fix: str) -> Finding:
    return Finding(name=name, state=Found.WARNING, what=what, fix=fix)


def _failed(name: str, what: str, fix: str, code: int) -> Finding:
    return Finding(name=name, state=Found.FAILED, what=what, fix=fix, exit_code=code)


def _skipped(name: str, what: str) -> Finding:
    return Finding(name=name, state=Found.SKIPPED, what=what)
