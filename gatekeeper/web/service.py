"""The service's parts, put together once at start-up and found from any request by `service()`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask import current_app

from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.accounts.post.smtp import MailServer
from gatekeeper.commerce.payments import PaymentProvider
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.sandbox import provider as sandbox
from gatekeeper.contract.manifest import Manifest
from gatekeeper.keyring import Keyring
from gatekeeper.settings import Settings
from gatekeeper.storage.engine import Database
from gatekeeper.web.assets import Assets
from gatekeeper.web.texts import FALLBACK, LANGUAGES, Texts

if TYPE_CHECKING:
    from gatekeeper.gate.library import Library

EXTENSION = "lyceum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """providers: by name, in the order in which they are offered; empty when no payments are set up. wake: set it after putting work for the background thread; revoke: after ending a session."""

    settings: Settings
    library: Library
    database: Database
    texts: Texts
    assets: Assets
    letters: LetterWriter
    post: ReceiptPost
    marker: Marker
    form_key: bytes
    mail_server: MailServer | None
    providers: Mapping[str, PaymentProvider]
    clock: Callable[[], datetime]
    wake: threading.Event
    keyring: Keyring
    revoke: threading.Event

    @property
    def manifest(self) -> Manifest | None:
        return self.library.manifest

    @property
    def sandbox(self) -> sandbox.Sandbox | None:
        found = self.providers.get(sandbox.NAME)
        return found if isinstance(found, sandbox.Sandbox) else None

    def cookie(self, name: str) -> str:
        """The cookie's full name: `__Host-` wherever browsers come by https."""
        return f"__Host-lyceum_{name}" if self.settings.is_secure else f"lyceum_{name}"


def service() -> Service:
    """The running service, inside a request."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, Service):
        raise TypeError("the application was not made by gatekeeper.app.create_app")
    return found


def school_name(manifest: Manifest | None, language: str) -> str:
    """The school's name in this language, else in its first; `Lyceum` before a release is loaded."""
    if manifest is None or not manifest.name:
        return "Lyceum"
    return manifest.name.get(language) or next(iter(manifest.name.values()))


def default_language(manifest: Manifest | None) -> str:
    """The school's first language that pages exist in."""
    languages = manifest.languages if manifest is not None else ()
    return next((language for language in languages if language in LANGUAGES), FALLBACK)
