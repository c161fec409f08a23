"""What the service says on stderr: one line an event, as text or as JSON, and never a secret.

Nobody here logs a token, a signed URL or an e-mail address. The filter is the net under that rule: whatever looks like one, in a message, in
its facts or in a trace, leaves as stars (attack cases U07, D04).

JSON lines have `time` (RFC 3339, UTC), `level`, `logger`, `event` and, after a failure, `trace`; `key=value` words of the message are
fields of their own beside them.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

STARS = "**********"
_SECRETS = re.compile(
    r"(?i)\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}"  # a JWT, whole or cut
    r"|(?<=[?&;\s\"'](?:sig)=)[^&\s\"']+"
    r"|(?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|Policy|Key-Pair-Id)=[^&\s\"';]+"
    r"|(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"  # user:password@ in an address
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)
_FACT = re.compile(r"(?:^|\s)([a-z][a-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s,;]+)")


def without_secrets(text: str) -> str:
    return _SECRETS.sub(STARS, text)


class TextLine(logging.Formatter):
    """`2026-11-22 16:30:00,123 WARNING gatekeeper.gate.library: refresh failed`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class JsonLine(logging.Formatter):
    """One JSON object a line; a name of ours is never overwritten by a fact of the message."""

    def format(self, record: logging.LogRecord) -> str:
        message = without_secrets(record.getMessage())
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event: dict[str, Any] = {name: value.strip("\"'") for name, value in _FACT.findall(message)}
        event |= {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": message,
        }
        if record.exc_info:
            event["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(event, ensure_ascii=False)


def configuration(*, is_json: bool) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything to stderr; the loggers' names are the modules'."""
    formatter = JsonLine if is_json else TextLine
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"{formatter.__module__}.{formatter.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {"granian.access": {"level": "CRITICAL"}, "alembic": {"level": "WARNING"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
    }
