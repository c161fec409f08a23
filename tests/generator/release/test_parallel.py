"""Doing things beside one another: nothing is left behind, and no failure is lost."""

from __future__ import annotations

import sys
import threading

import pytest

from generator.errors import StoreError
from generator.release.parallel import aside, each
from generator.release.publish import silent


def test_what_was_begun_aside_has_ended_when_the_rest_has_even_after_an_error() -> None:
    ended: list[str] = []
    go = threading.Event()

    def slowly() -> None:
        go.wait(5)
        ended.append("slow")

    def fails_after_beginning() -> None:
        with aside() as begin:
            begin(slowly)
            assert sys.getswitchinterval() < before
            go.set()
            raise StoreError("main")

    before = sys.getswitchinterval()
    with pytest.raises(StoreError, match="main"):
        fails_after_beginning()
    assert ended == ["slow"]
    assert sys.getswitchinterval() == before


def test_two_at_once_leave_the_turns_as_they_were_whoever_ends_first() -> None:
    before = sys.getswitchinterval()
    first, second = aside(), aside()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() < before
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == before


def test_a_failure_aside_is_heard_of_by_whoever_asks() -> None:
    def fails() -> None:
        raise StoreError("aside")

    with aside() as begin:
        failing = begin(fails)
        with pytest.raises(StoreError, match="aside"):
            failing.result()


def test_the_first_error_among_many_stops_what_has_not_begun() -> None:
    done: list[int] = []
    before = sys.getswitchinterval()

    def act(number: int) -> None:
        if number == 30:
            raise StoreError("thirty")
        threading.Event().wait(0.002)
        done.append(number)

    with pytest.raises(StoreError, match="thirty"):
        each("upload", range(2000), act, silent)
    assert len(done) < 2000 - 1
    assert sys.getswitchinterval() == before
