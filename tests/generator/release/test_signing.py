"""What a publisher signs, and what of a store's content a rollback believes. The attacker here can write to the private store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.contract import canonical, keys, manifest, pointer, signature, statement, trust
from gatekeeper.contract.access import MEMBER
from gatekeeper.contract.pointer import Kind
from generator.errors import LyceumError, StoreError
from generator.release import Release, Stores, publish, rollback
from generator.release.attest import attested
from generator.release.signing import Signer, signer
from generator.site.leaks import public_digest
from tests.generator.release.made import current, folders, made, shown, stored

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SIGNER = signer(KEY)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return replace(folders(tmp_path), signer=SIGNER)


def published(stores: Stores, root: Path, *numbers: int) -> list[Release]:
    releases = [made(root, number, signer=stores.signer) for number in numbers]
    for release in releases:
        publish(release, stores)
    return releases


def read(stores: Stores, number: int) -> pointer.Pointer:
    return trust.read_pointer(stores.private.get(keys.pointer_key(number)) or b"", number, SIGNER.known)


def overwrite(stores: Stores, key: str, data: bytes) -> None:
    stores.private.put(key, data, media_type="application/json", cache_control="no-store")


def test_what_is_published_is_believed_by_whoever_has_the_public_key(stores: Stores, tmp_path: Path) -> None:
    first, second = published(stores, tmp_path, 1, 2)
    assert (read(stores, 1).kind, read(stores, 2).kind) == (Kind.PUBLISH, Kind.PUBLISH)
    for release in (first, second):
        trust.check_manifest(
            stores.private.get(keys.manifest_key(release.id)) or b"",
            stores.private.get(keys.manifest_signature_key(release.id)),
            SIGNER.known,
        )


def test_only_a_rollback_says_rollback(stores: Stores, tmp_path: Path) -> None:
    first, _ = published(stores, tmp_path, 1, 2)
    rollback(stores)
    assert (read(stores, 3).kind, read(stores, 3).release) == (Kind.ROLLBACK, first.id)
    published(stores, tmp_path, 3)
    assert read(stores, 4).kind is Kind.PUBLISH


def test_an_unsigned_release_that_runs_is_published_again_once_there_is_a_key(
    stores: Stores, tmp_path: Path
) -> None:
    publish(made(tmp_path, 1), replace(stores, signer=None))
    with pytest.raises(trust.TrustError, match="not signed"):
        read(stores, 1)
    again = replace(made(tmp_path, 1), id="20261122T160009Z-00000000")
    again = replace(again, manifest=replace(again.manifest, release=again.id))
    assert not publish(again, stores).is_unchanged
    assert read(stores, 2).release == again.id


def test_a_forged_pointer_from_the_future_does_not_stop_the_publisher(stores: Stores, tmp_path: Path) -> None:
    published(stores, tmp_path, 1)
    forged = pointer.Pointer(number=2, release="20991231T000000Z-00000000", created="2099-12-31T00:00:00Z")
    overwrite(stores, keys.pointer_key(2), pointer.dumps(trust.signed(forged, OTHER)))
    [second] = published(stores, tmp_path, 2)
    assert (read(stores, 3).release, read(stores, 3).kind) == (second.id, Kind.PUBLISH)


def tamper_manifest(stores: Stores, release: Release) -> None:
    whole = release.manifest
    given_away = {id_: replace(entry, access=MEMBER) for id_, entry in whole.parts.items()}
    overwrite(stores, keys.manifest_key(release.id), manifest.dumps(replace(whole, parts=given_away)))


def remove_signature(stores: Stores, release: Release) -> None:
    stores.private.delete(keys.manifest_signature_key(release.id))


def sign_as_a_stranger(stores: Stores, release: Release) -> None:
    tamper_manifest(stores, release)
    data = stores.private.get(keys.manifest_key(release.id)) or b""
    overwrite(
        stores,
        keys.manifest_signature_key(release.id),
        signature.sign(data, OTHER, purpose=signature.MANIFEST),
    )


def name_a_private_object_as_a_public_file(stores: Stores, release: Release) -> None:
    """A rollback would put it on the public site by itself."""
    raw = json.loads(stores.private.get(keys.public_list_key(release.id)) or b"")
    key, found = next(iter(release.private.items()))
    stores.private.put(
        keys.public_key(found.sha256),
        stores.private.get(key) or b"",
        media_type="text/html",
        cache_control="no-store",
    )
    raw["files"]["stolen.html"] = {
        "sha256": found.sha256,
        "bytes": found.size_bytes,
        "media_type": "text/html",
    }
    overwrite(stores, keys.public_list_key(release.id), canonical.dumps(raw))


@pytest.mark.parametrize(
    "attack",
    [tamper_manifest, sign_as_a_stranger, name_a_private_object_as_a_public_file],
    ids=lambda attack: attack.__name__,
)
def test_a_rollback_to_what_was_altered_in_the_store_is_refused(
    stores: Stores, tmp_path: Path, attack: object
) -> None:
    first, second = published(stores, tmp_path, 1, 2)
    assert callable(attack)
    attack(stores, first)
    before = stored(stores.private), shown(stores)
    with pytest.raises(StoreError):
        rollback(stores, first.id)
    assert (stored(stores.private), shown(stores)) == before
    assert current(stores) == second.id


@pytest.mark.parametrize(
    "attack",
    [tamper_manifest, remove_signature, sign_as_a_stranger, name_a_private_object_as_a_public_file],
    ids=lambda attack: attack.__name__,
)
def test_a_release_that_no_believed_pointer_names_is_believed_by_its_own_signature_alone(
    stores: Stores, tmp_path: Path, attack: object
) -> None:
    """The hint repeats the newest pointers only; here it repeats none."""
    first, second = published(stores, tmp_path, 1, 2)
    overwrite(stores, keys.CURRENT, pointer.dumps_hint(2))
    rollback(stores, first.id)
    rollback(stores, second.id)
    overwrite(stores, keys.CURRENT, pointer.dumps_hint(4))
    assert callable(attack)
    attack(stores, first)
    with pytest.raises(StoreError):
        rollback(stores, first.id)
    assert current(stores) == second.id


def test_a_release_of_an_earlier_key_is_gone_back_to_only_if_that_key_is_known(
    stores: Stores, tmp_path: Path
) -> None:
    first, second = published(stores, tmp_path, 1, 2)
    with pytest.raises(StoreError, match="not known") as caught:
        rollback(replace(stores, signer=signer(OTHER)))
    assert "LYCEUM_RELEASE_PUBLIC_KEYS" in caught.value.hint
    assert current(stores) == second.id
    rolled = signer(OTHER, SIGNER.known)
    rollback(replace(stores, signer=rolled))
    assert current(stores) == first.id
    data = stores.private.get(keys.pointer_key(3)) or b""
    trust.read_pointer(data, 3, {signature.key_id(OTHER.public_key()): OTHER.public_key()})


def test_the_statement_names_every_public_file_and_nothing_private(stores: Stores, tmp_path: Path) -> None:
    [release] = published(stores, tmp_path, 1)
    data = shown(stores)[statement.PATH]
    said = statement.loads(data)
    assert said.release == release.id
    assert said.files.keys() == shown(stores).keys() - {statement.PATH}
    document = statement.document(said)
    signature.verify(document, said.signature, SIGNER.known, purpose=signature.STATEMENT)
    for key, found in release.private.items():
        assert key.encode() not in data
        assert found.sha256.encode() not in data
    assert b"demo/free" not in data or "demo/free/index.html" in said.files  # public paths only


def test_the_statement_goes_back_with_its_release(stores: Stores, tmp_path: Path) -> None:
    first, second = published(stores, tmp_path, 1, 2)
    assert statement.loads(shown(stores)[statement.PATH]).release == second.id
    rollback(stores)
    assert statement.loads(shown(stores)[statement.PATH]).release == first.id


def test_the_statement_does_not_make_the_same_content_another_release(stores: Stores, tmp_path: Path) -> None:
    published(stores, tmp_path, 1)
    later = made(tmp_path, 1, commit="0123456789abcdef", signer=SIGNER)
    later = replace(later, id="20261122T170000Z-00000000")
    assert publish(later, stores).is_unchanged


def test_a_public_file_with_the_statements_name_is_refused(tmp_path: Path) -> None:
    bare = made(tmp_path, 1)
    bare = replace(bare, made={})  # as if an author's file lay there
    with pytest.raises(LyceumError, match="name of the release statement"):
        attested(bare, None)


def test_the_manifest_attests_the_public_files_that_the_leak_check_has_read(tmp_path: Path) -> None:
    release = made(tmp_path, 1, signer=SIGNER)
    files = {path: file.sha256 for path, file in release.public.items() if path != statement.PATH}
    assert release.manifest.attestation["digest"] == public_digest(files)


def test_no_repr_shows_the_key() -> None:
    assert isinstance(SIGNER, Signer)
    assert "Private" not in repr(SIGNER)
    assert bytes(range(32)).hex() not in repr(SIGNER)


def test_after_a_rollback_by_its_own_signature_the_same_content_is_still_recognised(
    stores: Stores, tmp_path: Path
) -> None:
    """The content digest that the new pointer carries is that of the build, without the statement."""
    first, _ = published(stores, tmp_path, 1, 2)
    overwrite(stores, keys.CURRENT, pointer.dumps_hint(2))
    rollback(stores, first.id)
    assert read(stores, 3).digest == first.digest
    assert publish(first, stores).is_unchanged
