"""The two stores of a school, and the key that vouches for what is put there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatekeeper.contract import keys
from generator.release.folder import FolderStore
from generator.release.memory import NO_MEMORY, Memory
from generator.release.public import PublicSite
from generator.release.signing import Signer
from generator.release.store import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """private: releases, pointers, private objects and blobs of public files. public: where the site is shown.

    signer: None where releases are read only, or where unsigned ones are allowed. memory: of this machine.
    """

    private: ObjectStore
    public: PublicSite
    signer: Signer | None = None
    memory: Memory = NO_MEMORY

    def blob(self, sha256: str) -> Path | None:
        """The public blob as a file on this machine that may be hard-linked, if the private store is a folder."""
        if isinstance(self.private, FolderStore):
            return self.private.path(keys.public_key(sha256))
        return None
