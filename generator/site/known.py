"""The school as the cache knows it: looked up one by one, in the shapes in which a whole build has them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from generator.access.references import Targets
from generator.site.cache import Cache
from generator.site.links import Directory, Target

_CONFIGURATION = frozenset({"course.yml", "school.yml"})


class _Entries:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def get(self, path: str, /) -> tuple[Target, str] | None:
        found = self._cache.entry(path)
        return None if found is None else (Target(found[0]), found[1])


class _Lessons(Mapping[PurePosixPath, bool]):
    """Lesson → whether readers can open it now."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def __getitem__(self, path: PurePosixPath) -> bool:
        found = self._cache.entry(path.as_posix()) if path.suffix == ".md" else None
        if found is None:
            raise KeyError(path)
        return found[0] == Target.PAGE

    def __iter__(self) -> Iterator[PurePosixPath]:
        for path in self._cache.directory_paths():
            if path.endswith(".md"):
                yield PurePosixPath(path)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Files(Mapping[PurePosixPath, int]):
    """Attachment → its size."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def __getitem__(self, path: PurePosixPath) -> int:
        stamp = self._cache.stamp("sources", path.as_posix()) if is_attachment(path.as_posix()) else None
        if stamp is None:
            raise KeyError(path)
        return stamp.size

    def __iter__(self) -> Iterator[PurePosixPath]:
        return (PurePosixPath(path) for path in self._cache.stamps("sources") if is_attachment(path))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Folders(frozenset[PurePosixPath]):
    """The folders that hold a lesson or an attachment, somewhere below them."""

    _cache: Cache

    @classmethod
    def of(cls, cache: Cache) -> _Folders:
        made = cls()
        made._cache = cache
        return made

    def __contains__(self, path: object) -> bool:
        return isinstance(path, PurePosixPath) and any(
            is_attachment(found) or self._cache.entry(found) is not None
            for found in self._cache.sources_below(path.as_posix())
        )


def is_attachment(path: str) -> bool:
    """Whether a file of the content folder is neither Markdown nor configuration."""
    name = path.rpartition("/")[2]
    return not name.lower().endswith(".md") and name not in _CONFIGURATION


def directory(cache: Cache) -> Directory:
    return Directory(_Entries(cache))


def targets(cache: Cache, content: Path) -> Targets:
    return Targets(root=content, lessons=_Lessons(cache), files=_Files(cache), folders=_Folders.of(cache))
