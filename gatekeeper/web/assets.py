"""Style, script and picture of the service's pages, served under names that hold their content's hash, so for ever cacheable.

They are read and hashed once at start-up; a request is one look-up in a dictionary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "/account-assets/"
_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    data: bytes
    media_type: str


class Assets:
    """by_name: the name with the hash → the asset."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self.by_name: Mapping[str, Asset] = {}
        self._addresses: Mapping[str, str] = {}
        names: dict[str, Asset] = {}
        addresses: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in _TYPES:
                data = path.read_bytes()
                name = f"{path.stem}.{hashlib.sha256(data).hexdigest()[:16]}{path.suffix}"
                names[name] = Asset(data=data, media_type=_TYPES[path.suffix])
                addresses[path.name] = PREFIX + name
        self.by_name, self._addresses = names, addresses

    def address(self, name: str) -> str:
        """The address of `account.css`. Raises KeyError for an asset that is not there."""
        return self._addresses[name]
