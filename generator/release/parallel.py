"""Doing the same with many objects, a few at a time."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from generator.release.public import Progress

AT_ONCE = 24

T = TypeVar("T")


def each(step: str, items: Sequence[T], action: Callable[[T], object], progress: Progress) -> None:
    """`action` on each item in threads. The first error stops what has not begun and is raised when the rest has ended."""
    if not items:
        return
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(items)), thread_name_prefix="publish") as pool:
        futures = [pool.submit(action, item) for item in items]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress(step, done, len(items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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
