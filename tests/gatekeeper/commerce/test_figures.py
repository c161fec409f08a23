"""How many readers own what: right, without a word about any of them, and only for the holder of the key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from gatekeeper.accounts import readers
from gatekeeper.commerce import figures, ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.contract import routes
from tests.support.shop import START, Shop, open_shop

KEY = hashlib.sha256(b"figures").hexdigest()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path, LYCEUM_FIGURES_KEY=KEY) as running:
        yield running


def asked(shop: Shop, **headers: str) -> tuple[int, object]:
    answer = shop.browser().get(routes.FIGURES, headers=headers)
    return answer.status_code, answer.json


def test_each_reader_is_counted_once_by_what_is_open_to_them_now(shop: Shop) -> None:
    for name, bought in {"ada": ("rust", "sql"), "bob": ("sql", "rust"), "eve": ("all",), "joe": ()}.items():
        reader = shop.browser()
        reader.sign_in(f"{name}@example.org")
        for product in bought:
            reader.buy(product)
    assert asked(shop, Authorization=f"Bearer {KEY}") == (
        200,
        {
            "owners": [
                {"products": [], "readers": 1},
                {"products": ["all"], "readers": 1},
                {"products": ["rust", "sql"], "readers": 2},
            ]
        },
    )
    shop.clock.advance(days=40)  # the month of `all` is over
    assert asked(shop, Authorization=f"bearer {KEY}")[1] == {
        "owners": [{"products": [], "readers": 2}, {"products": ["rust", "sql"], "readers": 2}]
    }


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", f"Bearer {KEY[:-1]}", f"Basic {KEY}", f"Bearer {KEY}x", "Bearer ü"]
)
def test_without_the_key_nobody_is_told(shop: Shop, shown: str) -> None:
    status, said = asked(shop, Authorization=shown.encode().decode("latin-1"))
    assert status == 403
    assert "owners" not in str(said)


def test_where_no_key_is_set_there_is_no_such_page(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        assert asked(shop, Authorization="Bearer ")[0] == 404


def test_the_answer_names_nobody_and_is_kept_nowhere(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.buy("rust")
    answer = shop.browser().get(
        routes.FIGURES, headers={"Authorization": f"Bearer {KEY}", "Origin": "https://school.example.test"}
    )
    assert "ada" not in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_thousand_owners_take_a_handful_of_queries(shop: Shop) -> None:
    with shop.database.write() as connection:
        for number in range(1100):
            reader = readers.find_or_create(connection, f"r{number}@example.org", language="en", now=START)
            ledger.append(
                connection,
                kind=Kind.GRANTED,
                reader=reader.id,
                product="rust",
                source=ledger.OPERATOR,
                event=str(number),
                at=START,
                now=START,
            )
    queries: list[str] = []
    with shop.database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: queries.append(str(call[2])))
        assert figures.owners(connection, START) == {frozenset({"rust"}): 1100, frozenset(): 0}
    assert len(queries) < 10
