from __future__ import annotations

import io
import threading
import time
from typing import Any

from gatekeeper.operations import slow
from gatekeeper.operations.slow import Bodies, Places, Streams


class Never(io.RawIOBase):
    """A body that does not come."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def read(self, size: int = -1) -> bytes:
        self.released.wait(30)
        return b""


def environ(body: Any, length: str) -> dict[str, Any]:
    return {"wsgi.input": body, "CONTENT_LENGTH": length}


def test_places_are_bounded_for_all_and_for_one() -> None:
    places = Places(3, 2)
    assert [places.enter(who) for who in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    places.leave("a")
    assert places.enter("c")
    assert places._inside == {"a": 1, "b": 1, "c": 1}


def test_a_body_is_read_whole_before_anything_else() -> None:
    given = environ(io.BytesIO(b"abc"), "3")
    assert Bodies().take(given, "a") is None
    assert given["wsgi.input"].read() == b"abc"
    chunked = {"wsgi.input": io.BytesIO(b"abcd"), "HTTP_TRANSFER_ENCODING": "chunked"}
    assert Bodies().take(chunked, "a") is None
    assert chunked["CONTENT_LENGTH"] == "4"
    assert "HTTP_TRANSFER_ENCODING" not in chunked


def test_a_body_that_is_refused_anyway_is_not_waited_for() -> None:
    for length in ("", "0", "-1", "x", str(slow.LONGEST_BODY_BYTES + 1)):
        assert Bodies(seconds=0.01).take(environ(Never(), length), "a") is None


def test_a_body_that_does_not_come_is_given_up() -> None:
    body = Never()
    answer = Bodies(seconds=0.05).take(environ(body, "3"), "a")
    assert answer is not None
    assert answer.status[:3] == "408"
    body.released.set()


def test_a_chunked_body_above_the_limit_is_refused() -> None:
    large = {
        "wsgi.input": io.BytesIO(bytes(slow.LONGEST_BODY_BYTES + 1)),
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    answer = Bodies().take(large, "a")
    assert answer is not None
    assert answer.status[:3] == "413"


def test_one_address_reads_few_bodies_at_once_and_gets_its_places_back() -> None:
    bodies, body = Bodies(seconds=5), Never()
    threads = [
        threading.Thread(target=bodies.take, args=(environ(body, "3"), "a"))
        for _ in range(slow.BODIES_OF_ONE)
    ]
    for thread in threads:
        thread.start()
    while bodies._places._count < slow.BODIES_OF_ONE:
        time.sleep(0.01)
    assert bodies.take(environ(io.BytesIO(b"abc"), "3"), "a") is slow.BUSY
    assert bodies.take(environ(io.BytesIO(b"abc"), "3"), "b") is None
    body.released.set()
    for thread in threads:
        thread.join(30)
    assert bodies.take(environ(io.BytesIO(b"abc"), "3"), "a") is None


def test_a_stream_leaves_at_its_end_when_it_is_closed_and_when_it_is_one_piece() -> None:
    streams = Streams()
    for _ in range(3 * slow.STREAMS_OF_ONE):
        assert streams.enter("a")
        assert b"".join(streams.watch(iter([b"x", b"y"]), "a")) == b"xy"
        assert streams.enter("a")
        streams.watch([b"x"], "a")
        assert streams.enter("a")
        cut = iter(streams.watch(iter([b"x", b"y"]), "a"))
        next(cut)
        cut.close()  # type: ignore[attr-defined]
    assert streams._places._count == 0


def test_many_quick_bodies_of_one_address_all_come_through_w05() -> None:
    bodies = Bodies()
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(bodies.take(environ(io.BytesIO(b"abc"), "3"), "a")))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [None] * 50
