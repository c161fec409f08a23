"""The pointer and its hint."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract import canonical, pointer
from gatekeeper.contract.pointer import Pointer, PointerError

RELEASE = "20261122T160501Z-1a2b3c4d"
POINTER = Pointer(number=3, release=RELEASE, created="2026-11-22T16:05:01Z", digest="ab" * 32)


def test_pointer_and_hint_keep_their_bytes() -> None:
    assert pointer.dumps(POINTER) == (
        b'{"created":"2026-11-22T16:05:01Z","digest":"' + b"ab" * 32 + b'",'
        b'"format":1,"kind":"publish","number":3,"release":"20261122T160501Z-1a2b3c4d"}\n'
    )
    assert pointer.dumps_hint(3) == b'{"format":1,"number":3}\n'


@given(st.integers(1, pointer.MAXIMUM_NUMBER), st.text(max_size=20), st.text(max_size=20))
def test_a_pointer_comes_back_as_it_was(number: int, created: str, digest: str) -> None:
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in created + digest):
        return
    moved = Pointer(number=number, release=RELEASE, created=created, digest=digest)
    assert pointer.loads(pointer.dumps(moved)) == moved
    assert pointer.loads_hint(pointer.dumps_hint(number)) == number


def test_unknown_fields_are_ignored_and_the_digest_may_be_missing() -> None:
    raw = {"format": 1, "number": 3, "release": RELEASE, "created": "", "novelty": [1]}
    assert pointer.loads(json.dumps(raw).encode()) == Pointer(number=3, release=RELEASE, created="")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": True},
        {"format": "1"},
        {"number": 0},
        {"number": True},
        {"number": "3"},
        {"number": 100_000_000},
        {"number": 3.0},
        {"release": "../x"},
        {"release": None},
        {"created": 5},
        {"digest": 5},
        {"kind": "restore"},
        {"kind": None},
        {"kind": ["publish"]},
        {"created": "\ud800"},
        {"signature": "\ud800"},
        {"signature": float("nan")},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    raw = json.loads(pointer.dumps(POINTER)) | change
    with pytest.raises(PointerError):
        pointer.loads(json.dumps(raw).encode())


@given(st.binary(max_size=100))
def test_bytes_that_are_no_pointer_raise_pointer_error_and_nothing_else(data: bytes) -> None:
    for read in (pointer.loads, pointer.loads_hint):
        with pytest.raises(PointerError):
            read(data)


def test_canonical_json_is_one_spelling_of_a_value() -> None:
    value = {"b": [1, None, True], "a": "课", "": {"z": 1, "A": 0.5}}
    assert canonical.dumps(value) == '{"":{"A":0.5,"z":1},"a":"课","b":[1,null,true]}\n'.encode()
    for odd in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            canonical.dumps(odd)


FACTS = Pointer(
    number=4,
    release=RELEASE,
    created="2026-11-22T16:05:01Z",
    manifest_sha256="cd" * 32,
    public_sha256="ef" * 32,
    by="ci on main",
    commit="1a2b3c",
    lessons=12,
    size_bytes=3_000_000_000,
)


def test_what_people_want_to_know_is_in_the_signed_bytes_and_absent_where_unknown() -> None:
    assert pointer.loads(pointer.dumps(FACTS)) == FACTS
    assert b'"by":"ci on main","bytes":3000000000,"commit":"1a2b3c"' in pointer.document(FACTS)
    assert b"lessons" not in pointer.dumps(POINTER)
    odd = json.loads(pointer.dumps(FACTS)) | {"by": ["x"], "lessons": True, "bytes": "many", "commit": None}
    odd |= {"manifest": 1, "public": {}}
    assert pointer.loads(json.dumps(odd).encode()) == Pointer(
        number=4, release=RELEASE, created=FACTS.created
    )


def test_a_hint_repeats_the_newest_pointers_and_older_readers_still_find_its_number() -> None:
    hint = pointer.dumps_hint(4, [FACTS, POINTER])
    assert pointer.loads_hint(hint) == 4
    assert pointer.loads_recent(hint) == (FACTS, POINTER)
    assert pointer.loads_recent(pointer.dumps_hint(3)) == ()
    assert len(pointer.loads_recent(pointer.dumps_hint(4, [FACTS] * 20))) == pointer.MAXIMUM_RECENT
    damaged = json.loads(hint)
    damaged["recent"] = ["x", {"format": 2}, {"format": 1, "number": "4"}, damaged["recent"][1]]
    assert pointer.loads_recent(json.dumps(damaged).encode()) == (POINTER,)
    damaged["recent"] = {"number": 4}
    assert pointer.loads_recent(json.dumps(damaged).encode()) == ()
