"""A cache folder as a snapshot that another machine can take over: which files it holds, and the packs that hold their bytes.

- Files are cut into pieces of at most 4 MiB; small ones lie together in packs, chosen by the hash of their path. So a changed
  lesson changes a pack or two, and a snapshot of ten thousand files is a few hundred objects.
- A snapshot's document is authenticated with a key derived from the school's content key: who can only write to the store cannot
  slip rendered pages to a publisher. Every pack and every file is compared with its digest.
- Paths are relative and stay below the cache folder, whatever a document says.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.contract import canonical
from generator.errors import LyceumError
from generator.site.cache_files import is_shared, shareable

FORMAT = 1
MAXIMUM_BYTES = 16 * 1024**3  # of all files of a snapshot

_PIECE_BYTES = 4 * 1024**2
_SMALL_BYTES = _PIECE_BYTES // 4  # files up to this size share packs
_MAXIMUM_PACK_BYTES = 256 * 1024**2
_LEVEL = 1  # of zlib: the network is seldom faster than what this gives
_DOMAIN = b"lyceum shared cache v1\0"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FORBIDDEN = frozenset(map(chr, (*range(32), 0x7F))) | {"\\"}


class DamagedCacheError(LyceumError):
    """A snapshot is not what was pushed, or was pushed with another content key."""

    exit_code = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`size_bytes` bytes of the file `path`, from `offset` on."""

    path: str
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Pieces one after another. sha256: of their bytes, in hex."""

    sha256: str
    pieces: tuple[Piece, ...]

    @property
    def size_bytes(self) -> int:
        return sum(piece.size_bytes for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """files: path → SHA-256 in hex."""

    id: str
    files: Mapping[str, str]
    packs: tuple[Pack, ...]

    @property
    def size_bytes(self) -> int:
        return sum(pack.size_bytes for pack in self.packs)


def describe(still: Path, id_: str) -> Snapshot:
    """The snapshot of a folder in which nothing changes: the same files give the same packs on every machine."""
    files: dict[str, str] = {}
    small: list[Piece] = []
    groups: list[Sequence[Piece]] = []
    for path, place in shareable(still):
        with place.open("rb") as file:
            files[path] = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if size <= _SMALL_BYTES:
            small.append(Piece(path=path, offset=0, size_bytes=size))
            continue
        groups += [
            (Piece(path=path, offset=at, size_bytes=min(_PIECE_BYTES, size - at)),)
            for at in range(0, size, _PIECE_BYTES)
        ]
    groups += _together(small)
    packs = tuple(
        Pack(sha256=hashlib.sha256(_joined(still, pieces)).hexdigest(), pieces=tuple(pieces))
        for pieces in groups
    )
    return Snapshot(id=id_, files=files, packs=packs)


def packed(still: Path, pack: Pack) -> bytes:
    """The object that holds `pack`."""
    return zlib.compress(_joined(still, pack.pieces), _LEVEL)


def unpack(body: bytes, pack: Pack, still: Path) -> None:
    """Write the pieces of `pack` below `still`. Raises DamagedCacheError before the first byte if `body` is not this pack."""
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(body, pack.size_bytes + 1)  # and no more, whatever it would become
    except zlib.error as error:
        raise _damaged("a pack of the shared cache cannot be unpacked") from error
    if len(content) != pack.size_bytes or hashlib.sha256(content).hexdigest() != pack.sha256:
        raise _damaged("a pack of the shared cache is not what was pushed")
    start = 0
    for piece in pack.pieces:
        target = still / piece.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        with target.open("r+b") as file:
            file.seek(piece.offset)
            file.write(content[start : start + piece.size_bytes])
        start += piece.size_bytes


def verify(still: Path, snapshot: Snapshot) -> None:
    """Raises DamagedCacheError unless `still` holds exactly the files of `snapshot`, byte for byte."""
    found = dict(shareable(still))
    if found.keys() != snapshot.files.keys():
        raise _damaged("the shared cache does not hold the files that it names")
    for path, place in found.items():
        with place.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != snapshot.files[path]:
                raise _damaged(f"a file of the shared cache is not what was pushed: {path}")


def dumps(snapshot: Snapshot, content_key: bytes) -> bytes:
    """The document of `snapshot`: its authentication in hex, a line feed, canonical JSON."""
    body = canonical.dumps(
        {
            "format": FORMAT,
            "id": snapshot.id,
            "files": dict(snapshot.files),
            "packs": [
                [pack.sha256, [[piece.path, piece.offset, piece.size_bytes] for piece in pack.pieces]]
                for pack in snapshot.packs
            ],
        }
    )
    return _mac(content_key, body).hex().encode() + b"\n" + body


def loads(document: bytes, content_key: bytes, id_: str) -> Snapshot:
    """The snapshot `id_`. Raises DamagedCacheError if the document is another's, was changed, or reaches out of the folder."""
    mac, _, body = document.partition(b"\n")
    if not hmac.compare_digest(mac, _mac(content_key, body).hex().encode()):
        raise _damaged("the shared cache was pushed with another content key, or was changed since")
    try:
        value = json.loads(body)
        if value["format"] != FORMAT or value["id"] != id_:
            raise _damaged("the shared cache is another than its name says, or of a newer Lyceum")
        snapshot = Snapshot(
            id=id_,
            files={_checked_path(path): _checked_digest(sha256) for path, sha256 in value["files"].items()},
            packs=tuple(
                Pack(
                    sha256=_checked_digest(sha256),
                    pieces=tuple(_checked_piece(*piece) for piece in pieces),
                )
                for sha256, pieces in value["packs"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged("the shared cache has a document that cannot be read") from error
    if snapshot.size_bytes > MAXIMUM_BYTES or any(
        pack.size_bytes > _MAXIMUM_PACK_BYTES for pack in snapshot.packs
    ):
        raise _damaged("the shared cache is larger than a cache can be")
    return snapshot


def _together(small: Sequence[Piece]) -> list[Sequence[Piece]]:
    """Small files in a power of two of packs, so that growth moves few of them to another pack."""
    wanted = sum(piece.size_bytes for piece in small) // (_PIECE_BYTES // 2)
    count = 1 << max(wanted, 1).bit_length() - 1
    groups: dict[int, list[Piece]] = {}
    for piece in small:
        number = int.from_bytes(hashlib.sha256(piece.path.encode()).digest()[:4], "big") % count
        groups.setdefault(number, []).append(piece)
    return [groups[number] for number in sorted(groups)]


def _joined(still: Path, pieces: Sequence[Piece]) -> bytes:
    found = []
    for piece in pieces:
        with (still / piece.path).open("rb") as file:
            file.seek(piece.offset)
            found.append(file.read(piece.size_bytes))
    return b"".join(found)


def _mac(content_key: bytes, body: bytes) -> bytes:
    own = hmac.new(content_key, _DOMAIN, hashlib.sha256).digest()
    return hmac.new(own, body, hashlib.sha256).digest()


def _checked_path(path: object) -> str:
    if (
        not isinstance(path, str)
        or any(part in {"", ".", ".."} for part in path.split("/"))
        or not _FORBIDDEN.isdisjoint(path)
        or not is_shared(path)
    ):
        raise ValueError("not a path within a cache")
    return path


def _checked_digest(text: object) -> str:
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise ValueError("not a digest")
    return text


def _checked_piece(path: object, offset: object, size_bytes: object) -> Piece:
    if not isinstance(offset, int) or not isinstance(size_bytes, int):
        raise TypeError("not a number of bytes")
    if not 0 <= offset <= MAXIMUM_BYTES or not 0 <= size_bytes <= _MAXIMUM_PACK_BYTES:
        raise ValueError("not a number of bytes")
    return Piece(path=_checked_path(path), offset=offset, size_bytes=size_bytes)


def _damaged(what: str) -> DamagedCacheError:
    return DamagedCacheError(
        what, hint="nothing of it was taken over; 'lyceum cache push --whole' after the build puts it right"
    )
