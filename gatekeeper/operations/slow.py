"""Slow clients must not use up the threads (attack case Z15).

Under Granian a thread that waits for the body of a request, or for a reader to take the next piece of a large file, answers nobody
else, and there is no time limit for either. So both have threads apart from those that answer, in a bounded number, and one address has few of them:

- Bodies: eight are read at once, four of one address, and each has ten seconds to arrive; then 408. They are read before the request goes
  on, so nothing behind waits for a client. For a place one waits a quarter of a second: a payment provider delivers many notes at once from one
  address, and each is there in a moment.
- Streams of the folder store: sixteen at once, six of one address.

Beyond that the answer is 503, while everything else goes on. What is left: Granian's pool gets another thread only when as many
requests wait as it has threads, so that one may wait behind a slow body for its ten seconds. nginx in front takes both on itself
(docs/deploy/nginx.md), a bucket takes the streams, and the other server (`turnstile`) waits for clients without a thread.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

from gatekeeper.web.answer import Answer, as_json

_log = logging.getLogger(__name__)

BODIES, BODIES_OF_ONE = 8, 4
STREAMS, STREAMS_OF_ONE = 16, 6
THREADS = BODIES + STREAMS  # that the server needs beside those that answer
BODY_SECONDS = 10.0
QUICK_SECONDS = 0.25
LONGEST_BODY_BYTES = 64 * 1024  # what lies behind takes no more, and says so itself

BUSY = as_json("503 Service Unavailable", {"reason": "busy"}, headers=(("Retry-After", "5"),))
_LATE = as_json("408 Request Timeout", {"reason": "slow"})
_LARGE = as_json("413 Content Too Large", {"reason": "large"})


class Places:
    """most: at once; most_of_one: of one address."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._lock = threading.Condition()
        self._inside: dict[str, int] = {}
        self._count = 0

    def enter(self, address: str) -> bool:
        """Whether there was room; who came in has to `leave`."""
        with self._lock:
            of_one = self._inside.get(address, 0)
            if self._count >= self._most or of_one >= self._most_of_one:
                return False
            self._count += 1
            self._inside[address] = of_one + 1
            return True

    def wait(self, address: str, seconds: float) -> bool:
        """The same, for whom a place may still become free within so many seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self.enter(address), seconds)

    def leave(self, address: str) -> None:
        with self._lock:
            self._lock.notify_all()
            self._count -= 1
            left = self._inside[address] - 1
            if left:
                self._inside[address] = left
            else:
                del self._inside[address]


class Bodies:
    """Reads the bodies of requests, a bounded number of them at once."""

    def __init__(self, *, seconds: float = BODY_SECONDS) -> None:
        self._seconds = seconds
        self._places = Places(BODIES, BODIES_OF_ONE)

    def take(self, environ: dict[str, Any], address: str) -> Answer | None:
        """Puts the whole body into `environ`. None if that is done, or there is nothing to do; else the answer that says why not."""
        stated = environ.get("CONTENT_LENGTH") or ""
        is_chunked = "HTTP_TRANSFER_ENCODING" in environ
        if not is_chunked and (not stated.isdigit() or not 0 < int(stated) <= LONGEST_BODY_BYTES):
            return None  # none, or one that is refused unread
        if not self._places.wait(address, QUICK_SECONDS):
            return BUSY
        wanted = LONGEST_BODY_BYTES + 1 if is_chunked else int(stated)
        reading: Future[bytes] = Future()

        def read() -> None:
            try:
                reading.set_result(_whole(environ["wsgi.input"], wanted))
            except Exception as error:  # whatever became of the connection, the one who waits hears of it
                reading.set_exception(error)

        try:
            threading.Thread(target=read, name="body", daemon=True).start()
            body = reading.result(self._seconds)
        except TimeoutError:
            return _LATE
        except Exception as error:
            _log.info("body not read: %s", type(error).__name__)
            return _LATE
        finally:
            self._places.leave(address)
        if len(body) > LONGEST_BODY_BYTES:
            return _LARGE
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return None


class Streams:
    """Lets a bounded number of large answers be on their way at once."""

    def __init__(self) -> None:
        self._places = Places(STREAMS, STREAMS_OF_ONE)

    def enter(self, address: str) -> bool:
        return self._places.enter(address)

    def watch(self, body: Iterable[bytes], address: str) -> Iterable[bytes]:
        """The body of an answer that entered; it leaves at its end, or at once if it is one piece."""
        if isinstance(body, list):
            self._places.leave(address)
            return body
        return self._until_done(body, address)

    def _until_done(self, body: Iterable[bytes], address: str) -> Iterator[bytes]:
        try:
            yield from body
        finally:
            self._places.leave(address)


def _whole(stream: Any, most: int) -> bytes:
    """Reads up to `most` bytes, however few come at once."""
    pieces: list[bytes] = []
    missing = most
    while missing > 0 and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
