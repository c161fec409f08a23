"""What the pages' script and the gatekeeper's account page fetch: two kinds of static files, the same for every reader.

    assets/recommend/school.json          the listed lessons with titles, addresses, locks and keys; what is popular; what fits whom
    assets/recommend/rows/<lesson>.bin    what follows from having read one lesson (`packing`), at most 500 bytes

A page asks for the first and for the row of its own lesson, whoever reads it and whatever they read before; the browser keeps the row
beside its history and adds rows up by itself. So no request says more than the page's own did. Everything here is public already: titles, tags
and access of lessons that the edition lists. No count and no date of what readers did is in it.

    {"format": 1, "model": …,
     "courses":  [[id, title, url, language], …],
     "products": [[id, {language: title}, {language: price}, kind, lessons opened, interval], …]
     "lessons":  [[key, id, title, url, course, access, minutes, [product, …], [tag, …]], …]       course, product: places above
     "popular":  {"all" | "new" | "regular": [lesson, …]},                                        places in lessons
     "starts":   [lesson, …],                                                                      each course's first
     "owners":   {product: [[lesson, reason, subject], …]}}                                        for who owns what the product opens

Products are those for sale. A trial has no price and a team's is for many, so neither has one here, and neither is what fits a reader (`fitting`);
they are listed because they open lessons to whoever has them. interval: "month", "year", or "" for what is paid once.

`new` and `regular` are the coarse segment that a browser can tell of itself: first seen less than four weeks ago, or longer.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from generator.access.edition import Edition
from generator.catalogue.model import Lesson, Product, in_language
from generator.recommend.fitting import is_offered
from generator.recommend.packing import lesson_keys
from generator.recommend.recommendations import Reason, Recommendations
from generator.site import money

FOLDER = "assets/recommend/"
SCHOOL = f"{FOLDER}school.json"
ROWS = f"{FOLDER}rows/"
FORMAT = 1
LONGEST = 50  # lessons of one language in a popularity list
FOR_OWNERS = 12
_ACCESS = {"free": 0, "member": 1, "paid": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Popular:
    """Lessons by how many readers took them up lately, most first: of all, of new and of regular readers."""

    all: Sequence[str] = ()
    new: Sequence[str] = ()
    regular: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    lessons: Sequence[Lesson]
    of: Mapping[str, int]
    products: Sequence[str]
    opens: Mapping[str, int] = field(default_factory=dict)


def row_path(lesson: str) -> str:
    return f"{ROWS}{lesson}.bin"


def files(
    found: Recommendations, edition: Edition, opens: Mapping[str, int], popular: Popular | None = None
) -> dict[str, bytes]:
    """Path on the site → bytes. opens: product → how many published lessons it opens."""
    lessons = [lesson for course in edition.courses for lesson in course.lessons]
    places = _Places(
        lessons=lessons,
        of={lesson.id: place for place, lesson in enumerate(lessons)},
        products=[id_ for id_, product in edition.school.products.items() if product.active],
        opens=opens,
    )
    if not lessons:
        return {}
    school = _school(found, edition, places, popular or Popular())
    made = {SCHOOL: json.dumps(school, ensure_ascii=False, separators=(",", ":")).encode()}
    for id_, row in found.rows.items():
        if id_ in places.of:
            made[row_path(id_)] = row
    return made


def _school(found: Recommendations, edition: Edition, places: _Places, popular: Popular) -> dict[str, object]:
    school = edition.school
    keys = dict(found.keys) or lesson_keys(places.of)
    course_places = {course.id: place for place, course in enumerate(edition.courses)}
    product_places = {id_: place for place, id_ in enumerate(places.products)}
    most = popular.all or [one.lesson for one in found.popular]
    return {
        "format": FORMAT,
        "model": found.model,
        "courses": [[course.id, course.title, course.url, course.language] for course in edition.courses],
        "products": [
            [
                id_,
                {
                    language: in_language(school.products[id_].title, language)
                    for language in school.languages
                },
                {language: _price(school.products[id_], language) for language in school.languages}
                if is_offered(school.products[id_])
                else {},
                school.products[id_].kind,
                places.opens.get(id_, 0),
                school.products[id_].interval or "",
            ]
            for id_ in places.products
        ],
        "lessons": [
            [
                keys.get(lesson.id, -1),
                lesson.id,
                lesson.title,
                lesson.url,
                course_places[lesson.course],
                _ACCESS[lesson.access.value],
                edition.lessons[lesson.id].minutes,
                [product_places[id_] for id_ in lesson.products if id_ in product_places],
                list(lesson.tags),
            ]
            for lesson in places.lessons
        ],
        "popular": {
            name: _known(ids, places)
            for name, ids in (
                ("all", most),
                ("new", popular.new or most),
                ("regular", popular.regular or most),
            )
        },
        "starts": [places.of[course.lessons[0].id] for course in edition.courses if course.lessons],
        "owners": {id_: _for_owners(id_, found, places) for id_ in places.products},
    }


def _price(product: Product, language: str) -> str:
    currency, amount = money.ordered(product.prices, language)[0]
    return money.price_text(amount, currency, language)


def _known(ids: Iterable[str], places: _Places) -> list[int]:
    return [places.of[id_] for id_ in ids if id_ in places.of]


def _for_owners(product: str, found: Recommendations, places: _Places) -> list[list[object]]:
    """What the lists of the lessons that a product opens agree on: first places count most; its own lessons are left out."""
    own = {lesson.id for lesson in places.lessons if product in lesson.products}
    worth: Counter[str] = Counter()
    why: dict[str, tuple[float, str, str]] = defaultdict(lambda: (0.0, "", ""))
    for id_ in own:
        for place, one in enumerate(found.lessons.get(id_, ())):
            if one.lesson in own or one.lesson not in places.of or one.reason is Reason.NEXT:
                continue
            share = 1 / (1 + place)
            worth[one.lesson] += share  # type: ignore[assignment]
            why[one.lesson] = max(why[one.lesson], (share, one.reason.value, one.subject))
    best = sorted(worth, key=lambda id_: (-worth[id_], places.of[id_]))[:FOR_OWNERS]
    return [[places.of[id_], why[id_][1], _subject(why[id_][1], why[id_][2], places)] for id_ in best]


def _subject(reason: str, subject: str, places: _Places) -> str:
    """Of readers' ways the title of the lesson that they came from, if it is listed; else the topic itself."""
    if reason != Reason.READERS.value:
        return subject
    return places.lessons[places.of[subject]].title if subject in places.of else ""
