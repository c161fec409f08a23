"""Sends what waits in the outbox. `send_due` is the whole work; the service calls it from its background thread.

Without a mail server (a demo) mails count as sent and stay readable on the outbox page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from gatekeeper.accounts import limits
from gatekeeper.accounts.limits import LimitedError
from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.smtp import MailServer, MailServerError, RefusedError
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

MOST_AT_ONCE = 20


def send_due(
    database: Database,
    server: MailServer | None,
    *,
    sender: str,
    keep_text: bool,
    clock: Callable[[], datetime],
    marker: Marker,
) -> int:
    """Sends mails that are due, at most twenty. Returns how many were taken up. keep_text: for the demo's outbox page."""
    for count in range(MOST_AT_ONCE):
        if not _send_one(database, server, sender=sender, keep_text=keep_text, clock=clock, marker=marker):
            return count
    return MOST_AT_ONCE


def _send_one(
    database: Database,
    server: MailServer | None,
    *,
    sender: str,
    keep_text: bool,
    clock: Callable[[], datetime],
    marker: Marker,
) -> bool:
    with database.read() as connection:
        if not outbox.is_waiting(connection, now=clock()):
            return False
    with database.write() as connection:
        mail = outbox.lease(connection, now=clock())
        if mail is None:
            return False
        if outbox.is_too_late(connection, mail, now=clock()):
            outbox.given_up(connection, mail, "too late to be useful", now=clock(), keep_text=keep_text)
            log.warning("mail dropped: too late id=%d tries=%d", mail.id, mail.tries)
            return True
        try:
            uses = [(limits.MAILS_TO_RECIPIENT, mail.recipient)]
            limits.count(connection, marker, uses, now=clock())
        except LimitedError as limited:
            until = clock() + timedelta(seconds=limited.retry_after_seconds)
            outbox.postpone(connection, mail, until=until)
            log.warning("mail postponed: too many to one mailbox id=%d", mail.id)
            return True
    try:  # no transaction is open while the network is waited for
        if server is not None:
            server.send(mail, sender=sender, now=clock())
    except RefusedError as error:
        with database.write() as connection:
            outbox.given_up(connection, mail, error.what, now=clock(), keep_text=keep_text)
        log.error("mail refused id=%d: %s", mail.id, error.what)
    except MailServerError as error:
        with database.write() as connection:
            again = outbox.try_again(connection, mail, error.what, now=clock(), keep_text=keep_text)
        log.warning("mail not sent id=%d tries=%d again=%s: %s", mail.id, mail.tries, again, error.what)
    else:
        with database.write() as connection:
            outbox.sent(connection, mail, now=clock(), keep_text=keep_text)
    return True
