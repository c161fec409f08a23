"""What a release says of itself, and whether a store's copy of it is still what was said.

- `attested` adds the release statement (see `gatekeeper.contract.statement`) to the public files, signed where there is a key.
- The manifest carries the leak check's attestation with the digest of all public files; so its signature vouches for the public
  list of the release as well. A rollback believes neither without it: whoever can write to the bucket could otherwise have
  private objects named as public ones, and wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from gatekeeper.contract import keys, manifest, statement, trust
from gatekeeper.contract.manifest import Manifest
from gatekeeper.contract.statement import Statement
from generator.errors import LyceumError, StoreError
from generator.release import media
from generator.release.release import PublicFile, Release, loads_public
from generator.release.signing import Signer
from generator.release.stores import Stores
from generator.site.leaks import public_digest


def attested(release: Release, signer: Signer | None) -> Release:
    """`release` with its statement among the public files. Done already, it is `release` itself."""
    if statement.PATH in release.made:
        return release
    if statement.PATH in release.public:
        raise LyceumError(
            "a public file has the name of the release statement",
            where=statement.PATH,
            hint="give it another name",
        )
    whole = release.manifest
    said = Statement(
        release=release.id,
        created=whole.created,
        commit=whole.commit,
        site=whole.site,
        files={path: file.sha256 for path, file in release.public.items()},
    )
    data = statement.dumps(signer.statement(said) if signer else said)
    listed = PublicFile(
        sha256=sha256(data).hexdigest(), size_bytes=len(data), media_type=media.media_type(statement.PATH)
    )
    return release.with_file(statement.PATH, data, listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A release's documents as they lie in the store, and what they say. described: the manifest's bytes; listed: the public list's."""

    described: bytes
    listed: bytes
    manifest: Manifest
    files: Mapping[str, PublicFile]


def trusted(stores: Stores, release: str) -> Trusted:
    """The documents of `release`. Raises StoreError if they are missing, or not what a known key signed and the leak check has read."""
    private = stores.private
    described = private.get(keys.manifest_key(release))
    if described is None:
        raise StoreError(
            f"there is no release {release}", where=private.label, hint="`lyceum releases` lists them"
        )
    try:
        if stores.signer:
            detached = private.get(keys.manifest_signature_key(release))
            trust.check_manifest(described, detached, stores.signer.known)
        whole = manifest.loads(described)
    except (trust.TrustError, manifest.ManifestError) as error:
        raise StoreError(
            f"release {release} is not to be trusted: {error}",
            where=private.label,
            hint="publish from the source; a release of an earlier key needs it in LYCEUM_RELEASE_PUBLIC_KEYS",
        ) from error
    if whole.release != release:
        raise StoreError(f"the manifest of release {release} names another one", hint="publish again")
    listed = private.get(keys.public_list_key(release))
    files = {} if listed is None else loads_public(listed)
    if listed is None or not files:
        raise StoreError(
            f"the public half of release {release} is not in the store",
            where=private.label,
            hint="publish from its source",
        )
    digests = {path: file.sha256 for path, file in files.items() if path != statement.PATH}
    if stores.signer and public_digest(digests) != whole.attestation.get("digest"):
        raise StoreError(
            f"the list of public files of release {release} is not the one that was published",
            where=private.label,
            hint="somebody changed it in the store; publish from the source",
        )
    return Trusted(described=described, listed=listed, manifest=whole, files=files)
