"""What everything that mails a code has in common: how one is typed, and how often one may be mailed and guessed.

A sign-in and a proof (`life.steps`) keep their requests apart, but are counted together: asking one for codes leaves none for the other.
"""

from __future__ import annotations

from flask import request

from gatekeeper.accounts import limits, sign_in
from gatekeeper.accounts.current import client
from gatekeeper.accounts.limits import client_subject
from gatekeeper.web.service import service


def typed_code() -> str | None:
    """The six digits of the form. Spaces do not matter, and full-width digits are digits."""
    code = "".join(str(int(sign)) for sign in request.form.get("code", "")[:40] if sign.isdecimal())
    return code if len(code) == sign_in.CODE_DIGITS else None


def count_mail(email: str) -> None:
    """Counts a code to this normal address, whoever it belongs to. Raises LimitedError."""
    subject = client_subject(client())
    _count(
        [
            (limits.MAILS_TO_ADDRESS_FROM_CLIENT, f"{email} {subject}"),
            (limits.MAILS_TO_ADDRESS, email),
            (limits.MAILS_FROM_CLIENT, subject),
        ]
    )


def count_guess(email: str) -> None:
    """Counts a guess at a code that went to this address. Raises LimitedError."""
    _count(
        [
            (limits.GUESSES_FOR_ADDRESS, email),
            (limits.GUESSES_FROM_CLIENT, client_subject(client())),
        ]
    )


def _count(uses: list[tuple[limits.Limit, str]]) -> None:
    served = service()
    with served.database.write() as connection:
        limits.count(connection, served.marker, uses, now=served.clock())
