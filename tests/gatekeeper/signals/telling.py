"""A school that collects signals, and what its pages tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from werkzeug.test import TestResponse

from gatekeeper.contract import routes
from gatekeeper.contract.signals import Privacy
from gatekeeper.signals.room import EXTENSION, Room
from gatekeeper.signals.tables import SignalRow
from tests.support.shop import SITE, Browser, Shop, open_shop

KEY = bytes(range(60, 92)).hex()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
SITE_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(SITE))
ANN = "ann-0123456789abcdef"


@contextmanager
def collecting(folder: Path, privacy: Privacy = Privacy.CONSENT, /, **environ: str) -> Iterator[Shop]:
    with open_shop(folder, LYCEUM_SIGNALS_KEY=KEY, **environ) as shop:
        shop.library.manifest = replace(shop.library.manifest, signals=privacy)
        yield shop


def event(name: str, kind: str = "view", lesson: str | None = "rust/traits", **more: Any) -> dict[str, Any]:
    """name: padded to an event's id."""
    lessons = {} if lesson is None else {"lesson": lesson}
    return {"id": f"{name:_<16}", "kind": kind, "age": 0, **lessons, **more}


def tell(
    browser: Browser,
    *events: dict[str, Any],
    reader: str = ANN,
    body: bytes | None = None,
    origin: str | None = SITE_ORIGIN,
    agent: str = FIREFOX,
    headers: Mapping[str, str] | None = None,
) -> TestResponse:
    sent = {"User-Agent": agent, "Content-Type": "text/plain;charset=UTF-8", **(headers or {})}
    if origin is not None:
        sent["Origin"] = origin
    data = body if body is not None else json.dumps({"v": 1, "reader": reader, "events": events}).encode()
    return browser._open("POST", routes.SIGNALS, {"data": data, "headers": sent})


def room_of(shop: Shop) -> Room:
    found = shop.app.extensions[EXTENSION]
    assert isinstance(found, Room)
    return found


def turn(shop: Shop) -> None:
    """One turn of the room's thread."""
    room_of(shop).turn()


def kept(shop: Shop) -> list[Any]:
    """All signals, in the order in which they were kept."""
    room = room_of(shop)
    room.turn()
    with room.database.read() as connection:
        return list(
            connection.execute(
                select(
                    SignalRow.reader,
                    SignalRow.kind,
                    SignalRow.lesson,
                    SignalRow.value,
                    SignalRow.list_,
                    SignalRow.place,
                    SignalRow.variant,
                    SignalRow.product,
                    SignalRow.at,
                    SignalRow.received_at,
                ).order_by(SignalRow.id)
            )
        )


def ask(shop: Shop, path: str, *, key: str = KEY) -> TestResponse:
    return shop.browser().get(path, headers={"Authorization": f"Bearer {key}"})


def exported(shop: Shop) -> list[list[Any]]:
    """Every row that the door gives."""
    rows = []
    for day in ask(shop, routes.SIGNAL_DAYS).get_json()["days"]:
        answer = ask(shop, f"{routes.SIGNAL_DAYS}/{day['day']}")
        rows += [json.loads(line) for line in answer.text.splitlines()]
    return rows
