"""The shared vector suites, whole, against everything that the gate reads from strangers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gatekeeper.contract import manifest, pointer, signature
from gatekeeper.contract.keys import is_key
from gatekeeper.gate.sign import FolderSigner
from gatekeeper.gate.token import TokenError, TokenVerifier
from gatekeeper.secrets import token_keys_from_text
from gatekeeper.stores import manifests
from tests.gatekeeper.gate.test_token import NEW, NOW, encoded
from tests.support.gatekeeper import RunningGatekeeper
from tests.support.tiny_release import RELEASE_KEYS

VECTORS = Path(__file__).resolve().parents[4] / "shared/security/vectors"
pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the shared vectors are not beside this repository"
)


def json_bodies() -> list[bytes]:
    found = [path.read_bytes() for path in sorted((VECTORS / "JSONTestSuite").glob("test_*/*.json"))]
    assert len(found) >= 318
    return found


def naughty_strings() -> list[str]:
    found = json.loads((VECTORS / "blns/blns.json").read_text("utf-8"))
    assert len(found) >= 500
    return [str(text) for text in found]


def jwks_in(value: Any) -> Iterator[Any]:
    """Every JWK and key set anywhere in a document."""
    if isinstance(value, dict):
        if "kty" in value or "keys" in value:
            yield value
        for inner in value.values():
            yield from jwks_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from jwks_in(inner)


@pytest.mark.parametrize(
    "read",
    [manifest.loads, manifests._in_pieces_or_whole, pointer.loads, pointer.loads_hint, pointer.loads_recent],
)
def test_x13_no_json_body_gets_past_a_reader_or_upsets_it(read: Callable[[bytes], object]) -> None:
    for body in json_bodies():
        try:
            read(body)
        except (manifest.ManifestError, pointer.PointerError):
            continue


def test_x13_no_json_body_is_a_signature() -> None:
    for body in json_bodies():
        with pytest.raises(signature.SignatureError):
            signature.verify(b"document", body, RELEASE_KEYS, purpose=signature.MANIFEST)


def test_x13_no_json_body_is_a_payload_even_when_we_signed_it() -> None:
    """J25: a good signature over claims of any shape."""
    verifier = TokenVerifier([NEW], issuer="i", audience="a")
    header = encoded(
        json.dumps(
            {"alg": "EdDSA", "kid": NEW.kid, "typ": "lyceum-entitlement+jwt"}, separators=(",", ":")
        ).encode()
    )
    for body in json_bodies():
        message = f"{header}.{encoded(body)}"
        token = f"{message}.{encoded(NEW.private().sign(message.encode()))}"
        with pytest.raises(TokenError):
            verifier.verify(token, NOW)


def test_j02_j03_no_key_of_the_wycheproof_sets_is_taken_for_one_of_ours() -> None:
    found = [
        key
        for file in sorted((VECTORS / "wycheproof").glob("*.json"))
        for key in jwks_in(json.loads(file.read_text("utf-8")))
    ]
    assert len(found) >= 40
    for key in found:
        for text in (json.dumps(key), str(key.get("k", "-")), str(key.get("x", "-")), str(key.get("n", "-"))):
            with pytest.raises(ValueError, match=r"seed|holds no key|repeats"):
                token_keys_from_text(text)


def test_x11_no_naughty_string_is_a_token_or_a_signature() -> None:
    verifier = TokenVerifier([NEW], issuer="i", audience="a")
    signer = FolderSigner(b"k" * 32, origin="https://gate.example", lifetime_seconds=60)
    for text in naughty_strings():
        with pytest.raises(TokenError):
            verifier.verify(text, NOW)
        assert signer.opened(text, text, NOW) is None
        assert signer.opened("private/0123abcd", text, NOW) is None
        assert not is_key(text) or text.isascii()


def test_x11_p08_no_naughty_string_opens_a_door(gatekeeper: RunningGatekeeper) -> None:
    """As a name, as a query, as a cookie: never a 5xx, never a private byte."""
    texts = naughty_strings()
    targets = [
        f"{door}{quote(text, safe='')}".encode()
        for text in texts
        for door in ("/gate/parts/", "/gate/read/", "/files/", "/store/", "/gate/parts/demo/paid?")
    ]
    for target, answer in zip(targets, gatekeeper.many(targets), strict=True):
        assert answer.status in {400, 401, 403, 404}, (target, answer.status)
    name = gatekeeper.settings.entitlement_cookie.encode()
    for text in texts:
        raw = text.encode("utf-8", "replace").translate(None, b"\r\n\x00")
        answer = gatekeeper.raw(b"/gate/parts/demo/paid", lines=b"Cookie: " + name + b"=" + raw + b"\r\n")
        assert answer.status in {400, 401}, text
