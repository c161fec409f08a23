"""Edition + what readers did → Recommendations: chooses a model, fits it, and makes lists and rows of it.

What is remembered between builds, in the build cache: the NDCG@10 of what was published (`worth.json`), with which the gate compares the
next model, and the table of the choice. A lost cache only means that there is nothing to compare with.

Only lessons that the edition lists take part; private text does so only where school.yml allows it (`content` says how that cannot show).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from generator.access.edition import Edition, LessonEdition
from generator.catalogue.headings import heading_at, plain
from generator.catalogue.model import Lesson
from generator.recommend import candidates, suggesting
from generator.recommend.content import Counted, Traits, alike, by_rank, counted, features
from generator.recommend.evidence import Evidence, evidence
from generator.recommend.gate import FALLBACKS
from generator.recommend.interactions import Interactions
from generator.recommend.material import Material, material, shipped
from generator.recommend.models import neighbours
from generator.recommend.packing import lesson_keys
from generator.recommend.readings import Readings, readings_of
from generator.recommend.recommendations import Recommendations
from generator.recommend.selection import Choice, Said, choose, fit
from generator.recommend.sparse import empty, in_proportion, top_rows

FOLDER = "recommend"
WORTH = "worth.json"
ROW_LONG = 200  # neighbours that a list below a lesson is chosen from


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """recommendations, and how they came about: the choice and what speaks for each pair."""

    recommendations: Recommendations
    choice: Choice
    readings: Readings
    shared: csr_array
    evidence: Evidence


def rank(
    edition: Edition,
    interactions: Interactions,
    cache: Path,
    *,
    said: Said = lambda _what, _done, _of: None,
    remember: bool = True,
) -> Ranked:
    """cache: the build cache's folder. remember: whether the next build is compared with this one."""
    lessons = [lesson for course in edition.courses for lesson in course.lessons]
    readings = readings_of(interactions, lessons)
    place = {lesson.id: number for number, lesson in enumerate(lessons)}
    courses = [(course.id, [place[lesson.id] for lesson in course.lessons]) for course in edition.courses]
    orders = [places for _, places in courses]
    private = edition.school.private_text
    said_by = counted([traits_of(edition.lessons[lesson.id], private) for lesson in lessons])
    contents = contents_of(said_by, private)
    terms = None if private else features(said_by)
    seed = seed_of(readings)
    choice = choose(readings, contents, orders, terms=terms, seed=seed, last=last_worth(cache), said=said)
    made_of = material(readings, contents, orders, terms=terms)
    known, below = _evidence(lessons, made_of, choice)
    lists = suggesting.lists(known, below, readings.counts, courses, seed=seed)
    keys = lesson_keys(place)
    rows = {}
    if choice.chosen is not None:
        rows = suggesting.packed_rows(known, fit(choice.chosen, made_of).weights, keys)
    if remember:
        _remember(cache, choice)
    found = Recommendations(
        model=choice.verdict.published,
        lessons=lists.lessons,
        courses=lists.courses,
        popular=lists.popular,
        rows=rows,
        keys=keys,
    )
    return Ranked(
        recommendations=_with_digest(found),
        choice=choice,
        readings=readings,
        shared=made_of.shared,
        evidence=known,
    )


def contents_of(said_by: Counted, private_text: bool) -> dict[float, csr_array]:
    """Sharpness → how alike the lessons are. private_text: private halves take part, and only the order of neighbours remains."""
    found = {sharpness: alike(said_by, sharpness=sharpness) for sharpness in candidates.SHARPNESSES}
    return {sharpness: by_rank(one) for sharpness, one in found.items()} if private_text else found


def traits_of(lesson: LessonEdition, private_text: bool) -> Traits:
    text = f"{lesson.lesson.title}\n{lesson.lesson.summary}\n{lesson.public_markdown}"
    if private_text and lesson.private_markdown:
        text += f"\n{lesson.private_markdown}"
    lines = lesson.public_markdown.split("\n")
    headings = [
        plain(found.text)
        for number in range(len(lines))
        if lines[number].startswith("#") and (found := heading_at(lines, number, after_blank=True))
    ]
    return Traits(text=text, headings=(lesson.lesson.title, *headings), tags=lesson.lesson.tags)


def seed_of(readings: Readings) -> int:
    """Equal readings, equal lots."""
    digest = hashlib.sha256("\n".join(readings.lessons).encode())
    digest.update(readings.matrix.indices.tobytes())
    digest.update(readings.matrix.indptr.tobytes())
    return int.from_bytes(digest.digest()[:4], "big")


def last_worth(cache: Path) -> float | None:
    """NDCG@10 of what the last build published; None when that is not known."""
    try:
        worth = json.loads((cache / FOLDER / WORTH).read_text(encoding="utf-8"))["ndcg"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(worth) if isinstance(worth, (int, float)) else None


def _evidence(lessons: Sequence[Lesson], made_of: Material, choice: Choice) -> tuple[Evidence, csr_array]:
    """What speaks for each pair, and the weights that lists below lessons are ordered by."""
    orders = made_of.courses
    count = len(lessons)
    content = in_proportion(made_of.contents[_sharpness(choice)])
    behaviour = empty((count, count))
    below = top_rows(content, ROW_LONG)
    if choice.chosen is not None:
        if choice.chosen.family not in FALLBACKS:
            cosine = made_of.evident(neighbours.cosine(made_of.readings).weights)
            behaviour = in_proportion(cosine)
            related = choice.related or choice.chosen
            below = top_rows(related.fit(made_of).weights, ROW_LONG)
        elif choice.chosen.family == "course order":
            order = shipped(choice.chosen.fit(made_of).weights, made_of.readings.counts)
            below = csr_array(order + below * np.float32(0.01))  # texts after the order
        elif choice.chosen.family == "popularity":
            below = empty((count, count))
    return evidence(lessons, orders, behaviour, content), below


def _sharpness(choice: Choice) -> float:
    best = next((one for one in choice.judged if one.family == "content"), None)
    return float(best.name.rpartition(" ")[2]) if best else candidates.SHARPNESSES[0]


def _remember(cache: Path, choice: Choice) -> None:
    if choice.ndcg is None:
        return
    folder = cache / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"model": choice.verdict.published, "ndcg": choice.ndcg})
    (folder / WORTH).write_text(text, encoding="utf-8")


def _with_digest(found: Recommendations) -> Recommendations:
    import dataclasses

    digest = hashlib.sha256(repr((found.model, found.lessons, found.courses, found.popular)).encode())
    for id_ in sorted(found.rows):
        digest.update(id_.encode() + found.rows[id_])
    return dataclasses.replace(found, digest=digest.hexdigest())
