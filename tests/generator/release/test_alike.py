"""Reading a document beside one's own: whatever the document is, it says what it would say by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract import canonical, manifest
from gatekeeper.contract.access import MEMBER, PUBLIC, products_rule
from generator.errors import StoreError
from generator.release.alike import beside
from generator.release.known import read
from generator.release.release import Release, content_digest, loads_public
from tests.generator.release.made import made

SECTIONS = ("files", "parts")
NAMES = st.one_of(st.integers(0, 400).map(lambda n: f"course/lesson-{n:03}"), st.text(max_size=4))
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 3), st.just({"files": {}}), st.sampled_from(['},"', '{"', "parts", '"parts":{'])
)


def text_of(value: object) -> str:
    return canonical.text(value)


def own(value: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        section: {
            name: canonical.member(name, text_of(value[section][name])) for name in sorted(value[section])
        }
        for section in SECTIONS
    }


def meant(document: bytes, mine: Mapping[str, Mapping[str, Any]]) -> Any:
    """What `beside` says of the document, with its words for what is known put back."""
    found = beside(document, own(mine))
    for section, names in found.known.items():
        if names:
            found.raw[section] |= {name: mine[section][name] for name in names}
    return found.raw


def school(count: int = 1000) -> dict[str, dict[str, Any]]:
    return {
        section: {f"course/lesson-{n:04}": {"bytes": n, "title": '},"' + section} for n in range(count)}
        for section in SECTIONS
    }


@given(
    st.fixed_dictionaries({name: st.dictionaries(NAMES, VALUES, max_size=300) for name in SECTIONS}),
    st.data(),
)
def test_a_document_says_the_same_beside_any_other(
    mine: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    theirs = {section: dict(members) for section, members in mine.items()}
    for section in SECTIONS:
        for name in data.draw(st.lists(NAMES, max_size=4)):
            theirs[section][name] = data.draw(VALUES)
        for name in data.draw(st.lists(st.sampled_from(sorted(mine[section]) or [""]), max_size=3)):
            theirs[section].pop(name, None)
    document = canonical.dumps(theirs | {"about": '"parts":{"', "release": 3})
    assert meant(document, mine) == json.loads(document)


def test_what_is_alike_is_not_parsed_wherever_the_changes_are() -> None:
    mine = school()
    theirs = school()
    theirs["parts"]["course/lesson-0003"] = {"bytes": 0}
    theirs["parts"]["course/lesson-0500x"] = {"bytes": 0}
    del theirs["parts"]["course/lesson-0900"]
    found = beside(canonical.dumps(theirs), own(mine))
    assert found.raw["files"] == {}
    assert len(found.known["files"]) == 1000
    assert 0 < len(found.raw["parts"]) < 400
    assert meant(canonical.dumps(theirs), mine) == theirs


@pytest.mark.parametrize(
    "template",
    [
        b'{"files":{},"parts":{},"x":"%(quoted)s"}',
        b'{"files":{%(run)s},"parts":{%(run)s}}',  # the members of one section in another
        b'{"parts":{},"x":{"parts":{%(run)s}}}',
        b'{"parts":{"x":{"parts":{%(run)s}}}}',
        b'{"parts":{%(run)s},"parts":{}}',
        b'{"parts":{%(run)s},"parts":7}',
        b'{"parts":{%(run)s,%(one)s}}',  # a name that is there twice, and the last one counts
        b'{"parts":{%(one)s,%(run)s}}',
        b'{"parts":[{%(run)s}]}',
        b'[{"parts":{%(run)s}}]',
        b'{"parts":{%(run)s,"y":1},"z":2}',
        b'"parts"',
    ],
)
def test_a_document_that_is_made_to_mislead_is_read_as_what_it_is(template: bytes) -> None:
    mine = {"files": {}, "parts": school(200)["parts"]}
    run = ",".join(own(mine)["parts"].values()).encode()
    document = template % {
        b"run": run,
        b"one": b'"course/lesson-0007":"other"',
        b"quoted": run.replace(b"\\", b"\\\\").replace(b'"', b'\\"'),
    }
    assert meant(document, mine) == json.loads(document)


@pytest.mark.parametrize("cut", [1, 2, 40, 5000])
def test_half_a_document_is_none(cut: int) -> None:
    mine = school()
    with pytest.raises(ValueError, match=r"."):
        beside(canonical.dumps(mine)[: -cut - 1], own(mine))


def documents(release: Release) -> tuple[bytes, bytes]:
    texts = release.in_writing()
    return texts.described, texts.public_list


def test_what_ran_is_known_alike_with_and_without_the_next_release(tmp_path: Path) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    whole = first.manifest
    opened = {id_: replace(lesson, access=PUBLIC) for id_, lesson in whole.lessons.items()}
    others = [
        second,
        replace(first, manifest=replace(whole, lessons=opened)),
        replace(first, public=second.public),
    ]
    for other in others:
        for ran, next_ in ((first, other), (other, first), (other, other)):
            assert read(*documents(ran), next_) == read(*documents(ran))


def test_a_list_that_cannot_be_understood_is_refused_beside_its_like_too(tmp_path: Path) -> None:
    release = made(tmp_path, 1)
    described, listed = documents(release)
    for raw in (
        json.loads(listed) | {"format": 2},
        {
            "format": 1,
            "files": json.loads(listed)["files"]
            | {"../x": {"bytes": 1, "media_type": "", "sha256": "0" * 64}},
        },
        {
            "format": 1,
            "files": json.loads(listed)["files"]
            | {"x": {"bytes": True, "media_type": "", "sha256": "0" * 64}},
        },
    ):
        with pytest.raises(StoreError):
            read(described, canonical.dumps(raw), release)


def test_the_documents_of_a_release_are_of_what_it_holds_now(tmp_path: Path) -> None:
    release = made(tmp_path, 1)
    given_away = {id_: replace(entry, access=MEMBER) for id_, entry in release.manifest.parts.items()}
    changed = replace(release, manifest=replace(release.manifest, parts=given_away))
    assert documents(changed)[0] == manifest.dumps(changed.manifest) != documents(release)[0]
    fewer = replace(release, public={"index.html": release.public["index.html"]})
    assert loads_public(documents(fewer)[1]) == fewer.public
    assert content_digest(release.manifest, release.public) == release.digest
    bought = {id_: replace(one, access=products_rule(["x"])) for id_, one in release.manifest.parts.items()}
    assert content_digest(replace(release.manifest, parts=bought), release.public) != release.digest
