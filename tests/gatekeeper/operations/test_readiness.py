from __future__ import annotations

import threading

from gatekeeper.operations.readiness import LOOK_AGAIN_SECONDS, Readiness


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_part_is_named_and_a_check_that_fails_is_not_ready() -> None:
    def broken() -> bool:
        raise OSError("away")

    readiness = Readiness({"good": lambda: True, "bad": lambda: False, "broken": broken}, clock=Clock())
    assert readiness.state() == {"good": True, "bad": False, "broken": False}


def test_it_looks_again_only_after_some_seconds() -> None:
    clock = Clock()
    looks: list[float] = []

    def look() -> bool:
        looks.append(clock.now)
        return len(looks) < 2

    readiness = Readiness({"x": look}, clock=clock)
    assert [readiness.state()["x"] for _ in range(5)] == [True] * 5
    clock.now += LOOK_AGAIN_SECONDS
    assert readiness.state() == {"x": False}
    assert len(looks) == 2


def test_a_check_that_hangs_holds_one_caller_and_no_other() -> None:
    clock, entered, release = Clock(), threading.Event(), threading.Event()
    is_first = [True]

    def hang() -> bool:
        if not is_first[0]:
            entered.set()
            release.wait(20)
        is_first[0] = False
        return True

    readiness = Readiness({"x": hang}, clock=clock)
    assert readiness.state() == {"x": True}
    clock.now += LOOK_AGAIN_SECONDS
    waiting = threading.Thread(target=readiness.state)
    waiting.start()
    assert entered.wait(20)
    assert readiness.state() == {"x": True}  # what was known before
    release.set()
    waiting.join(20)
