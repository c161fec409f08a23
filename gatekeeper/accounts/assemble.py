"""Adds the ways to sign in beside the e-mailed code to the application: passwords, passkeys, other services; and their sections of the account page."""

from __future__ import annotations

from flask import Flask

from gatekeeper.accounts import sections, ways
from gatekeeper.accounts.oidc import routes as oidc_routes
from gatekeeper.accounts.oidc.shelf import open_identity_providers
from gatekeeper.accounts.passkeys import routes as passkey_routes
from gatekeeper.accounts.passkeys.ceremony import domain_of
from gatekeeper.accounts.passwords import routes as password_routes
from gatekeeper.accounts.passwords.hashing import Hasher, cores, places_for
from gatekeeper.accounts.sections import SIGN_IN, Section
from gatekeeper.accounts.ways import EXTENSION, Ways
from gatekeeper.settings import Settings


def install(app: Flask, settings: Settings) -> None:
    """The blueprints, what they stand on, and their sections. `close` ends it."""
    places = settings.password_hashes or places_for(
        cores=cores(), processes=settings.workers, threads=settings.threads
    )
    app.extensions[EXTENSION] = Ways(
        hasher=Hasher(places),
        passkey_domain=domain_of(settings.gatekeeper_url),
        providers=open_identity_providers(settings.identity_accounts),
    )
    for blueprint in (password_routes.blueprint, passkey_routes.blueprint, oidc_routes.blueprint):
        app.register_blueprint(blueprint)
    sections.add(app, Section(key="password", order=SIGN_IN + 10, render=password_routes.section))
    sections.add(app, Section(key="passkeys", order=SIGN_IN + 20, render=passkey_routes.section))
    sections.add(app, Section(key="identities", order=SIGN_IN + 30, render=oidc_routes.section))


def close(app: Flask) -> None:
    found: ways.Ways = app.extensions[EXTENSION]
    found.hasher.close()
