"""Tells readers by mail when a way into their account has come, changed or gone, in the transaction of that change: whoever did not do it learns of it."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from gatekeeper.accounts.marks import new_id
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.readers import Reader
from gatekeeper.contract import routes
from gatekeeper.web.service import service

log = logging.getLogger(__name__)


class News(StrEnum):
    """Each has a text `mail_security.<value>`. The words stand in the log."""

    PASSWORD_SET = "password_set"  # noqa: S105  (the word)
    PASSWORD_REMOVED = "password_removed"  # noqa: S105
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"


def tell(connection: Connection, reader: Reader, news: News, *, name: str = "") -> None:
    """Puts the letter into the outbox and writes the event into the log (D07). name: of the passkey or the other service."""
    served = service()
    log.info("account changed reader=%s what=%s", reader.id, news.value)
    address = f"{served.settings.gatekeeper_url}{routes.ACCOUNT}"
    facts: dict[str, Any] = {news.value: True, "what": name, "address": address}
    letter = served.letters.write("security", reader.language, **facts)
    outbox.put(
        connection, key=f"security:{new_id()}", recipient=reader.email, letter=letter, now=served.clock()
    )
