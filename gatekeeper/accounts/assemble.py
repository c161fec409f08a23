"""Adds the ways to sign in beside the e-mailed code to the application: passwords, passkeys, other services; and their sections of the account page."""

from __future__ import annotations

from flask import Flask

from gatekeeper.accounts import sections, ways
from gatekeeper.accounts.oidc.routes import blueprint as identities
from gatekeeper.accounts.oidc.routes import section as identities_section
from gatekeeper.accounts.oidc.shelf import open_identity_providers
from gatekeeper.accounts.passkeys.ceremony import domain_of
from gatekeeper.accounts.passkeys.routes import blueprint as passkeys
from gatekeeper.accounts.passkeys.routes import section as passkeys_section
from gatekeeper.accounts.passwords.hashing import Hasher, cores, places_for
from gatekeeper.accounts.passwords.routes import blueprint as passwords
from gatekeeper.accounts.passwords.routes import section as password_section
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
    for blueprint in (passwords, passkeys, identities):
        app.register_blueprint(blueprint)
    sections.add(app, Section(key="password", order=SIGN_IN + 10, render=password_section))
    sections.add(app, Section(key="passkeys", order=SIGN_IN + 20, render=passkeys_section))
    sections.add(app, Section(key="identities", order=SIGN_IN + 30, render=identities_section))


def close(app: Flask) -> None:
    found: ways.Ways = app.extensions[EXTENSION]
    found.hasher.close()
