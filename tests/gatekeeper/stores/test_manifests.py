"""The reader of large manifests: what the contract reads, letter for letter, and nothing else; other threads are not stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract import manifest
from gatekeeper.contract.access import MEMBER, NOBODY, PUBLIC, products_rule
from gatekeeper.contract.manifest import CourseEntry, LessonEntry, Manifest, ManifestError, ObjectEntry
from gatekeeper.stores import manifests
from tests.support.tiny_release import tiny_manifest

TINY = tiny_manifest("https://school.example/")
# What could be taken for the end of an entry or of a section, and names of sections.
NASTY = [
    '},"',
    '}},"',
    "}",
    '{"',
    '"',
    "\\",
    '\\"},"',
    "parts",
    "lessons",
    "files",
    ',"parts":{',
    "课程 é\u2028",
    "",
]
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
RULES = st.one_of(
    st.sampled_from([PUBLIC, MEMBER, NOBODY]),
    st.lists(TEXTS.filter(bool), min_size=1, max_size=3).map(products_rule),
)


@pytest.fixture(autouse=True)
def _pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small manifests in many small pieces."""
    monkeypatch.setattr(manifests, "SMALL_BYTES", 0)
    monkeypatch.setattr(manifests, "_PIECE_BYTES", 300)


@pytest.fixture
def only_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract's reader may read what remains, but not the whole."""
    whole = manifest.loads

    def loads(data: bytes) -> Manifest:
        read = whole(data)
        assert not read.lessons, "the whole manifest was left to the contract's reader"
        return read

    monkeypatch.setattr(manifest, "loads", loads)


@pytest.mark.usefixtures("only_pieces")
def test_a_manifest_as_we_write_them_is_read_in_pieces() -> None:
    many = replace(
        TINY,
        lessons={
            f"c/l{n:04d}": LessonEntry(course="c", title=f"L{n}", url=f"c/l{n}/", access=MEMBER)
            for n in range(500)
        },
    )
    assert manifests.read(manifest.dumps(many)) == many
    assert manifests.read(manifest.dumps(TINY)) == TINY


@st.composite
def any_manifest(draw: st.DrawFn) -> Manifest:
    stored = st.builds(
        ObjectEntry,
        key=st.sampled_from(["private/00ff", "a/b.c"]),
        sha256=TEXTS,
        size_bytes=st.integers(0, 2**53),
        media_type=TEXTS,
        access=RULES,
    )
    lesson = st.builds(
        LessonEntry,
        course=TEXTS,
        title=TEXTS,
        url=TEXTS,
        access=RULES,
        parts=st.lists(TEXTS, max_size=2).map(tuple),
        files=st.lists(TEXTS, max_size=2).map(tuple),
    )
    course = st.builds(CourseEntry, title=TEXTS, language=TEXTS, url=TEXTS)
    return replace(
        TINY,
        name=draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
        courses=draw(st.dictionaries(TEXTS, course, max_size=4)),
        lessons=draw(st.dictionaries(TEXTS, lesson, max_size=6)),
        parts=draw(st.dictionaries(TEXTS, stored, max_size=6)),
        files=draw(st.dictionaries(TEXTS, stored, max_size=6)),
        attestation=draw(st.dictionaries(TEXTS, st.one_of(TEXTS, st.dictionaries(TEXTS, TEXTS)), max_size=3)),
    )


@given(any_manifest())
@settings(max_examples=60, deadline=None)
def test_any_manifest_is_read_as_the_contract_reads_it(whole: Manifest) -> None:
    data = manifest.dumps(whole)
    assert manifests._in_pieces_or_whole(data) == manifest.loads(data)


def outcome(read: Any, data: bytes) -> object:
    try:
        return read(data)
    except ManifestError:
        return ManifestError


@given(any_manifest(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_manifest_has_the_outcome_that_the_contract_gives_it(
    whole: Manifest, data: st.DataObject
) -> None:
    """No exception but ManifestError comes out, and nothing is read otherwise than the contract reads it."""
    written = bytearray(manifest.dumps(whole))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(written) - 1))
        match data.draw(st.sampled_from(["set", "cut", "drop", "double"])):
            case "set":
                written[at] = data.draw(st.sampled_from(b'{}[]",:\\ 0-ntf\xff\x00'))
            case "cut":
                del written[at + 1 :]
            case "drop":
                del written[at : at + data.draw(st.integers(1, 40))]
            case _:
                written[at:at] = written[at : at + data.draw(st.integers(1, 200))]
        if not written:
            return
    damaged = bytes(written)
    assert outcome(manifests._in_pieces_or_whole, damaged) == outcome(manifest.loads, damaged)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_manifest_written_with_spaces_is_read_too(indent: int | None) -> None:
    spaced = json.dumps(json.loads(manifest.dumps(TINY)), indent=indent).encode()
    assert manifests.read(spaced) == TINY


def test_fields_of_a_later_version_are_ignored() -> None:
    raw = json.loads(manifest.dumps(TINY))
    for section in ("lessons", "parts", "files"):
        for entry in raw[section].values():
            entry["later"] = {"nested": {"deep": [1, {"x": '}},"'}]}}
    data = json.dumps(raw, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    assert manifests.read(data) == TINY
