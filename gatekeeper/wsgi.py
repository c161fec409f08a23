"""The whole service as one WSGI application: the gate in front, everything else to Flask.

`build(settings)` is what `gatekeeper serve` runs; `application()` is for other WSGI servers, for example
`gunicorn 'gatekeeper.wsgi:application()'`. Both start the library's background refresh in this process.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from gatekeeper.environment import read_settings
from gatekeeper.gate.library import Library
from gatekeeper.gate.shelf import Shelf
from gatekeeper.gate.sign import FolderSigner, S3Signer, UrlSigner
from gatekeeper.gate.token import TokenVerifier
from gatekeeper.gate.wsgi import Doors, Gate
from gatekeeper.reading.compose import Pages
from gatekeeper.secrets import derive
from gatekeeper.settings import Settings
from gatekeeper.stores.reader import FolderReader, reader_of, site_reader

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

STORE_URLS = "store urls"  # the purpose under which the folder store's signing key is derived


def build(settings: Settings) -> WSGIApplication:
    """The service, its library loaded once and kept fresh. Without a release it starts and answers 503 at the gate."""
    from gatekeeper.app import create_app

    library = Library(reader_of(settings.store, settings.s3))
    library.keep_fresh(settings.refresh_seconds)
    return gate(settings, library, create_app(settings, library).wsgi_app)


def gate(settings: Settings, library: Library, next_app: WSGIApplication) -> Gate:
    """The gate for these settings in front of `next_app`."""
    signer: UrlSigner
    shelf = None
    if settings.store.folder is not None:
        key = derive(settings.secret_key, STORE_URLS)
        signer = FolderSigner(key, origin=settings.gatekeeper_url, lifetime_seconds=settings.url_seconds)
        shelf = Shelf(FolderReader(settings.store.folder), signer)
        pictures = ""
    elif settings.s3 is not None:
        signer = S3Signer(
            settings.s3,
            bucket=settings.store.bucket,
            prefix=settings.store.prefix,
            lifetime_seconds=settings.url_seconds,
        )
        pictures = signer.origin
    else:
        raise ValueError("an S3 store needs an account")
    public = settings.public_store
    doors = Doors(
        library=library,
        verifier=TokenVerifier(
            settings.token_keys, issuer=settings.token_issuer, audience=settings.token_audience
        ),
        signer=signer,
        private=reader_of(settings.store, settings.s3),
        pages=Pages(
            site_reader(settings.site_url) if public is None else reader_of(public, settings.s3),
            is_folder=public is not None and public.folder is not None,
        ),
        shelf=shelf,
        site_origin=settings.site_origin,
        gatekeeper_url=settings.gatekeeper_url,
        picture_sources=pictures,
        entitlement_cookie=settings.entitlement_cookie,
        session_cookie=settings.session_cookie,
        is_secure=settings.is_secure,
        clock=time.time,
    )
    return Gate(doors, next_app)


def application() -> WSGIApplication:
    """The service with the settings of this process's environment."""
    return build(read_settings(os.environ))
