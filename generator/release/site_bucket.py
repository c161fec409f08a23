"""The public site in a bucket that a website endpoint or a CDN serves: file by file, in an order that never breaks a page.

assets and what else pages need → new pages → changed pages → (the pointer moves) → deletion of what the new release does not have. While
this goes on a reader may meet the new version of one page and the old one of the next, never a page whose assets are missing.

- Assets whose names hold their hash stay for a grace period, since a reader may have an older page open; nothing stays when a lesson stops
  being free (P21).
- Bytes that lie in the private store of the same server already are copied there and do not travel again.
- Objects that no release of ours put there are left alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from gatekeeper.contract import keys
from generator.release import media
from generator.release.parallel import each
from generator.release.public import Progress, Scene
from generator.release.store import ObjectStore


class BucketSite:
    is_gradual = True
    shown = ""

    def __init__(self, store: ObjectStore, *, grace_seconds: int = 0) -> None:
        self.store = store
        self.grace_seconds = grace_seconds

    @property
    def label(self) -> str:
        return self.store.label

    def is_showing(self, release: str) -> bool:
        """True: a bucket cannot know; the notes of unfinished switches say when it may not be so."""
        return True

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """No lock reaches every machine; the conditional pointer decides, and the loser puts the winner's pages back."""
        yield

    def check(self) -> None:
        next(
            self.store.list(""), None
        )  # says whether there is a bucket, which looking for an object does not

    def bring(self, scene: Scene, progress: Progress) -> None:
        wanted = scene.unsettled()
        self._put(scene, (path for path in wanted if not media.is_page(path)), "assets", progress)
        self._put(
            scene,
            (path for path in wanted if media.is_page(path) and scene.is_new(path)),
            "new pages",
            progress,
        )

    def show(self, scene: Scene, progress: Progress) -> None:
        changed = scene.unsettled()
        self._put(
            scene,
            (path for path in changed if media.is_page(path) and not scene.is_new(path)),
            "changed pages",
            progress,
        )

    def clear(self, scene: Scene, keep: Sequence[str], progress: Progress) -> Sequence[str]:
        stays = self.grace_seconds > 0 and not scene.closes
        left = [path for path in scene.leftovers if stays and media.is_hashed(path)]
        kept = frozenset(left)
        each("deletions", [path for path in scene.leftovers if path not in kept], self.store.delete, progress)
        return left

    def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            self.store.delete(path)

    def _put(self, scene: Scene, paths: Iterable[str], step: str, progress: Progress) -> None:
        def put(path: str) -> None:
            file = scene.files[path]
            blob, cache = keys.public_key(file.sha256), media.cache_control(path)
            if not self.store.copy(scene.blobs, blob, path, media_type=file.media_type, cache_control=cache):
                self.store.put(path, scene.body(path), media_type=file.media_type, cache_control=cache)

        each(step, tuple(paths), put, progress)
