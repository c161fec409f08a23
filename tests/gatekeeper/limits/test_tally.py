"""Requests a minute: exact in one process, added up between several."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from limits.storage import MemoryStorage, Storage

from gatekeeper.errors import SettingsError
from gatekeeper.limits import tally
from gatekeeper.limits.tally import Tally, open_storage
from tests.support.redis import running_redis, why_not

NOON = 1_800_000_000.0  # a whole minute


def test_one_process_refuses_exactly_what_is_above_the_limit() -> None:
    counting = Tally("reader", most=3, storage=MemoryStorage())
    assert [counting.admit("ada", NOON + 10) for _ in range(5)] == [0, 0, 0, 50, 50]
    assert counting.admit("bob", NOON + 10) == 0


def test_the_next_minute_begins_anew() -> None:
    counting = Tally("reader", most=1, storage=MemoryStorage())
    assert [counting.admit("ada", NOON + 59.9) for _ in range(2)] == [0, 1]
    assert counting.admit("ada", NOON + 60) == 0


def test_parallel_requests_are_all_counted() -> None:
    counting = Tally("reader", most=1000, storage=MemoryStorage())
    admitted: list[int] = []

    def ask() -> None:
        admitted.extend(counting.admit("ada", NOON) for _ in range(500))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted.count(0) == 1000


def test_processes_that_share_a_storage_add_up_after_settling() -> None:
    storage = MemoryStorage()
    one, other = (Tally("reader", most=10, storage=storage) for _ in range(2))
    for _ in range(6):
        assert one.admit("ada", NOON) == 0
        assert other.admit("ada", NOON) == 0
    for counting in (one, other):
        counting.settle()
    assert other.admit("ada", NOON) > 0
    one.admit("ada", NOON)
    one.settle()  # it learns of the others with its own next count
    assert one.admit("ada", NOON) > 0
    assert one.admit("ada", NOON + 60) == 0


def test_two_limits_do_not_mix() -> None:
    storage = MemoryStorage()
    readers, addresses = (Tally(name, most=2, storage=storage) for name in ("reader", "address"))
    for _ in range(2):
        readers.admit("x", NOON)
    readers.settle()
    addresses.admit("x", NOON)
    addresses.settle()
    assert addresses.admit("x", NOON) == 0


def test_a_flood_of_addresses_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_SUBJECTS", 100)
    counting = Tally("address", most=1, storage=MemoryStorage())
    for number in range(500):
        assert counting.admit(str(number), NOON) == 0
    assert len(counting._window.seen) == 100
    assert counting.admit("1", NOON) > 0  # who was counted before still is


@pytest.fixture
def shared() -> Iterator[Callable[[str], Storage]]:
    """Opens storages that are closed in the end."""
    opened: list[Any] = []

    def open_one(url: str) -> Storage:
        opened.append(open_storage(url))
        return cast(Storage, opened[-1])

    yield open_one
    for one in opened:
        one.storage.close()


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_two_machines_count_together_in_a_real_redis(
    tmp_path: Path, shared: Callable[[str], Storage]
) -> None:
    with running_redis(tmp_path) as redis:
        one, other = (Tally("reader", most=100, storage=shared(redis.url)) for _ in range(2))
        for _ in range(60):
            assert one.admit("ada", NOON) == 0
            assert other.admit("ada", NOON) == 0
        for counting in (one, other):
            counting.settle()
        assert other.admit("ada", NOON) > 0
        one.admit("ada", NOON)
        one.settle()
        assert one.admit("ada", NOON) > 0


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_redis_that_goes_away_and_comes_back_loses_no_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shared: Callable[[str], Storage]
) -> None:
    with running_redis(tmp_path) as redis:
        port, url = redis.port, redis.url
        counting = Tally("reader", most=10, storage=shared(url))
        counting.admit("ada", NOON)
        counting.settle()
    with caplog.at_level(logging.INFO, "gatekeeper.limits.tally"):
        for _ in range(9):
            assert counting.admit("ada", NOON) == 0
        for _ in range(3):
            counting.settle()
        assert counting.admit("ada", NOON) > 0  # alone it counts on
        with running_redis(tmp_path, port=port):
            counting.settle()
            fresh = Tally("reader", most=10, storage=shared(url))
            fresh.admit("ada", NOON)
            fresh.settle()
            assert fresh.admit("ada", NOON) > 0
    words = [record.getMessage().partition(",")[0].partition(":")[0] for record in caplog.records]
    assert words == ["shared limits away", "shared limits are back"]


def test_without_the_client_for_redis_the_operator_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError) as raised:
        open_storage("redis://127.0.0.1/0")
    assert "pip install 'lyceum[redis]'" in raised.value.problems[0]
