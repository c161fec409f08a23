"""Tries the lock from both sides on a real private object of the current release (attack cases U02, U03, U15).

A signed URL must open it, whole; a spoiled one, an expired one, none at all and a listing must not; a page of the school must be allowed to
read the answer (CORS), or nothing unlocks in a browser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from gatekeeper.contract import routes
from gatekeeper.contract.manifest import Manifest, ObjectEntry
from gatekeeper.doctor.fetch import Fetched, fetch
from gatekeeper.doctor.finding import Finding, failed, ok, skipped
from gatekeeper.gate.sign import FolderSigner, S3Signer
from gatekeeper.secrets import derive
from gatekeeper.settings import Settings
from gatekeeper.wsgi import STORE_URLS

SHORT_SECONDS = 2
CLOSED = "block public access of the private store; only signed requests may read it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lock:
    """sign: lifetime and Unix seconds → a signed URL of the object. bare: its address unsigned. listing: the store's, unsigned."""

    sign: Callable[[int, int], str]
    bare: str
    listing: str


def objects(
    settings: Settings, manifest: Manifest | None, *, now: datetime, wait: Callable[[float], None]
) -> Iterator[Finding]:
    entry = _smallest(manifest)
    if entry is None:
        yield skipped("signed urls", "no private object to try")
        return
    yield from _folders(settings)
    lock = _lock(settings, entry)
    seconds = int(now.timestamp())
    signed = lock.sign(settings.url_seconds, seconds)
    try:
        given = fetch(signed, headers={"Origin": settings.site_origin})
    except OSError:
        away = "start the service and ask again" if settings.store.folder is not None else "is the store up?"
        yield skipped("signed urls", f"{urlsplit(signed).hostname} does not answer; {away}")
        return
    yield _opened(given, entry, settings)
    yield from _refused(
        (
            ("unsigned urls", lambda: fetch(lock.bare)),
            ("tampered urls", lambda: fetch(_spoiled(signed))),
            ("listing", lambda: fetch(lock.listing)),
            ("expired urls", lambda: _late(lock, seconds, wait)),
        )
    )
    if given.status == 200:
        yield _readable(settings, given)


def _lock(settings: Settings, entry: ObjectEntry) -> _Lock:
    if settings.s3 is not None and settings.store.is_s3 and not settings.delivery.accel_prefix:
        account, store = settings.s3, settings.store

        def sign_s3(lifetime: int, now: int) -> str:
            signer = S3Signer(account, bucket=store.bucket, prefix=store.prefix, lifetime_seconds=lifetime)
            return signer.sign(entry.key, media_type="", disposition="", now=now).url

        bare = sign_s3(SHORT_SECONDS, 0).partition("?")[0]
        return _Lock(
            sign=sign_s3,
            bare=bare,
            listing=f"{bare.removesuffix(store.prefix + entry.key)}?list-type=2&max-keys=1",
        )

    def sign_folder(lifetime: int, now: int) -> str:
        key = derive(settings.secret_key, STORE_URLS)
        signer = FolderSigner(key, origin=settings.gatekeeper_url, lifetime_seconds=lifetime)
        return signer.sign(entry.key, media_type="", disposition="", now=now).url

    root = f"{settings.gatekeeper_url}{routes.STORE}"
    return _Lock(sign=sign_folder, bare=root + entry.key, listing=root)


def _opened(given: Fetched, entry: ObjectEntry, settings: Settings) -> Finding:
    if given.status != 200:
        fix = "check keys, clock and the bucket's policy"
        return failed("signed urls", f"a fresh one is answered {given.status}", fix, 6)
    if hashlib.sha256(given.body).hexdigest() == entry.sha256:
        return ok("signed urls", "a private object was signed for, fetched, and is whole")
    if not given.body and settings.delivery.accel_prefix:
        fix = "put nginx in front as docs/deploy says, or take LYCEUM_ACCEL_REDIRECT away"
        return failed("signed urls", "the answer has no bytes: nobody takes X-Accel-Redirect", fix, 2)
    return failed("signed urls", "the object is not what the manifest says", "publish again", 6)


def _refused(tries: tuple[tuple[str, Callable[[], Fetched]], ...]) -> Iterator[Finding]:
    for name, ask in tries:
        try:
            answer = ask()
        except OSError:
            yield skipped(name, "no answer")
            continue
        if answer.status == 200:
            what = (
                "the store lists its objects to strangers"
                if name == "listing"
                else "a private object was handed out"
            )
            yield failed(name, what, CLOSED, 4)
        else:
            yield ok(name, f"refused with {answer.status}")


def _late(lock: _Lock, now: int, wait: Callable[[float], None]) -> Fetched:
    """A URL that was good for two seconds, asked for when they are over; the wait allows for a store's clock that rounds."""
    signed = lock.sign(SHORT_SECONDS, now)
    wait(SHORT_SECONDS + 1.5)
    return fetch(signed)


def _readable(settings: Settings, given: Fetched) -> Finding:
    allowed = given.header("Access-Control-Allow-Origin")
    is_same = settings.store.folder is not None and settings.site_origin == settings.gatekeeper_url
    if is_same or allowed in {"*", settings.site_origin}:
        return ok("cors", "the school's pages may read what is signed for them")
    fix = f"allow GET from {settings.site_origin} in the private store's CORS rules"
    return failed("cors", f"the store allows {allowed or 'no origin'}: nothing unlocks in a browser", fix, 1)


def _folders(settings: Settings) -> Iterator[Finding]:
    """A private folder must not lie where the public site is served from."""
    private = settings.store.folder
    public = settings.public_store.folder if settings.public_store is not None else None
    if private is None or public is None:
        return
    if private.resolve().is_relative_to(public.resolve()):
        fix = "move LYCEUM_STORE out of LYCEUM_PUBLIC_STORE"
        yield failed("folders", "the private store lies inside the public one", fix, 4)
    else:
        yield ok("folders", "the private store lies outside the public one")


def _smallest(manifest: Manifest | None) -> ObjectEntry | None:
    if manifest is None:
        return None
    entries = [*manifest.parts.values(), *manifest.files.values()]
    return min(entries, key=lambda entry: entry.size_bytes, default=None)


def _spoiled(url: str) -> str:
    """The URL with the last sign of its signature changed."""
    return url[:-1] + ("0" if url[-1] != "0" else "1")
