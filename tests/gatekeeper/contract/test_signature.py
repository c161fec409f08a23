"""Signatures of releases: one form, one purpose, one known key; everything else is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract import canonical, signature
from gatekeeper.contract.signature import SignatureError, key_id, sign, verify

GOLDEN = Path(__file__).parent / "golden" / "manifest.sig"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KNOWN = {key_id(KEY.public_key()): KEY.public_key()}
DOCUMENT = b'{"release":"one"}\n'


def signed(**changed: Any) -> bytes:
    """A good signature of DOCUMENT with some of its fields changed; None takes a field out."""
    raw = json.loads(sign(DOCUMENT, KEY, purpose=signature.MANIFEST)) | changed
    return canonical.dumps({name: value for name, value in raw.items() if value is not None})


def refused(document: bytes, over: bytes, *, purpose: str = signature.MANIFEST) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(document, over, KNOWN, purpose=purpose)
    return str(caught.value)


def test_a_signature_names_the_key_that_made_it() -> None:
    over = sign(DOCUMENT, KEY, purpose=signature.MANIFEST)
    assert verify(DOCUMENT, over, KNOWN, purpose=signature.MANIFEST) == key_id(KEY.public_key())


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """The key and its thumbprint of RFC 8037, appendix A.3."""
    text = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text))
    assert key_id(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_bytes_of_a_signature_never_change() -> None:
    document = (GOLDEN.parent / "manifest.json").read_bytes()
    assert sign(document, KEY, purpose=signature.MANIFEST) == GOLDEN.read_bytes()


@pytest.mark.parametrize("position", range(len(DOCUMENT)))
def test_a_document_with_one_changed_byte_is_refused(position: int) -> None:
    changed = bytearray(DOCUMENT)
    changed[position] ^= 1
    assert "not of these bytes" in refused(bytes(changed), sign(DOCUMENT, KEY, purpose=signature.MANIFEST))


def test_a_changed_document_with_its_own_digest_is_refused() -> None:

    changed = DOCUMENT.replace(b"one", b"two")
    assert "wrong" in refused(changed, signed(sha256=hashlib.sha256(changed).hexdigest()))


def test_a_signature_by_a_stranger_is_refused() -> None:
    assert "not known" in refused(DOCUMENT, sign(DOCUMENT, OTHER, purpose=signature.MANIFEST))


def test_a_strangers_signature_under_a_known_name_is_refused() -> None:
    over = json.loads(sign(DOCUMENT, OTHER, purpose=signature.MANIFEST))
    over["kid"] = key_id(KEY.public_key())
    assert "wrong" in refused(DOCUMENT, canonical.dumps(over))


def test_a_key_kept_under_another_name_verifies_nothing() -> None:
    over = sign(DOCUMENT, OTHER, purpose=signature.MANIFEST)
    with pytest.raises(SignatureError):
        verify(
            DOCUMENT,
            over,
            {key_id(OTHER.public_key()): KEY.public_key()},
            purpose=signature.MANIFEST,
        )


def test_no_known_key_verifies_nothing() -> None:
    with pytest.raises(SignatureError):
        verify(DOCUMENT, sign(DOCUMENT, KEY, purpose=signature.MANIFEST), {}, purpose=signature.MANIFEST)


def test_a_signature_for_one_purpose_is_worthless_for_another() -> None:
    over = sign(DOCUMENT, KEY, purpose=signature.POINTER)
    assert "purpose" in refused(DOCUMENT, over)
    renamed = canonical.dumps(json.loads(over) | {"purpose": signature.MANIFEST})
    assert "wrong" in refused(DOCUMENT, renamed)


@pytest.mark.parametrize(
    "over",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'"text"',
        b"[" * 900,
        b" " * 1025,
        signed(signature=None),
        signed(kid=None),
        signed(format=2),
        signed(format=True),
        signed(format=1.0),
        signed(format="1"),
        signed(alg="none"),
        signed(jwk={"kty": "OKP"}),
        signed(sha256=7),
        signed(kid=["a"]),
        signed(signature=""),
        signed(signature="A" * 86),
        signed(signature="A" * 85 + "="),
        signed(signature="+" * 86),
        signed(signature="é" * 86),
    ],
)
def test_whatever_is_not_exactly_a_signature_is_refused(over: bytes) -> None:
    refused(DOCUMENT, over)


def test_a_signature_has_one_text_form_only() -> None:
    good = json.loads(signed())["signature"]
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    at = letters.index(good[-1])
    twins = [letters[(at & ~15) | low] for low in range(16) if (at & ~15) | low != at]
    for twin in twins:
        refused(DOCUMENT, signed(signature=good[:-1] + twin))


@pytest.mark.parametrize(
    "change", [lambda over: over[:-1], lambda over: b" " + over, lambda over: over.replace(b",", b", ")]
)
def test_a_signature_that_is_written_otherwise_is_refused(change: Callable[[bytes], bytes]) -> None:
    assert "one form" in refused(DOCUMENT, change(signed()))


@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_refused_with_the_one_error(over: bytes) -> None:
    refused(DOCUMENT, over)


@given(
    st.dictionaries(
        st.sampled_from(["format", "kid", "purpose", "sha256", "signature", "x"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=90)
        | st.lists(st.integers(), max_size=2),
    )
)
def test_any_json_at_all_is_refused_with_the_one_error(raw: dict[str, Any]) -> None:
    refused(DOCUMENT, json.dumps(raw).encode())


@pytest.mark.parametrize("purpose", ["", "Manifest", "a b", "a\0", "x" * 33])
def test_a_purpose_is_a_short_word(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        sign(DOCUMENT, KEY, purpose=purpose)
