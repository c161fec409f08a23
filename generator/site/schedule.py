"""Work shared out over the cores: items in, results out in the order of the items, whatever the number of processes.

Workers are forked, so they have all that was read before, for nothing, and send back only their results. A crew is dismissed after
so many items and a new one forked: its memory goes back to the system, and a long build stays as small as a short one. An error
in a worker is raised here, for the first item in order that has one, as if the work had been done in a row; Ctrl-C ends
the workers, too.

Where processes cannot be forked, and where there is too little to do, the work is done in this one.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from generator.errors import LyceumError

Item = TypeVar("Item")
Result = TypeVar("Result")

_FEW = 24  # items that are done sooner than workers are forked
_AT_ONCE = 12  # items that a worker is handed in one piece
_CREW = 1500  # items of a worker before it is dismissed
_EASY = 64  # items between two collections of cyclic garbage in a worker

_inherited: list[Callable[[int], Any]] = []  # the work, where a forked worker finds it


def processes() -> int:
    """How many processes a build may use: LYCEUM_PROCESSES, else one for each core that this process may run on."""
    wished = os.environ.get("LYCEUM_PROCESSES", "")
    if wished:
        if not wished.isdecimal() or not 1 <= int(wished) <= 256:
            raise LyceumError(
                f"LYCEUM_PROCESSES is {wished!r}", hint="a number from 1 to 256, or nothing for one a core"
            )
        return int(wished)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def across(
    work: Callable[[Item], Result], items: Sequence[Item], *, few: int = _FEW, at_once: int = _AT_ONCE
) -> Iterator[Result]:
    """`map(work, items)` on all cores. few: up to so many are done here. The results must be picklable."""
    count = processes()
    if len(items) <= few or count == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, items)
        return
    crew = _CREW * count
    for start in range(0, len(items), crew):
        yield from _crew(work, items[start : start + crew], count, at_once)


def _crew(
    work: Callable[[Item], Result], items: Sequence[Item], count: int, at_once: int
) -> Iterator[Result]:
    pieces = [range(start, min(start + at_once, len(items))) for start in range(0, len(items), at_once)]
    _inherited.append(lambda index: work(items[index]))
    gc.freeze()  # what is here already is not looked through in the workers, and so not copied
    executor = ProcessPoolExecutor(
        max_workers=min(count, len(pieces)),
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
    )
    futures: list[Future[list[Any]]] = []
    try:
        futures = [executor.submit(_do, piece) for piece in pieces]
        for number, future in enumerate(futures):
            yield from future.result()
            futures[number] = _TAKEN  # its results are needed no more
    except BrokenProcessPool as error:
        raise LyceumError(
            "a worker process was ended from outside, perhaps for want of memory",
            hint="build again with LYCEUM_PROCESSES=1",
        ) from error
    finally:
        for future in futures:
            future.cancel()
        executor.shutdown(wait=True, cancel_futures=True)
        gc.unfreeze()
        _inherited.clear()


_TAKEN: Future[list[Any]] = Future()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends its workers
    gc.disable()


def _do(piece: range) -> list[Any]:
    done = list(map(_inherited[-1], piece))
    if piece.start % (_EASY // _AT_ONCE * _AT_ONCE) < _AT_ONCE:
        gc.collect()
    return done
