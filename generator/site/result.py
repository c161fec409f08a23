"""What a build came to, read from the cache and the build folder; quick to import, as a build that changes nothing needs no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from generator.errors import ContentError, Problem
from generator.site import reports
from generator.site.cache import Cache
from generator.site.outputs import MANIFEST, SITE
from generator.site.project import Project

Digest = tuple[bytes, int]  # SHA-256 and size in bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Pages by what was done about them, and output files that were removed."""

    rendered: int = 0
    reused: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A finished build.

    public: the folder that anybody may host. digests: its files → SHA-256 and size. parts: lesson id → HTML of its private half,
    UTF-8. files: path in the manifest → the private file on disk. contents: what a release will list.
    """

    public: Path
    digests: Mapping[str, Digest]
    parts: Mapping[str, bytes]
    files: Mapping[str, Path]
    contents: Mapping[str, Any]
    warnings: tuple[Problem, ...]
    counts: Counts = field(default_factory=Counts)


class _Contents(Mapping[str, Any]):
    """`manifest.json`, read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _read(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self._path.read_bytes())
        return read

    def __getitem__(self, key: str) -> Any:
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


class _Files(Mapping[str, Path]):
    """Where the private files that the contents name lie."""

    def __init__(self, contents: Mapping[str, Any], content: Path) -> None:
        self._contents = contents
        self._content = content

    def __getitem__(self, path: str) -> Path:
        if path not in self._contents["files"]:
            raise KeyError(path)
        return self._content / path

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents["files"])

    def __len__(self) -> int:
        return len(self._contents["files"])


def site_of(project: Project, cache: Cache, *, counts: Counts | None = None) -> Site:
    """What the cache says was built. Raises ContentError for warnings where mkdocs.yml says `strict: true`."""
    warnings = warnings_in(cache)
    if cache.get("strict") and warnings:
        raise ContentError([Problem(p.where, p.what, p.hint) for p in warnings])
    digests = {
        path.removeprefix(SITE): (stamp.sha256, stamp.size)
        for path, stamp in cache.stamps("outputs").items()
        if path.startswith(SITE)
    }
    stored = cache.parts()
    contents = _Contents(project.build / MANIFEST)
    return Site(
        public=project.site,
        digests=digests,
        parts=stored if cache.folder else dict(stored),
        files=_Files(contents, project.content),
        contents=contents,
        warnings=warnings,
        counts=counts or Counts(),
    )


def warnings_in(cache: Cache) -> tuple[Problem, ...]:
    """Every warning of a build, each once, in the order of files and lines; those about pages that were not made again, too."""
    anchors = (reports.of_anchor(page, anchor) for page, anchor in cache.dangling_anchors())
    found = [*cache.problems(), *cache.messages(), *anchors]
    return tuple(sorted(dict.fromkeys(found), key=reports.by_place))
