"""What pages tell the gatekeeper about reading, and under which promise to the reader.

    POST /api/signals    {"v": 1, "reader": "…", "events": [{"id": "…", "kind": "view", "lesson": "rust/traits", "age": 1200}]}

- `reader`: a random name that this browser made for itself after its reader agreed; under `anonymous` one that lives as long as the page.
  With `"forget": true` and no events, everything that was told under this name is deleted.
- `id`: a random name of the event; telling it twice counts once. `age`: milliseconds between the event and the telling, by the page's
  own clock; the time that is kept is the gatekeeper's.
- `value`: depth, the share of the page seen; time, seconds read; search, the number of results. `list` and `place` (from 1): where a
  clicked recommendation stood. `variant`: what the browser was shown.
"""

from __future__ import annotations

from enum import StrEnum

VERSION = 1
KINDS = ("view", "depth", "time", "finished", "search", "copied", "clicked", "bought", "comment")
TOLD_BY_PAGES = frozenset(KINDS) - {"comment"}
MOST_EVENTS = 100  # in one telling
OLDEST_SECONDS = 86_400  # an event that waited longer in a page is not told


class Privacy(StrEnum):
    """The school's setting. NONE: nothing is told. CONSENT: after the reader agreed. ANONYMOUS: nothing that joins two pages."""

    NONE = "none"
    CONSENT = "consent"
    ANONYMOUS = "anonymous"

    @classmethod
    def of(cls, value: object) -> Privacy:
        """What a manifest says; anything unknown is NONE."""
        return cls(value) if isinstance(value, str) and value in tuple(cls) else cls.NONE
