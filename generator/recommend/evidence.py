"""What speaks for a suggestion, and what of it a page may say.

Of two lessons it is known how much readers join them (from evident pairs alone) and how much their texts do; the greater one is the reason. A
topic is named by a tag that both have, the rarest; tags are public. When no tag joins them, the reason names no topic: no word of
any text is ever shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from scipy.sparse import csr_array

from generator.catalogue.model import Lesson
from generator.recommend.packing import NO_TAG
from generator.recommend.recommendations import Reason, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """behaviour, content: lessons × lessons, scaled so that they can be compared. following: lesson → the next of its course.

    lessons: in the order of the matrices. rarity: tag in lower case → how much it says.
    """

    lessons: Sequence[Lesson]
    behaviour: csr_array
    content: csr_array
    following: dict[int, int]
    rarity: dict[str, float]

    def row(self, lesson: int) -> Row:
        return Row(
            evidence=self,
            lesson=lesson,
            readers=_row(self.behaviour, lesson),
            texts=_row(self.content, lesson),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Everything that speaks for going on from one lesson. readers, texts: place of the other → how much."""

    evidence: Evidence
    lesson: int
    readers: dict[int, float]
    texts: dict[int, float]

    def reason(self, other: int) -> Reason:
        if self.evidence.following.get(self.lesson) == other:
            return Reason.NEXT
        readers, texts = self.readers.get(other, 0.0), self.texts.get(other, 0.0)
        return Reason.READERS if readers > 0 and readers >= texts else Reason.TOPIC

    def suggestion(self, other: int, *, explored: bool = False) -> Suggestion:
        lessons = self.evidence.lessons
        reason = self.reason(other)
        subject = ""
        if reason is Reason.READERS:
            subject = lessons[self.lesson].id
        elif reason is Reason.TOPIC:
            tag = self.tag(other)
            subject = "" if tag == NO_TAG else lessons[other].tags[tag]
        return Suggestion(lesson=lessons[other].id, reason=reason, subject=subject, explored=explored)

    def tag(self, other: int) -> int:
        """Which of the other's tags this lesson has, too: the rarest, or NO_TAG."""
        own = {tag.casefold() for tag in self.evidence.lessons[self.lesson].tags}
        shared = [
            (self.evidence.rarity[tag.casefold()], -place)
            for place, tag in enumerate(self.evidence.lessons[other].tags[:NO_TAG])
            if tag.casefold() in own
        ]
        return -max(shared)[1] if shared else NO_TAG


def evidence(
    lessons: Sequence[Lesson], courses: Sequence[Sequence[int]], behaviour: csr_array, content: csr_array
) -> Evidence:
    holders = Counter(tag for lesson in lessons for tag in {tag.casefold() for tag in lesson.tags})
    return Evidence(
        lessons=lessons,
        behaviour=behaviour,
        content=content,
        following={first: second for course in courses for first, second in pairwise(course)},
        rarity={tag: log((1 + len(lessons)) / count) for tag, count in holders.items()},
    )


def _row(matrix: csr_array, row: int) -> dict[int, float]:
    here = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return dict(zip(matrix.indices[here].tolist(), matrix.data[here].tolist(), strict=True))
