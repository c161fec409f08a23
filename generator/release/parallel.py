"""Doing the same with many objects, a few at a time."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

from generator.release.public import Progress

AT_ONCE = 24
_BESIDE = 4
_MANY = 100
_SHORT_TURN_SECONDS = 0.0005
_LONG_TURN_SECONDS = 0.005  # Python's own

_asking = threading.Lock()
_asked: dict[object, float] = {}  # who wants which turns, in order; None: as they were before

T = TypeVar("T")


def each(step: str, items: Sequence[T], action: Callable[[T], object], progress: Progress) -> None:
    """`action` on each item in threads. The first error stops what has not begun and is raised when the rest has ended."""
    if not items:
        return
    with (
        _turns(_LONG_TURN_SECONDS if len(items) > _MANY else sys.getswitchinterval()),
        ThreadPoolExecutor(max_workers=min(AT_ONCE, len(items)), thread_name_prefix="publish") as pool,
    ):
        futures = [pool.submit(action, item) for item in items]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress(step, done, len(items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextlib.contextmanager
def aside() -> Iterator[Callable[..., Future[Any]]]:
    """Begins calls that go on beside what is done here. When this ends, all have ended; one that fails is heard of by whoever asks for its result.

    Meanwhile threads take turns at shorter intervals: requests need a turn often, and little of it.
    """
    with (
        _turns(_SHORT_TURN_SECONDS),
        ThreadPoolExecutor(max_workers=_BESIDE, thread_name_prefix="beside") as pool,
    ):
        yield pool.submit


@contextlib.contextmanager
def _turns(seconds: float) -> Iterator[None]:
    """For so long a thread of this process may compute while others wait. Many equal ones lose by frequent changes.

    Of several at once the latest holds, and the last to end leaves it as the first found it.
    """
    own = object()
    with _asking:
        _asked.setdefault(None, sys.getswitchinterval())
        _asked[own] = seconds
        sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        with _asking:
            del _asked[own]
            sys.setswitchinterval(next(reversed(_asked.values())))
            if len(_asked) == 1:
                _asked.clear()


@contextlib.contextmanager
def collector_at_rest() -> Iterator[None]:
    """Python's search for cycles waits: among the hundred thousand values of a large release it finds none and takes half of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
