"""What the current release says of what to read next: `assets/recommend/school.json` of the public site, read once a release.

    {"format": 1, "lessons": [[key, id, …], …], "popular": {"all": [place, …]}, "starts": [place, …], "owners": {product: [[place, reason, subject], …]}}

Written by `generator.recommend.publish`. It only orders lessons: titles, addresses and who may read come from the signed manifest, and a
lesson that the manifest does not list is left out. A file that is missing, away or of another format is as none: the page has no such
section. After a failure it is asked for again a minute later.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatekeeper.contract import keys
from gatekeeper.contract.manifest import Manifest
from gatekeeper.errors import StoreError
from gatekeeper.stores.reader import StoreReader

log = logging.getLogger(__name__)

PATH = "assets/recommend/school.json"
FORMAT = 1
AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A lesson's id and why it is suggested: `readers`, `topic`, `next`, `popular` or `start`, and what of."""

    lesson: str
    reason: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """popular: for whoever owns nothing. owners: product → what fits its owners, best first. starts: each course's first lesson."""

    popular: tuple[Suggestion, ...] = ()
    starts: tuple[Suggestion, ...] = ()
    owners: Mapping[str, tuple[Suggestion, ...]] = field(default_factory=dict)


NONE = Suggestions()


class Shelf:
    """Remembers the current release's suggestions; `turn` is called by a thread, so that no page waits for the site.

    is_folder: whether `public` holds each release in a folder of its own.
    """

    def __init__(
        self,
        public: StoreReader,
        *,
        is_folder: bool,
        manifest: Callable[[], Manifest | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._public = public
        self._is_folder = is_folder
        self._manifest = manifest
        self._clock = clock
        self._release = ""
        self._not_before = 0.0
        self.found = NONE

    def turn(self) -> None:
        """Read what the current release says, unless it was read or has failed a moment ago."""
        manifest, now = self._manifest(), self._clock().timestamp()
        if manifest is None or manifest.release == self._release or now < self._not_before:
            return
        folder = keys.site_folder(manifest.release) if self._is_folder else ""
        try:
            data = self._public.get(f"{folder}{PATH}")
            self.found = NONE if data is None else read(data)
            self._release = manifest.release
        except (StoreError, ValueError) as error:
            self._not_before = now + AGAIN_SECONDS
            log.warning("recommendations cannot be read: %s", type(error).__name__)


def read(data: bytes) -> Suggestions:
    """Raises ValueError for anything that is not such a file."""
    try:
        told: Any = json.loads(data)
        if told["format"] != FORMAT:
            return NONE
        ids = [str(lesson[1]) for lesson in told["lessons"]]
        return Suggestions(
            popular=tuple(
                Suggestion(lesson=ids[place], reason="popular") for place in told["popular"]["all"]
            ),
            starts=tuple(Suggestion(lesson=ids[place], reason="start") for place in told.get("starts", ())),
            owners={
                str(product): tuple(
                    Suggestion(lesson=ids[place], reason=str(reason), subject=str(subject))
                    for place, reason, subject in entries
                )
                for product, entries in told["owners"].items()
            },
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("not a file of recommendations") from error
