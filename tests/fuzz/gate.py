"""Token, cookie, manifest, path and signature parsers under atheris: only the errors they promise may come out.

    python -m tests.fuzz.gate -max_total_time=600

Exit codes are libFuzzer's: 0 nothing found, 77 something was; the input then lies in `build/fuzz/`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["gatekeeper"]):
    from gatekeeper.contract import manifest, pointer, signature, trust
    from gatekeeper.contract.keys import is_key
    from gatekeeper.gate.lock import Lock
    from gatekeeper.gate.revoked import Revoked
    from gatekeeper.gate.sign import FolderSigner
    from gatekeeper.gate.token import TokenError, TokenVerifier, mint
    from gatekeeper.secrets import Secret, token_key
    from gatekeeper.stores import manifests
    from gatekeeper.turnstile.lane import _name
    from gatekeeper.turnstile.request import Request, environment

from tests.support.tiny_release import RELEASE_KEY, RELEASE_KEYS, tiny_manifest

NOW = 1_800_000_000
KEY = token_key(Secret(bytes(range(32))))
VERIFIER = TokenVerifier([KEY], issuer="i", audience="a", remembered=16)
LOCK = Lock(VERIFIER, Revoked(), cookie="lyceum_entitlement")
TOKEN = mint([KEY], reader="r", session="s", products={"p": None}, now=NOW, issuer="i", audience="a")
SIGNER = FolderSigner(b"k" * 32, origin="https://gate.example", lifetime_seconds=60)
MANIFEST = manifest.dumps(tiny_manifest("https://school.example/"))
SIGNATURE = signature.sign(MANIFEST, RELEASE_KEY, purpose=signature.MANIFEST)
URL = SIGNER.sign("private/0123abcd", media_type="text/html", disposition="inline", now=NOW).url


def spliced(whole: bytes, data: bytes) -> bytes:
    """A good input with some of its bytes replaced by the fuzzer's, so that it comes further than noise does."""
    if len(data) < 3:
        return data
    start = int.from_bytes(data[:2], "big") % len(whole)
    return whole[:start] + data[3:] + whole[start + data[2] :]


def token(data: bytes) -> None:
    for text in (data.decode("latin-1"), spliced(TOKEN.encode(), data).decode("latin-1")):
        try:
            claims = VERIFIER.verify(text, NOW)
        except TokenError:
            continue
        if text != TOKEN:
            raise AssertionError(f"a forged token was taken: {claims}")


def cookie(data: bytes) -> None:
    text = data.decode("latin-1")
    LOCK.reader(text, NOW)
    LOCK.reader(f"a=b; lyceum_entitlement={TOKEN}{text}", NOW)


def described(data: bytes) -> None:
    for document in (data, spliced(MANIFEST, data)):
        outcomes: list[manifest.Manifest | None] = []
        for read in (manifest.loads, manifests._in_pieces_or_whole):
            try:
                outcomes.append(read(document))
            except manifest.ManifestError:
                outcomes.append(None)
        if outcomes[0] != outcomes[1]:
            raise AssertionError("the two readers of manifests disagree")


def pointed(data: bytes) -> None:
    for read in (pointer.loads, pointer.loads_hint, lambda raw: trust.read_pointer(raw, 1, RELEASE_KEYS)):
        try:
            read(data)
        except (pointer.PointerError, trust.TrustError):
            continue


def vouched(data: bytes) -> None:
    for said in (data, spliced(SIGNATURE, data)):
        try:
            signature.verify(MANIFEST, said, RELEASE_KEYS, purpose=signature.MANIFEST)
        except signature.SignatureError:
            continue
        if said != SIGNATURE:
            raise AssertionError("a forged signature was taken")


def path(data: bytes) -> None:
    _name(data)
    is_key(data.decode("latin-1"))
    head, _, value = data.partition(b":")
    environment(Request("GET", data, [(head, value)], {}, "", True), host="h", port=1)


def signed_url(data: bytes) -> None:
    query = URL.partition("?")[2]
    for text in (data.decode("latin-1"), spliced(query.encode(), data).decode("latin-1")):
        if SIGNER.opened("private/0123abcd", text, NOW) is not None and text != query:
            raise AssertionError("a forged query was taken")
        SIGNER.opened(data.decode("latin-1"), text, NOW)


TARGETS: Sequence[Callable[[bytes], None]] = (token, cookie, described, pointed, vouched, path, signed_url)


def one(data: bytes) -> None:
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


def main(arguments: list[str]) -> Any:
    folder = Path("build/fuzz")
    folder.mkdir(parents=True, exist_ok=True)
    atheris.Setup([arguments[0], f"-artifact_prefix={folder}/", *arguments[1:]], one)
    return atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
