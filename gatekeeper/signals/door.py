"""Hands the signals to the author's side, day by day, readers under pseudonyms; only to the holder of LYCEUM_SIGNALS_KEY.

    GET /api/signals/days?since=2026-11-01
        {"days": [{"day": "2026-11-20", "signals": 812, "state": "812-90210-1"}]}
    GET /api/signals/days/2026-11-20?after=0
        one JSON array a line, by number:
        [number, reader, lesson, kind, at, value, list, place, variant, product]
        at: seconds since 1970. `Lyceum-Next: <number>` when there is more; ask again with `?after=` it.

A day's state changes with its signals (also when some were deleted) and with the pseudonyms; whoever keeps an export fetches the days
whose state is another and removes the days that are gone. Without the key set there is no such page. In a school that says `anonymous` a
reader's name is good for one page only, because the page's was.
"""

from __future__ import annotations

import hmac
import json
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy import Row, select

from gatekeeper.accounts.life.tables import JoinedRow
from gatekeeper.contract import routes
from gatekeeper.secrets import Secret
from gatekeeper.signals import book, pseudonyms
from gatekeeper.signals.pseudonyms import Pseudonyms
from gatekeeper.signals.routes import room
from gatekeeper.web.service import service

blueprint = Blueprint("signals_door", __name__)

MOST_ROWS = 20_000


@blueprint.get(routes.SIGNAL_DAYS, provide_automatic_options=False)
def days() -> Response:
    _only_for_the_author(room().settings.key)
    since = _day(request.args["since"]) if "since" in request.args else None
    with room().database.write() as connection:
        salt = pseudonyms.current_or_first(connection, now=service().clock())
        found = book.days(connection, since=since, generation=salt.generation)
    return jsonify(
        days=[{"day": day.day.isoformat(), "signals": day.signals, "state": day.state} for day in found]
    )


@blueprint.get(f"{routes.SIGNAL_DAYS}/<name>", provide_automatic_options=False)
def one_day(name: str) -> Response:
    _only_for_the_author(room().settings.key)
    day, after = _day(name), request.args.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        abort(400)
    with room().common.read() as connection:
        people = {
            row.identity: row.reader
            for row in connection.execute(select(JoinedRow.identity, JoinedRow.reader))
        }
    with room().database.write() as connection:
        salt = pseudonyms.current_or_first(connection, now=service().clock())
        rows = book.of_day(connection, day, after=int(after), most=MOST_ROWS)
    names = Pseudonyms(service().settings.secret_key, salt, people)
    response = Response(
        "".join(f"{_line(row, names)}\n" for row in rows), content_type="application/x-ndjson"
    )
    response.headers["Lyceum-Salt"] = str(salt.generation)
    if len(rows) == MOST_ROWS:
        response.headers["Lyceum-Next"] = str(rows[-1][0])
    return response


def _line(row: Row[Any], names: Pseudonyms) -> str:
    return json.dumps(
        [
            row.id,
            names.name(row.reader, row.browser),
            row.lesson,
            row.kind,
            int(row.at.timestamp()),
            row.value,
            row.list,
            row.place,
            row.variant,
            row.product,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(400)


def _only_for_the_author(key: Secret | None) -> None:
    if key is None:
        abort(404)
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    is_shown = hmac.compare_digest(shown.strip().encode("utf-8", "replace"), key.reveal().hex().encode())
    if scheme.lower() != "bearer" or not is_shown:
        abort(403)
