"""The pointer's bytes: golden form, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract import pointer
from gatekeeper.contract.pointer import Pointer, PointerError

RELEASE = "20261101T080000Z-0123abcd"
POINTER = Pointer(number=3, release=RELEASE, created="2026-11-01T08:00:00Z", digest="0f")
GOLDEN = b'{"created":"2026-11-01T08:00:00Z","digest":"0f","format":1,"number":3,"release":"20261101T080000Z-0123abcd"}\n'


def test_a_pointer_is_written_in_one_way_and_read_back() -> None:
    assert pointer.dumps(POINTER) == GOLDEN
    assert pointer.loads(GOLDEN) == POINTER
    assert pointer.dumps_hint(3) == b'{"format":1,"number":3}\n'
    assert pointer.loads_hint(pointer.dumps_hint(3)) == 3


def test_a_pointer_without_a_digest_is_one_too() -> None:
    assert pointer.loads(GOLDEN.replace(b'"digest":"0f",', b"")).digest == ""


def test_unknown_fields_are_ignored() -> None:
    assert pointer.loads(GOLDEN.replace(b"{", b'{"by":"somebody",')) == POINTER


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": True},
        {"format": None},
        {"number": 0},
        {"number": -1},
        {"number": 100_000_000},
        {"number": True},
        {"number": "3"},
        {"number": 3.0},
        {"release": "../../etc/passwd"},
        {"release": RELEASE + "/"},
        {"release": None},
        {"created": 1},
        {"digest": 1},
    ],
)
def test_another_shape_is_no_pointer(changes: dict[str, object]) -> None:
    with pytest.raises(PointerError):
        pointer.loads(json.dumps({**json.loads(GOLDEN), **changes}).encode())


@settings(deadline=None)
@given(
    st.binary(max_size=60) | st.sampled_from([b"[" * 5000, b"null", b"[]", b"3", b'{"format":1}', b"\xff"])
)
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for read in (pointer.loads, pointer.loads_hint):
        try:
            read(data)
        except PointerError:
            continue
        raise AssertionError("taken for a pointer")
