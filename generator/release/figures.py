"""The gatekeeper's figures: how many readers own what, asked for by `lyceum diff-access` and `lyceum publish`.

They only make a report better: whatever goes wrong is told in words, and nothing waits long for it. The key goes to the gatekeeper's own
address and nowhere else: over https or to this machine, and no redirect is followed.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import IO
from urllib.parse import urlsplit

from gatekeeper.contract import routes
from gatekeeper.contract.loopback import LOOPBACK
from generator.release.access_diff import Owners

TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresAccess:
    """gatekeeper_url: an origin without a final slash, "" where there is none. key: as hex, "" for none."""

    gatekeeper_url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """owners: every reader once, by what they own; None if that could not be had. note: why, and empty otherwise."""

    owners: tuple[Owners, ...] | None
    note: str = ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> None:
        return None


def fetch_figures(access: FiguresAccess, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Figures:
    """What the gatekeeper says. Never raises for a gatekeeper that is away, refuses or talks nonsense."""
    if not access.key:
        return _unknown("LYCEUM_FIGURES_KEY is not set")
    place = urlsplit(access.gatekeeper_url)
    if not place.hostname:
        return _unknown("no gatekeeper is named")
    if place.scheme != "https" and place.hostname not in LOOPBACK:
        return _unknown("the gatekeeper is not reached by https")
    request = urllib.request.Request(  # noqa: S310 - the scheme is https, or this machine
        access.gatekeeper_url + routes.FIGURES,
        headers={"Authorization": f"Bearer {access.key}", "Accept": "application/json"},
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout_seconds) as answer:
            data = answer.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            return _unknown(f"the gatekeeper answered {error.code}")
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        return _unknown(f"the gatekeeper cannot be reached: {reason}")
    try:
        return Figures(owners=_owners(data))
    except (ValueError, KeyError, TypeError, RecursionError):
        return _unknown("the gatekeeper's answer cannot be understood")


def _owners(data: bytes) -> tuple[Owners, ...]:
    if len(data) > _MOST_BYTES:
        raise ValueError("too long")
    found = []
    for row in json.loads(data)["owners"]:
        products, readers = row["products"], row["readers"]
        if type(readers) is not int or readers < 0 or not all(isinstance(id_, str) for id_ in products):
            raise ValueError("not a row of figures")
        found.append(Owners(products=frozenset(products), readers=readers))
    return tuple(found)


def _unknown(note: str) -> Figures:
    return Figures(owners=None, note=note)
