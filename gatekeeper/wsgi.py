"""The whole service as one WSGI application: the gate in front, everything else to Flask.

`build(settings)` is what `gatekeeper serve` runs; `application()` is for other WSGI servers, for example
`gunicorn 'gatekeeper.wsgi:application()'`. Both start the library's background refresh in this process.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from gatekeeper.delivery.assemble import STORE_URLS, delivery, way_out
from gatekeeper.environment import read_settings
from gatekeeper.gate.library import Library
from gatekeeper.gate.revoked import Revoked
from gatekeeper.gate.token import TokenVerifier
from gatekeeper.gate.wsgi import Doors, Gate
from gatekeeper.keyring import Keyring
from gatekeeper.limits.sightings import Sightings
from gatekeeper.reading.compose import Pages
from gatekeeper.reading.door import ReadingDoor
from gatekeeper.settings import Settings
from gatekeeper.stores.reader import reader_of, site_reader
from gatekeeper.stores.shown import shown_release

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from gatekeeper.operations.front import Front

__all__ = ["STORE_URLS", "application", "build", "gate"]


def build(settings: Settings) -> Front:
    """The service, its library loaded once and kept fresh. Without a release it starts and answers 503 at the gate."""
    from gatekeeper.app import create_app
    from gatekeeper.operations.assemble import front, open_metrics

    library = Library(
        reader_of(settings.store, settings.s3),
        settings.release_keys,
        shown=shown_release(settings.public_store),
    )
    library.keep_fresh(settings.refresh_seconds)
    sightings, metrics = Sightings(), open_metrics(settings)
    revoked, keyring = Revoked(), Keyring(settings.token_keys, settings.token_keys_file)
    app = create_app(
        settings,
        library,
        revoked=revoked,
        keyring=keyring,
        sightings=sightings,
        on_alarm=metrics.alarmed if metrics is not None else None,
    )
    gated = gate(settings, library, app.wsgi_app, revoked=revoked, keyring=keyring)
    return front(
        settings, library, app, gated, keys=lambda: keyring.keys, sightings=sightings, metrics=metrics
    )


def gate(
    settings: Settings,
    library: Library,
    next_app: WSGIApplication,
    *,
    revoked: Revoked | None = None,
    keyring: Keyring | None = None,
) -> Gate:
    """The gate for these settings in front of `next_app`. keyring: told of new keys; without one the settings' keys stay."""
    out = way_out(settings)
    public = settings.public_store
    ring = keyring or Keyring(settings.token_keys, None)
    verifier = TokenVerifier(ring.keys, issuer=settings.token_issuer, audience=settings.token_audience)
    ring.watch(verifier.use)
    doors = Doors(
        library=library,
        verifier=verifier,
        revoked=revoked or Revoked(),
        keys=lambda: ring.keys,
        signer=out.signer,
        reading=ReadingDoor(
            Pages(
                site_reader(settings.site_url) if public is None else reader_of(public, settings.s3),
                is_folder=public is not None and public.folder is not None,
            ),
            reader_of(settings.store, settings.s3),
            site=settings.site_origin,
            gatekeeper=settings.gatekeeper_url,
            picture_sources=out.pictures,
        ),
        shelf=out.shelf,
        site_origin=settings.site_origin,
        entitlement_cookie=settings.entitlement_cookie,
        session_cookie=settings.session_cookie,
        is_secure=settings.is_secure,
        clock=time.time,
    )
    return Gate(doors, delivery(settings, doors, next_app))


def application() -> Front:
    """The service with the settings of this process's environment."""
    return build(read_settings(os.environ))
