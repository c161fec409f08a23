"""Site → Release. Who may have what was decided in the edition and written into the build's contents; here it is only handed on (rule R2).

- Lessons: the visible ones and the retired ones, which those who own them may still read. Hidden and upcoming ones are not named.
- A part or file without an access rule, one that is public, one that is not as it was built, a leak check that saw other files or
  found something: nothing is bundled (rule R3).
- Bodies are read when they are asked for: a release of ten thousand lessons is bundled without any of them in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from gatekeeper.contract import canonical, keys, manifest
from generator.errors import LeakError, LyceumError, StoreError
from generator.release import media
from generator.release.release import HOME, PrivateObject, PublicFile, Release, assembled
from generator.release.store import Body, checked_key
from generator.site.build import Site
from generator.site.contents import Contents
from generator.site.leaks import Attestation, public_digest


def bundle(
    site: Site,
    *,
    content_key: bytes,
    now: datetime,
    commit: str,
    attestation: Attestation,
    sources: Mapping[str, str] | None = None,
) -> Release:
    """The release of this build.

    content_key: the school's secret that names private objects, at least 16 bytes. now: with a zone. sources: what it was made of (`generator.products.sources`).
    Raises LeakError when `attestation` is not about these files or states hits, LyceumError for a build that is not whole.
    """
    public = {
        checked_key(path): PublicFile(
            sha256=sha256.hex(), size_bytes=size_bytes, media_type=media.media_type(path)
        )
        for path, (sha256, size_bytes) in sorted(site.digests.items())
    }
    if attestation.hits:
        raise LeakError([f"the leak check states {attestation.hits} hits"])
    if attestation.digest != public_digest({path: file.sha256 for path, file in public.items()}):
        raise LeakError(["the public files are not those that the leak check has read"])
    if HOME not in public:
        raise LyceumError(
            "the built site has no home page", where=str(site.public / HOME), hint="build it again"
        )
    private = _PrivateObjects()
    contents = dict(site.contents)
    contents["parts"] = {
        lesson: private.add(entry, content_key, media.PART, _part(site, lesson))
        for lesson, entry in contents["parts"].items()
    }
    contents["files"] = {
        path: private.add(entry, content_key, media.media_type(path), _file(site, path))
        for path, entry in contents["files"].items()
    }
    moment = now.astimezone(UTC)
    whole = manifest.loads(
        canonical.dumps(
            contents
            | {
                "release": f"{moment:%Y%m%dT%H%M%SZ}-{'0' * 8}",
                "created": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                "commit": commit,
                "attestation": json.loads(canonical.dumps(attestation.to_json())),
                "sources": dict(sources or {}),
            }
        )
    )
    return assembled(whole, private=private.objects, public=public, folder=site.public, now=moment)


class _PrivateObjects:
    """Private objects by key; a body is read when it is uploaded."""

    def __init__(self) -> None:
        self.objects: dict[str, PrivateObject] = {}

    def add(self, entry: Contents, content_key: bytes, media_type: str, body: Callable[[], Body]) -> Contents:
        """The manifest's entry of an object that the contents name."""
        key = keys.private_key(content_key, bytes.fromhex(entry["sha256"]))
        self.objects[key] = PrivateObject(
            body=body, sha256=entry["sha256"], size_bytes=entry["bytes"], media_type=media_type
        )
        return entry | {"key": key, "media_type": media_type}


def _part(site: Site, lesson: str) -> Callable[[], Body]:
    return lambda: site.parts[lesson]


def _file(site: Site, path: str) -> Callable[[], Body]:
    def body() -> Body:
        place = site.files[path]
        if not place.is_file():
            raise StoreError("a private file is no longer there", where=str(place), hint="build it again")
        return place

    return body
