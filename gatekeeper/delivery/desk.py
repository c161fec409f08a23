"""One question for all ways of delivery: may this reader have this part or file?

The answer is the gate's: the same manifest and the same lock. An object is named as in the gate's own addresses
(`/gate/parts/<lesson>`, `/files/<path>`), whole, letter for letter; nothing is decided on a prefix.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from gatekeeper.contract import routes
from gatekeeper.contract.access import Entitlements, Reason
from gatekeeper.contract.manifest import Manifest, ObjectEntry
from gatekeeper.gate.labels import labels
from gatekeeper.gate.library import Library
from gatekeeper.gate.lock import Lock
from gatekeeper.gate.sign import SignedUrl, UrlSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object of the current release. name: the file name that a reader sees. refusal: None if this reader may have it."""

    entry: ObjectEntry
    name: str
    refusal: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Looks into the current release, asks the lock, signs what is granted."""

    library: Library
    lock: Lock
    signer: UrlSigner

    def find(self, address: str, reader: Entitlements | None, now: int) -> Found | None:
        """The object behind one of the gate's addresses, decoded; None if the release has none there."""
        manifest = self.library.manifest
        if manifest is None:
            return None
        for root, entries, ending in (
            (routes.PARTS, manifest.parts, ".html"),
            (routes.FILES, manifest.files, ""),
        ):
            name = address[len(root) :]
            if address == root + name and (entry := entries.get(name)) is not None:
                return self.judge(entry, name.rpartition("/")[2] + ending, reader, now)
        return None

    def judge(self, entry: ObjectEntry, name: str, reader: Entitlements | None, now: int) -> Found:
        return Found(entry=entry, name=name, refusal=self.lock.refusal(entry.access, reader, now))

    def sign(self, found: Found, now: int) -> SignedUrl:
        if found.refusal is not None:
            raise ValueError("nothing is signed for a reader who may not have it")
        media_type, disposition = labels(found.entry, found.name)
        return self.signer.sign(found.entry.key, media_type=media_type, disposition=disposition, now=now)

    def manifest(self) -> Manifest | None:
        return self.library.manifest


def status(refusal: Reason) -> HTTPStatus:
    return HTTPStatus.UNAUTHORIZED if refusal is Reason.ANONYMOUS else HTTPStatus.FORBIDDEN
