"""What speaks for a lesson's list, for its author's eyes: nothing of it is published."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from generator.errors import SettingsError
from generator.recommend.ranking import Ranked
from generator.recommend.recommendations import Reason, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One suggestion. readers: who took up both lessons, 0 for fewer than five. behaviour, text: how much each says; rows add up to 1 on average."""

    lesson: str
    why: str
    reason: Reason
    explored: bool
    readers: int
    behaviour: float
    text: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """readers: who took up the lesson. row_bytes: of its packed row, 0 without one."""

    lesson: str
    model: str
    readers: int
    row_bytes: int
    suggestions: tuple[Spoken, ...]


def explained(ranked: Ranked, lesson: str) -> Explanation:
    """Raises SettingsError for a lesson that the school does not list."""
    places = {one.id: place for place, one in enumerate(ranked.evidence.lessons)}
    if lesson not in places:
        near = get_close_matches(lesson, places, n=1)
        raise SettingsError(
            f"the school lists no lesson '{lesson}'",
            hint=f"did you mean '{near[0]}'?"
            if near
            else "a lesson's id is <course>/<file name without number>",
        )
    place = places[lesson]
    found = ranked.recommendations
    row = ranked.evidence.row(place)

    def spoken(one: Suggestion) -> Spoken:
        other = places[one.lesson]
        return Spoken(
            lesson=one.lesson,
            why=_why(one),
            reason=one.reason,
            explored=one.explored,
            readers=int(ranked.shared[place, other]),
            behaviour=row.readers.get(other, 0.0),
            text=row.texts.get(other, 0.0),
        )

    return Explanation(
        lesson=lesson,
        model=found.model,
        readers=int(ranked.readings.counts[place]),
        row_bytes=len(found.rows.get(lesson, b"")),
        suggestions=tuple(map(spoken, found.lessons.get(lesson, ()))),
    )


def _why(one: Suggestion) -> str:
    if one.reason is Reason.TOPIC:
        return f"same topic: {one.subject}" if one.subject else "on a similar topic"
    return {
        Reason.READERS: f"readers of {one.subject} went on to this",
        Reason.NEXT: "next in this course",
    }.get(one.reason, "read by many lately")
