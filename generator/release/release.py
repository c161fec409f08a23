"""The release: a manifest and the objects that it names, public and private half of one build together.

Its id is `YYYYMMDDTHHMMSSZ-<8 hex>`: when it was bundled, and the start of its content digest. The content digest leaves out
id, moment, commit and sources, so that two builds of the same content are recognised as one (nothing is published then).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatekeeper.contract import canonical, keys, manifest, statement
from gatekeeper.contract.access import RuleKind
from gatekeeper.contract.canonical import quoted
from gatekeeper.contract.manifest import Manifest
from generator.errors import StoreError
from generator.release.store import Body, checked_key

LIST_FORMAT = 1
HOME = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateObject:
    """body: what is uploaded, or what gets it when it is needed. sha256: 64 hex digits of its bytes."""

    body: Body | Callable[[], Body]
    sha256: str
    size_bytes: int
    media_type: str

    def content(self) -> Body:
        """Raises StoreError if it cannot be had any more."""
        return self.body() if callable(self.body) else self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFile:
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The texts of which a release's documents are put together, so that none is written twice.

    manifest, public: what they are of. texts: field of the manifest → text. sections: the long ones of these fields → name → member;
    listed: public path → member of the public list. open_lessons: ids of those that everybody may read wholly.
    """

    manifest: Manifest
    public: Mapping[str, PublicFile]
    texts: Mapping[str, str]
    sections: Mapping[str, Mapping[str, str]]
    listed: Mapping[str, str]
    open_lessons: frozenset[str]

    @property
    def described(self) -> bytes:
        """`manifest.json`."""
        return manifest.joined(self.texts)

    @property
    def public_list(self) -> bytes:
        """`public.json`: every public path with its blob's hash, so that any release can be put back without a build."""
        return canonical.document({"files": self._files(self.listed), "format": str(LIST_FORMAT)})

    @property
    def digest(self) -> str:
        """The content digest, see above."""
        fields = self.texts.keys() - {"release", "created", "commit", "sources"}
        described = canonical.braced(canonical.member(name, self.texts[name]) for name in sorted(fields))
        listed = self._files(self.listed.keys() - {statement.PATH})  # it states the three
        return hashlib.sha256(f"[{described},{listed}]\n".encode()).hexdigest()

    def _files(self, paths: Iterable[str]) -> str:
        return canonical.braced(self.listed[path] for path in sorted(paths))


def written(whole: Manifest, public: Mapping[str, PublicFile]) -> Written:
    sections = manifest.sections(whole)
    return Written(
        manifest=whole,
        public=public,
        texts=manifest.texts(whole, sections),
        sections=sections,
        listed={path: _member(path, file) for path, file in public.items()},
        open_lessons=frozenset(
            id_ for id_, one in whole.lessons.items() if one.access.kind is RuleKind.PUBLIC
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """private: key → object. public: path below `folder`, the built site → file. digest: 64 hex digits, see above.

    made: bytes of the public files that are not in the folder, because they were made after the build (see `attest`).
    texts: see `in_writing`.
    """

    id: str
    digest: str
    manifest: Manifest
    private: Mapping[str, PrivateObject]
    public: Mapping[str, PublicFile]
    folder: Path
    made: Mapping[str, bytes] = field(default_factory=dict)
    texts: Written | None = field(default=None, repr=False, compare=False)

    def in_writing(self) -> Written:
        """The texts of its documents; they are written anew unless those at hand are of this very manifest and these very files."""
        at_hand = self.texts
        if at_hand is None or at_hand.manifest is not self.manifest or at_hand.public is not self.public:
            return written(self.manifest, self.public)
        return at_hand

    def with_file(self, path: str, data: bytes, file: PublicFile) -> Release:
        """The same with one more public file, which was made after the build. Its id and digest stay."""
        texts, public = self.in_writing(), {**self.public, path: file}
        listed = {**texts.listed, path: _member(path, file)}
        return replace(
            self,
            public=public,
            made={**self.made, path: data},
            texts=replace(texts, public=public, listed=listed),
        )


def assembled(
    whole: Manifest,
    *,
    private: Mapping[str, PrivateObject],
    public: Mapping[str, PublicFile],
    folder: Path,
    now: datetime,
) -> Release:
    """The release of these halves, begun `now`; the id in `whole` gives way to the one that it gets."""
    texts = written(whole, public)
    digest = texts.digest
    id_ = keys.checked_release(f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:8]}")
    whole = replace(whole, release=id_)
    return Release(
        id=id_,
        digest=digest,
        manifest=whole,
        private=private,
        public=public,
        folder=folder,
        texts=replace(texts, manifest=whole, texts={**texts.texts, "release": quoted(id_)}),
    )


def content_digest(whole: Manifest, public: Mapping[str, PublicFile]) -> str:
    return written(whole, public).digest


def loads_public(data: bytes) -> dict[str, PublicFile]:
    """Raises StoreError for bytes that are not such a list: paths are checked, they become file names."""
    try:
        return public_from_json(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise _not_a_list(error) from error


def public_from_json(raw: Any) -> dict[str, PublicFile]:
    """The list that was parsed to `raw`. Raises StoreError as `loads_public` does."""
    try:
        if raw["format"] != LIST_FORMAT:
            raise ValueError(f"format {raw['format']!r}")
        files = {}
        for path, entry in raw["files"].items():
            keys.public_key(entry["sha256"])
            size_bytes, kind = entry["bytes"], entry["media_type"]
            if type(size_bytes) is not int or size_bytes < 0 or not isinstance(kind, str):
                raise ValueError(f"{path!r} has no size or media type")
            files[checked_key(path)] = PublicFile(
                sha256=entry["sha256"], size_bytes=size_bytes, media_type=kind
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_a_list(error) from error
    return files


def _not_a_list(error: Exception) -> StoreError:
    return StoreError(f"a release's list of public files cannot be understood: {error}", hint="publish again")


def _member(path: str, file: PublicFile) -> str:
    return (
        f'{quoted(path)}:{{"bytes":{file.size_bytes:d},"media_type":{quoted(file.media_type)},'
        f'"sha256":{quoted(file.sha256)}}}'
    )
