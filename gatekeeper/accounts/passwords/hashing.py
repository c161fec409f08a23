"""Hashes passwords with argon2id, a few at a time.

Parameters: 19 MiB, two passes, one lane, the OWASP cheat sheet's least: some 30 ms of one core. A hash says its own parameters (PHC form), so that
older ones still verify and are made anew at the next sign-in (attack case A07).

Hashing is the one expensive thing that a stranger can ask for, so it has its own threads (A08):
- as many as `places`, so memory is bounded by 19 MiB each; as many requests may wait, the next ones raise BusyError at once;
- a request takes its place before it touches the database, so that never more than twice `places` of the service's threads, which the gate
  needs too, are held up by hashing or by what is counted for it;
- on Linux they run at a lower priority, so that the gate's threads go first when all cores are busy.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
HASH_BYTES = 32
SALT_BYTES = 16
LOWER_PRIORITY = 10  # of 19; see nice(2)
LONGEST_WAIT_SECONDS = 5.0
RETRY_SECONDS = 2

Made = TypeVar("Made")


class BusyError(Exception):
    """As many passwords are being hashed as may be."""


class Hasher:
    """places: how many hashes at once; as many again may wait. Its threads begin with the first hash, and end with `close`."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._argon2 = PasswordHasher(
            time_cost=PASSES,
            memory_cost=MEMORY_KIB,
            parallelism=LANES,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._line = threading.BoundedSemaphore(2 * places)
        self._threads = ThreadPoolExecutor(places, "password", initializer=_step_back)
        # Costs a stranger's address what a reader's costs. No password has this hash: it was never computed from one.
        self._nobodys = (
            f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${_random(SALT_BYTES)}${_random(HASH_BYTES)}"
        )

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place in the line until the end of the block, for all the hashing of one request. Raises BusyError, at once."""
        if not self._line.acquire(blocking=False):
            raise BusyError
        try:
            yield Place(self)
        finally:
            self._line.release()

    def hash(self, password: str) -> str:
        """The PHC string of a new hash. Raises BusyError."""
        with self.place() as place:
            return place.hash(password)

    def is_right(self, phc: str | None, password: str) -> bool:
        """Whether `phc` was made from this password; see `Place.is_right`. Raises BusyError."""
        with self.place() as place:
            return place.is_right(phc, password)

    def is_old(self, phc: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(phc)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, phc: str, password: str) -> bool:
        try:
            return self._argon2.verify(phc, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def _run(self, work: Callable[[], Made]) -> Made:
        try:
            future = self._threads.submit(work)
        except RuntimeError as error:  # closed: the process is ending
            raise BusyError from error
        try:
            return future.result(LONGEST_WAIT_SECONDS)
        except FutureTimeoutError as error:
            future.cancel()
            raise BusyError from error


class Place:
    """What one request may do at its place in the line."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    def hash(self, password: str) -> str:
        """The PHC string of a new hash. Raises BusyError if that takes too long."""
        return self._hasher._run(lambda: self._hasher._argon2.hash(password))

    def is_right(self, phc: str | None, password: str) -> bool:
        """Whether `phc` was made from this password; None, of a reader who has none, takes as long and is False. Raises BusyError."""
        return self._hasher._run(lambda: self._hasher._verify(phc or self._hasher._nobodys, password))


def places_for(*, cores: int, processes: int, threads: int) -> int:
    """How many hashes a process may compute at once: half the cores shared by all processes, and a quarter of its threads; at least one."""
    return max(1, min(cores // (2 * processes), threads // 4))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else (os.cpu_count() or 1)


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere priorities belong to processes
        thread = threading.get_native_id()
        own = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, max(own, LOWER_PRIORITY))


def _random(length_bytes: int) -> str:
    return b64encode(secrets.token_bytes(length_bytes)).rstrip(b"=").decode()
