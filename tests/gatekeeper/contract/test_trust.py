"""What a reader of a store believes: the attacker of these tests can write to the bucket and has no release key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.contract import canonical, manifest, pointer, signature, trust
from gatekeeper.contract.pointer import Kind, Pointer
from gatekeeper.contract.trust import TrustError
from tests.gatekeeper.contract.values import EVERYTHING

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = {signature.key_id(KEY.public_key()): KEY.public_key()}
OLD = Pointer(number=3, release="20261101T080000Z-0123abcd", created="2026-11-01T08:00:00Z", digest="ab" * 32)
NEW = Pointer(number=4, release="20261122T160501Z-1a2b3c4d", created="2026-11-22T16:05:01Z", digest="cd" * 32)
MANIFEST = manifest.dumps(EVERYTHING)


def stored(moved: Pointer, key: Ed25519PrivateKey = KEY) -> bytes:
    return pointer.dumps(trust.signed(moved, key))


def test_a_signed_pointer_comes_back_as_it_was() -> None:
    signed = trust.signed(NEW, KEY)
    assert trust.read_pointer(pointer.dumps(signed), 4, KEYS) == signed
    assert pointer.dumps(pointer.loads(pointer.dumps(signed))) == pointer.dumps(signed)


def test_a_pointer_without_signature_is_refused() -> None:
    with pytest.raises(TrustError, match="not signed"):
        trust.read_pointer(pointer.dumps(NEW), 4, KEYS)


def test_a_pointer_signed_by_a_stranger_is_refused() -> None:
    with pytest.raises(TrustError, match="not known"):
        trust.read_pointer(stored(NEW, OTHER), 4, KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"release": OLD.release},
        {"created": "2027-01-01T00:00:00Z"},
        {"digest": ""},
        {"kind": "rollback"},
        {"signature": {}},
        {"signature": []},
        {"signature": "text"},
        {"signature": {"format": 1}},
    ],
)
def test_a_pointer_with_one_changed_field_is_refused(change: dict[str, object]) -> None:
    raw = json.loads(stored(NEW)) | change
    with pytest.raises(TrustError):
        trust.read_pointer(canonical.dumps(raw), 4, KEYS)


def test_a_pointer_is_refused_at_another_place_of_the_chain() -> None:
    with pytest.raises(TrustError, match="calls itself 4"):
        trust.read_pointer(stored(NEW), 5, KEYS)
    renumbered = json.loads(stored(NEW)) | {"number": 5}
    with pytest.raises(TrustError, match="not of these bytes"):
        trust.read_pointer(canonical.dumps(renumbered), 5, KEYS)


def test_a_manifests_signature_does_not_do_for_a_pointer() -> None:
    document = pointer.document(NEW)
    forged = replace(NEW, signature=signature.sign(document, KEY, purpose=signature.MANIFEST))
    with pytest.raises(TrustError, match="purpose"):
        trust.read_pointer(pointer.dumps(forged), 4, KEYS)


def test_where_unsigned_releases_are_allowed_a_pointer_needs_no_signature() -> None:
    assert trust.read_pointer(pointer.dumps(NEW), 4, {}) == NEW
    with pytest.raises(TrustError):
        trust.read_pointer(pointer.dumps(NEW), 5, {})


def test_a_signed_manifest_is_believed() -> None:
    trust.check_manifest(MANIFEST, signature.sign(MANIFEST, KEY, purpose=signature.MANIFEST), KEYS)


@pytest.mark.parametrize(
    ("data", "detached"),
    [
        (MANIFEST, None),
        (MANIFEST, b""),
        (MANIFEST, signature.sign(MANIFEST, OTHER, purpose=signature.MANIFEST)),
        (MANIFEST, signature.sign(MANIFEST, KEY, purpose=signature.POINTER)),
        (
            MANIFEST.replace(b'"access":"member"', b'"access":"public"'),
            signature.sign(MANIFEST, KEY, purpose=signature.MANIFEST),
        ),
        (MANIFEST + b" ", signature.sign(MANIFEST, KEY, purpose=signature.MANIFEST)),
    ],
    ids=["unsigned", "empty", "stranger", "purpose", "tampered", "lengthened"],
)
def test_any_other_manifest_is_refused(data: bytes, detached: bytes | None) -> None:
    with pytest.raises(TrustError):
        trust.check_manifest(data, detached, KEYS)


def test_where_unsigned_releases_are_allowed_a_manifest_needs_no_signature() -> None:
    trust.check_manifest(MANIFEST, None, {})


def succession(moved: Pointer, believed: Pointer | None, *, signed: bool = True) -> None:
    trust.check_succession(
        moved,
        moved.created,
        believed=believed,
        running_created=None if believed is None else believed.created,
        keys=KEYS if signed else {},
    )


def test_a_newer_release_follows_an_older_one() -> None:
    succession(NEW, OLD)
    succession(OLD, None)


@pytest.mark.parametrize("signed", [True, False])
def test_an_older_release_follows_only_a_pointer_that_says_rollback(signed: bool) -> None:
    back = replace(OLD, number=5)
    with pytest.raises(TrustError, match="does not say rollback"):
        succession(back, NEW, signed=signed)
    succession(replace(back, kind=Kind.ROLLBACK), NEW, signed=signed)


def test_a_replayed_older_pointer_is_refused_even_when_it_says_rollback() -> None:
    """Whoever deletes the newer pointers makes an earlier rollback the last of the chain again."""
    with pytest.raises(TrustError, match="followed before"):
        succession(replace(OLD, kind=Kind.ROLLBACK), NEW)


@pytest.mark.parametrize("created", ["", "zzzz", "2026-11-22", "2026-11-22T16:05:01+01:00"])
def test_a_manifest_that_does_not_say_when_it_was_made_is_refused(created: str) -> None:
    with pytest.raises(TrustError, match="when it was created"):
        trust.check_succession(NEW, created, believed=None, running_created=None, keys=KEYS)


def test_the_bytes_of_a_signed_pointer_never_change() -> None:
    golden = Path(__file__).parent / "golden" / "pointer.json"
    assert stored(NEW) == golden.read_bytes()
    assert trust.read_pointer(golden.read_bytes(), 4, KEYS) == trust.signed(NEW, KEY)
