"""Takes values out of a provider's JSON by their exact types, so that nothing of another shape goes on into the shop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gatekeeper.commerce.money import Money, is_currency
from gatekeeper.commerce.orders import is_number
from gatekeeper.commerce.payments import RejectedError

_LATEST = 253_402_300_799  # the last second of the year 9999
_LONGEST_NAME = 100


def parsed(raw: bytes) -> Mapping[str, Any]:
    """The JSON object in these bytes."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RejectedError("not JSON") from error
    if not isinstance(found, dict):
        raise RejectedError("not an object")
    return found


def section(values: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at this path; an empty one where something on the way is not an object."""
    found: Any = values
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def name(values: Mapping[str, Any], key: str) -> str:
    """A name that the provider gave: short, printable."""
    found = values.get(key)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_NAME or not found.isprintable():
        raise RejectedError(f"no {key}")
    return found


def name_if_any(values: Mapping[str, Any], key: str) -> str | None:
    """The same, where it may be absent. Stripe may send the whole object in place of its id."""
    found = values.get(key)
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST_NAME else None


def order_number(values: Mapping[str, Any], key: str) -> str:
    found = values.get(key)
    if not isinstance(found, str) or not is_number(found):
        raise RejectedError("no order number of ours")
    return found


def money(amount: object, currency: object, *, least: int = 1) -> Money:
    """Whole minor units and three capital letters. A boolean, a float or a text is no amount."""
    if type(amount) is not int or not least <= amount < 2**53:
        raise RejectedError("no amount")
    if not isinstance(currency, str) or not is_currency(currency):
        raise RejectedError("no currency")
    return Money(amount_minor=amount, currency=currency)


def moment(seconds: object) -> datetime:
    if type(seconds) is not int or not 0 < seconds <= _LATEST:
        raise RejectedError("no time")
    return datetime.fromtimestamp(seconds, UTC)


def moment_of(text: object) -> datetime:
    """RFC 3339 with a zone, as WeChat writes it."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise RejectedError("no time")
    return found.astimezone(UTC)
