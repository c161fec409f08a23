"""What a build recommends: for each lesson and course what to read next and why, and a row for the reader's own browser.

Rules:
- Only lessons that the edition lists are named: no draft, no announced, hidden or retired lesson, neither as a subject nor in a
  row. Whether somebody may open one is the page's matter: locked ones may be recommended and are shown as locked.
- A reason's text is public: a lesson's id, a tag or a heading that stands on a public page. No number is part of it.
- A row is the model's public half: weights of the lessons that follow from having read this one, packed by `packing`. A
  reader's score is the sum of the rows of what that reader has read, which the browser works out by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why a lesson is suggested. Its place in this order is stored in packed rows; never renumber."""

    READERS = "readers"  # readers who finished the subject, a lesson's id, went on to this
    TOPIC = "topic"  # same topic: the subject, a tag or heading as the author wrote it; "" when only the words are alike
    NEXT = "next"  # next in this course
    POPULAR = "popular"  # read by many lately


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A lesson and why. explored: it stands there to be tried, not because it scored best (one in ten)."""

    lesson: str
    reason: Reason
    subject: str = ""
    explored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations:
    """model: what was published. lessons, courses: id → what to read next, best first; a course's is for somebody at its end.

    popular: what a reader without history and the holdout see. rows: lesson id → its packed row; lessons with none are left
    out, and all are when the model is not personal. keys: lesson id → its key in rows. digest: of everything above.
    """

    model: str
    lessons: Mapping[str, tuple[Suggestion, ...]]
    courses: Mapping[str, tuple[Suggestion, ...]]
    popular: tuple[Suggestion, ...]
    rows: Mapping[str, bytes] = field(default_factory=dict)
    keys: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""


NOTHING = Recommendations(model="none", lessons={}, courses={}, popular=())
