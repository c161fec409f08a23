"""The release statement: its bytes, and what is none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract import canonical, statement
from gatekeeper.contract.statement import Statement, StatementError

SAID = Statement(
    release="20261122T160501Z-1a2b3c4d",
    created="2026-11-22T16:05:01Z",
    commit="0123",
    site="https://school.example/",
    files={"index.html": "ab" * 32, "课/index.html": "cd" * 32},
)


def test_the_statement_keeps_its_bytes() -> None:
    assert statement.dumps(SAID).decode() == (
        '{"commit":"0123","created":"2026-11-22T16:05:01Z","files":{"index.html":"' + "ab" * 32 + '",'
        '"课/index.html":"' + "cd" * 32 + '"},"format":1,"release":"20261122T160501Z-1a2b3c4d",'
        '"site":"https://school.example/"}\n'
    )


def test_a_statement_comes_back_as_it_was_with_and_without_signature() -> None:
    signed = replace(SAID, signature=canonical.dumps({"format": 1}))
    assert statement.loads(statement.dumps(SAID)) == SAID
    assert statement.loads(statement.dumps(signed)) == signed
    assert statement.document(signed) == statement.dumps(SAID)
    for said in (
        SAID,
        signed,
        replace(SAID, files=dict.fromkeys(("z", "\u2028", '"', "A", "课"), "ab" * 32)),
    ):
        assert canonical.dumps(json.loads(statement.dumps(said))) == statement.dumps(said)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": True},
        {"release": "../x"},
        {"release": 1},
        {"created": None},
        {"commit": []},
        {"site": "\ud800"},
        {"files": []},
        {"files": {"a": "AB" * 32}},
        {"files": {"a": "ab"}},
        {"files": {"a": 1}},
        {"signature": float("nan")},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    raw = json.loads(statement.dumps(SAID)) | change
    with pytest.raises(StatementError):
        statement.loads(json.dumps(raw).encode())


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_refused_with_the_one_error(data: bytes) -> None:
    with pytest.raises(StatementError):
        statement.loads(data)


def test_unknown_fields_are_ignored_and_not_vouched_for() -> None:
    raw = json.loads(statement.dumps(SAID)) | {"novelty": 1}
    assert statement.loads(json.dumps(raw).encode()) == SAID
