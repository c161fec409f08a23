"""Where the public site is shown, and how one release takes another's place there.

A change of scene has three steps: `bring` what nobody sees yet, `show` it, and, after the pointer has moved, `clear` what the new release
does not have. In a folder `show` is one atomic step. A bucket changes file by file; so a note in the private store
says which releases could be mixed there until the change is complete, and the next publisher puts right what a killed one left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generator.release.release import PublicFile
from generator.release.store import Body, ObjectStore

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What shall be shown and what could be there now.

    before: the public files of every release that could be there, wholly or in part. body: a path's bytes. blob: a file on this machine's
    disk that holds the bytes with this SHA-256 and never changes, if there is one. blobs: the store that holds every public file by content.
    closes: something that was free is no longer, so that nothing older may stay public.
    """

    release: str
    files: Mapping[str, PublicFile]
    before: Sequence[Mapping[str, PublicFile]]
    body: Callable[[str], Body]
    blob: Callable[[str], Path | None]
    blobs: ObjectStore
    closes: bool = False

    def is_new(self, path: str) -> bool:
        return all(path not in files for files in self.before)

    def unsettled(self) -> list[str]:
        """Paths that do not surely show what they shall, sorted."""
        if not self.before:
            return sorted(self.files)
        found: set[str] = set()
        for files in self.before:
            for path, file in self.files.items():
                now = files.get(path)
                if now is None or now.sha256 != file.sha256 or now.media_type != file.media_type:
                    found.add(path)
        return sorted(found)

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Paths that shall be there no longer (attack case P21)."""
        return tuple(sorted({path for files in self.before for path in files} - self.files.keys()))


class PublicSite(Protocol):
    @property
    def label(self) -> str: ...

    @property
    def is_gradual(self) -> bool:
        """Whether `show` is many steps, so that an interrupted one leaves a mixture."""

    @property
    def grace_seconds(self) -> int:
        """How long what `clear` leaves may stay."""

    @property
    def shown(self) -> str:
        """The release that is shown, "" where this place cannot know by itself."""

    def is_showing(self, release: str) -> bool:
        """Whether `release` is shown, as far as this place can know by itself."""

    def turn(self) -> AbstractContextManager[None]:
        """Held while the scene changes and the pointer moves, so that publishers on one machine take turns."""

    def check(self) -> None:
        """Raises StoreError if nothing can be put here, before anything is uploaded."""

    def bring(self, scene: Scene, progress: Progress) -> None: ...

    def show(self, scene: Scene, progress: Progress) -> None: ...

    def clear(self, scene: Scene, keep: Sequence[str], progress: Progress) -> Sequence[str]:
        """Remove what the scene does not have; returns the paths that stay for a while. keep: releases whose own folder, if they have one
        here, must stay."""

    def remove(self, paths: Sequence[str]) -> None:
        """Delete what an earlier `clear` left."""
