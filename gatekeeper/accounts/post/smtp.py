"""Carries one mail to the mail server that LYCEUM_SMTP_URL names.

    smtp://[user:password@]host[:587]      plain, made private by STARTTLS when the server offers it
    smtp+starttls://…                      the same, but STARTTLS is required
    smtps://…[:465]                        TLS from the first byte

A password is never sent over a connection that is not private, except to loopback. Certificates are checked.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from gatekeeper.accounts.address import wire_address
from gatekeeper.accounts.post.outbox import Mail
from gatekeeper.contract.loopback import LOOPBACK
from gatekeeper.errors import GatekeeperError

TIMEOUT_SECONDS = 20
_PORTS = {"smtp": 587, "smtp+starttls": 587, "smtps": 465}


class MailServerError(GatekeeperError):
    """The mail server is away or refuses for now; trying again may help."""

    exit_code = 6


class RefusedError(GatekeeperError):
    """The mail server refuses this mail for good."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MailServer:
    """Where mails go. It has no repr of its fields, because one of them is a password."""

    host: str
    port: int
    is_tls: bool
    needs_starttls: bool
    user: str
    password: str

    @classmethod
    def from_url(cls, url: str) -> MailServer:
        """The server that the URL names; it was checked by the settings."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            needs_starttls=parts.scheme == "smtp+starttls",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def send(self, mail: Mail, *, sender: str, now: datetime) -> None:
        """Hands the mail over. Raises MailServerError to be tried again, RefusedError not to be."""
        message = message_of(mail, sender=sender, now=now)
        try:
            with self._connected() as smtp:
                smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _failure(
                "the server refused the recipient", is_final=bool(codes) and min(codes) >= 500
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise _failure("the server cannot carry this mail", is_final=True) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _failure(
                f"the server answered {error.smtp_code}", is_final=error.smtp_code >= 500
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _failure(f"the server cannot be used: {type(error).__name__}", is_final=False) from error

    def probe(self) -> None:
        """Connects, secures, signs in, and leaves. Raises MailServerError."""
        try:
            with self._connected() as smtp:
                smtp.noop()
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerError(
                f"the mail server cannot be used: {type(error).__name__}", where=f"{self.host}:{self.port}"
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context()
        if self.is_tls:
            with smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context) as smtp:
                self._log_in(smtp, is_private=True)
                yield smtp
            return
        with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS) as smtp:
            smtp.ehlo()
            is_private = smtp.has_extn("starttls")
            if is_private:
                smtp.starttls(context=context)
                smtp.ehlo()
            elif self.needs_starttls:
                raise smtplib.SMTPException("the server offers no STARTTLS")
            self._log_in(smtp, is_private=is_private or self.host in LOOPBACK)
            yield smtp

    def _log_in(self, smtp: smtplib.SMTP, *, is_private: bool) -> None:
        if not self.user:
            return
        if not is_private:
            raise smtplib.SMTPException("no password goes over a connection that is not private")
        smtp.login(self.user, self.password)


def message_of(mail: Mail, *, sender: str, now: datetime) -> EmailMessage:
    """The mail as a message: text with an HTML alternative. sender: `Name <address>`."""
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=wire_address(mail.recipient))
    message["Subject"] = " ".join(mail.letter.subject.split())
    message["Date"] = format_datetime(now)
    identity = hashlib.sha256(mail.key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{identity}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    if mail.letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(mail.letter.text)
    message.add_alternative(mail.letter.html, subtype="html")
    return message


def _failure(what: str, *, is_final: bool) -> GatekeeperError:
    return RefusedError(what) if is_final else MailServerError(what)
