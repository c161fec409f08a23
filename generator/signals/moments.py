"""Moments as other systems write them.

`auto` understands seconds, milliseconds and microseconds since 1970 (by their size), ISO 8601, `2026-11-22 09:30:00` and the time of web
servers' logs. Without a zone it is of the zone that was named, else UTC. Anything else needs a format for `strptime`; of several, `|` between them, the first that fits. A moment before 2000 or after tomorrow is a mistake.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

AUTO = "auto"
EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
_NUMBER = re.compile(r"\d{9,16}(?:\.\d+)?", re.ASCII)
_LOG = "%d/%b/%Y:%H:%M:%S %z"


class MomentError(ValueError):
    """The message says what is wrong; `hint` what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def read_moment(text: str, *, form: str, now: datetime, zone: tzinfo = UTC) -> int | None:
    """Seconds since 1970; None for an empty text. form: AUTO, or what `datetime.strptime` takes, or several. Raises MomentError."""
    text = text.strip()
    if not text:
        return None
    at = _first(text, form.split("|"), zone)
    if not EARLIEST <= at <= (now + timedelta(days=1)).timestamp():
        raise MomentError(
            f"the time {text!r} is before 2000 or in the future", "check --time-column and --time-format"
        )
    return at


def _first(text: str, forms: list[str], zone: tzinfo) -> int:
    for form in forms[:-1]:
        try:
            return _auto(text, zone) if form == AUTO else _formed(text, form, zone)
        except MomentError:
            continue
    return _auto(text, zone) if forms[-1] == AUTO else _formed(text, forms[-1], zone)


def _auto(text: str, zone: tzinfo) -> int:
    if _NUMBER.fullmatch(text):
        number = float(text)
        for _ in range(2):  # milliseconds, microseconds
            if number > 1e11:
                number /= 1000
        return int(number)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.strptime(text.strip("[]"), _LOG)
        except ValueError as error:
            raise MomentError(
                f"the time {text!r} is not understood", "give its form, like --time-format '%d.%m.%Y %H:%M'"
            ) from error
    return _seconds(found, zone)


def _formed(text: str, form: str, zone: tzinfo) -> int:
    try:
        return _seconds(datetime.strptime(text, form), zone)
    except ValueError as error:
        raise MomentError(f"the time {text!r} is not of the form {form!r}", "check --time-format") from error


def _seconds(moment: datetime, zone: tzinfo) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())
