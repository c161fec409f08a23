"""What a leak check states: which files it looked at and that it found nothing. It travels in the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

TOOL = "lyceum-leaks/1"  # raised whenever the rules of the check change


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """files, size_bytes: what was scanned, as published. phrases: windows, titles, names and canaries searched for.

    digest: `public_digest` of the scanned files, so that anybody can tell whether these files are the ones meant.
    """

    tool: str
    files: int
    size_bytes: int
    phrases: int
    hits: int
    digest: str

    def to_json(self) -> dict[str, object]:
        return {
            "tool": self.tool,
            "files": self.files,
            "bytes": self.size_bytes,
            "phrases": self.phrases,
            "hits": self.hits,
            "digest": self.digest,
        }


def public_digest(files: Mapping[str, str]) -> str:
    """One digest over public path → SHA-256 of its bytes (hex): SHA-256 of `<sha256>  <path>` lines, ordered by path."""
    lines = "".join(f"{files[path]}  {path}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
