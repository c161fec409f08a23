"""Puts the outermost layer together: what readiness asks, which limits count where, what the metrics tell."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gatekeeper.contract.keys import CURRENT
from gatekeeper.gate.token import TokenVerifier, mint
from gatekeeper.limits.sightings import Sightings
from gatekeeper.limits.tally import Tally, open_storage
from gatekeeper.operations.front import Front, settle_forever
from gatekeeper.operations.metrics import FOLDER_VARIABLE, Metrics
from gatekeeper.operations.readiness import Readiness
from gatekeeper.operations.slow import Bodies, Streams
from gatekeeper.storage.migrate import require_migrated
from gatekeeper.stores.reader import reader_of
from gatekeeper.web.service import EXTENSION, Service

if TYPE_CHECKING:
    from flask import Flask

    from gatekeeper.gate.library import Library
    from gatekeeper.gate.wsgi import Gate
    from gatekeeper.secrets import TokenKey
    from gatekeeper.settings import Settings

_log = logging.getLogger(__name__)


def open_metrics(settings: Settings) -> Metrics | None:
    """This process's metrics, where a parent of ours gathers them."""
    if settings.operations.metrics is None:
        return None
    if FOLDER_VARIABLE not in os.environ:  # under another server; see docs/operators.md
        _log.warning("no metrics: start with `gatekeeper serve`, or set %s", FOLDER_VARIABLE)
        return None
    return Metrics()


def front(
    settings: Settings,
    library: Library,
    app: Flask,
    gate: Gate,
    *,
    keys: Callable[[], Sequence[TokenKey]],
    sightings: Sightings,
    metrics: Metrics | None,
) -> Front:
    """The whole service, outermost layer first. Its background work ends with the process."""

    def who(cookies: str, now: int) -> str | None:
        owned = gate.lock.reader(cookies, now)
        return owned.reader if owned is not None else None

    limits = settings.limits
    storage = open_storage(limits.redis_url.reveal_text() if limits.redis_url is not None else None)
    readers = (
        Tally("reader", most=limits.reader_per_minute, storage=storage) if limits.reader_per_minute else None
    )
    addresses = (
        Tally("address", most=limits.address_per_minute, storage=storage)
        if limits.address_per_minute
        else None
    )
    readiness = Readiness(_checks(settings, library, app, keys), clock=time.monotonic)
    work: list[Callable[[], object]] = [tally.settle for tally in (readers, addresses) if tally is not None]
    if metrics is not None:
        work.append(metrics.settle)
        # apart from the rest: a store that hangs must not keep the limits from settling
        settle_forever([lambda: _tell(metrics, library, readiness)], threading.Event())
    settle_forever(work, threading.Event())
    return Front(
        inner=gate,
        dress=gate.dress,
        readiness=readiness,
        who=who,
        trusted_proxies=settings.trusted_proxies,
        readers=readers,
        addresses=addresses,
        sightings=sightings if limits.sharing_networks else None,
        metrics=metrics,
        clock=time.time,
        bodies=None if settings.operations.is_turnstile else Bodies(),
        streams=None if settings.operations.is_turnstile else Streams(),
    )


def _checks(
    settings: Settings, library: Library, app: Flask, token_keys: Callable[[], Sequence[TokenKey]]
) -> dict[str, Callable[[], bool]]:
    store = reader_of(settings.store, settings.s3)
    served: Service = app.extensions[EXTENSION]

    def has_keys() -> bool:
        now = int(time.time())
        issuer, audience = settings.token_issuer, settings.token_audience
        token = mint(
            token_keys(),
            reader="readiness",
            session="readiness",
            products={},
            now=now,
            issuer=issuer,
            audience=audience,
            lifetime_seconds=1,
        )
        TokenVerifier(token_keys(), issuer=issuer, audience=audience).verify(token, now)
        return True

    def has_database() -> bool:
        require_migrated(served.database)
        return True

    return {
        "manifest": lambda: library.manifest is not None,
        "keys": has_keys,
        "store": lambda: store.get(CURRENT) is not None,
        "database": has_database,
    }


def _tell(metrics: Metrics, library: Library, readiness: Readiness) -> None:
    metrics.readiness(readiness.state())
    manifest = library.manifest
    if manifest is not None:
        metrics.release(manifest.release, len(manifest.lessons), time.time())
