"""What a publisher's machine remembers between two publishes, so that the store is asked less. It may be deleted at any time.

    <sha256>            a document of a release: its manifest or its list of public files. A pointer says which digest it wants.
    fit-<sha256>        the store with this address honoured conditions, when, and which pointer was the newest then

Nothing here is believed for itself: a document is what its digest says, and being fit holds for a day and for the same chain of pointers.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gatekeeper.contract import pointer
from gatekeeper.contract.pointer import Pointer

KEPT_DOCUMENTS = 8
_FIT_FOR = timedelta(days=1)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Memory:
    """A folder of this machine; None remembers nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def document(self, sha256: str) -> bytes | None:
        """The document with this digest, if it is remembered and undamaged."""
        if self._folder is None or not _DIGEST.fullmatch(sha256):
            return None
        try:
            data = (self._folder / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """documents: their digests → bytes."""
        for sha256, data in documents.items():
            self._write(sha256, data)
        self._forget_old()

    def is_fit(self, address: str, newest: Pointer, now: datetime) -> bool:
        """Whether the store at `address`, with this newest pointer, was found fit within the last day."""
        if self._folder is None:
            return False
        try:
            moment, number, digest = (self._folder / _fit(address)).read_text("ascii").split()
            age = now - datetime.fromisoformat(moment)
        except (OSError, ValueError, TypeError):
            return False
        if not timedelta(0) <= age < _FIT_FOR or int(number) > newest.number:
            return False
        return int(number) < newest.number or digest == _digest(newest)

    def note_fit(self, address: str, newest: Pointer, now: datetime) -> None:
        moment = now.astimezone(UTC).isoformat()
        self._write(_fit(address), f"{moment} {newest.number} {_digest(newest)}".encode())

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all; a memory that cannot be written is none, and no reason to fail."""
        if self._folder is None:
            return
        temporary = self._folder / f".{secrets.token_hex(8)}"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(data)
                temporary.replace(self._folder / name)
            finally:
                temporary.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            found = [
                (entry.stat().st_mtime_ns, entry.path)
                for entry in os.scandir(self._folder)
                if _DIGEST.fullmatch(entry.name)
            ]
            for _, path in sorted(found, reverse=True)[KEPT_DOCUMENTS:]:
                Path(path).unlink(missing_ok=True)


NO_MEMORY = Memory(None)


def memory_folder(root: Path) -> Path:
    """Where the school at `root` remembers; out of version control, and shared with nobody."""
    return root / ".cache" / "stores"


def _fit(address: str) -> str:
    return f"fit-{hashlib.sha256(address.encode()).hexdigest()}"


def _digest(newest: Pointer) -> str:
    return hashlib.sha256(pointer.dumps(newest)).hexdigest()
