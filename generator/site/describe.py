"""What the templates print of a page: its front matter. Public facts only, from the edition's public side (rule R2).

The shapes are what the theme reads; every page has `lyceum.kind` and `lyceum.language`, the language of its interface.
URLs are relative to the site's root, except those of the checkout.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from generator.access.edition import Edition, LessonEdition
from generator.catalogue.model import Access, Course, Language, Lesson, Status, in_language
from generator.recommend.lists import NO_LISTS, Lists, Shown
from generator.site import address, structured
from generator.site.navigation import NEIGHBOUR
from generator.site.offers import Offer, Offers

Meta = dict[str, object]

TAGS_TITLE = {"zh": "标签", "en": "Tags"}


class Descriptions:
    """The front matter of every page of an edition. base_url: with a final slash."""

    def __init__(self, edition: Edition, offers: Offers, base_url: str, lists: Lists = NO_LISTS) -> None:
        self._edition = edition
        self._lists = lists
        self._school = edition.school
        self._offers = offers
        self._base_url = base_url
        self._courses = {course.id: course for course in edition.courses}
        self._upcoming: dict[str, list[Lesson]] = {}
        for lesson in edition.upcoming:
            self._upcoming.setdefault(lesson.course, []).append(lesson)
        self._positions = {
            lesson.id: number for course in edition.courses for number, lesson in enumerate(course.lessons, 1)
        }
        self._orders = {
            course.id: {lesson.id: place for place, lesson in enumerate(course.lessons)}
            for course in self._school.courses
        }

    def course_of(self, lesson: Lesson) -> Course | None:
        return self._courses.get(lesson.course)

    def listed(self, course: Course) -> tuple[Lesson, ...]:
        """The course's published and announced lessons in reading order."""
        order = self._orders.get(course.id, {})
        return tuple(
            sorted(
                (*course.lessons, *self._upcoming.get(course.id, ())),
                key=lambda lesson: order.get(lesson.id, 0),
            )
        )

    def lesson(self, shown: LessonEdition) -> Meta:
        """A published or retired lesson."""
        lesson, course = shown.lesson, self._courses[shown.lesson.course]
        retired = lesson.status is Status.RETIRED
        facts = self._lesson_facts(lesson, course) | {
            "outline": [{"level": entry.level, "title": entry.title} for entry in shown.outline],
            "offers": self._lesson_offers(lesson),
            "products": list(lesson.products),
            "jsonld": structured.lesson(
                shown, course, school=self._school, base_url=self._base_url, cover=self.cover(course)
            ),
        }
        if not retired:
            if tags := self._tag_links(lesson):
                facts["tags"] = tags
            if after := self._next_free(lesson, course):
                facts["next_free"] = {"title": after.title, "url": after.url}
            facts |= self._related(self._lists.lessons.get(lesson.id), lesson.language)
        hidden_from_search = retired or lesson.search_exclude
        return self._page(
            lesson.title,
            lesson.summary,
            "lesson.html",
            facts,
            tags=() if retired else lesson.tags,
            search=not hidden_from_search,
        )

    def upcoming(self, lesson: Lesson) -> Meta:
        """An announced lesson: title, summary, date and tags, and nothing else of it."""
        course = self._courses[lesson.course]
        facts = self._lesson_facts(lesson, course) | {"outline": [], "offers": [], "products": []}
        if tags := self._tag_links(lesson):
            facts["tags"] = tags
        if free := next((other for other in course.lessons if other.access is Access.FREE), None):
            facts["next_free"] = {"title": free.title, "url": free.url}
        return self._page(
            lesson.title,
            lesson.summary,
            "lesson.html",
            facts,
            tags=lesson.tags,
            search=not lesson.search_exclude,
        )

    def course(self, course: Course) -> Meta:
        offers = self._offers.of(course.products, course.language)
        summary = self._course_summary(course)
        facts: Meta = {
            "kind": "course",
            "language": course.language,
            "course": summary
            | {
                "authors": [
                    {
                        "name": in_language(author.name, course.language),
                        "bio": in_language(author.bio, course.language),
                    }
                    for author in (
                        self._school.authors[id_] for id_ in course.authors if id_ in self._school.authors
                    )
                ],
                "outcomes": list(course.outcomes),
                "prerequisites": [
                    {"title": before.title, "url": before.url}
                    for before in (self._courses[id_] for id_ in course.prerequisites if id_ in self._courses)
                ],
            },
            "lessons": [self._row(lesson) for lesson in self.listed(course)],
            "offers": offers,
            "jsonld": structured.course(
                course,
                school=self._school,
                base_url=self._base_url,
                cover=self.cover(course),
                minutes=self._minutes(course),
                updated=self._updated(course),
                prices=self._course_prices(course),
            ),
        } | self._related(self._lists.courses.get(course.id), course.language)
        return self._page(course.title, course.summary, "course.html", facts, hide=("navigation", "toc"))

    def catalogue(self, language: Language) -> Meta:
        courses = self._in_order_for(language)
        facts: Meta = {
            "kind": "catalogue",
            "language": language,
            "school": {
                "name": in_language(self._school.name, language),
                "summary": in_language(self._school.summary, language),
            },
            "courses": [
                self._course_summary(course)
                | {
                    "url": course.url,
                    "language": course.language,
                    "tags": sorted({tag for lesson in course.lessons for tag in lesson.tags}),
                }
                | _present(from_price=self._offers.from_price(course.products, language))
                for course in courses
            ],
            "bundles": self._offers.wholesale(language),
            "jsonld": structured.catalogue(courses, base_url=self._base_url),
        }
        return self._page(
            in_language(self._school.name, language),
            in_language(self._school.summary, language),
            "catalogue.html",
            facts,
            hide=("navigation", "toc"),
            search=False,
        )

    def tags(self, language: Language) -> Meta:
        """Every tag with its lessons, tags in alphabetical order, lessons in the order of the school."""
        lessons: dict[str, list[Meta]] = {}
        for course in self._edition.courses:
            for lesson in self.listed(course):
                entry: Meta = {"title": lesson.title, "url": lesson.url, "course": course.title}
                for tag in lesson.tags:
                    lessons.setdefault(tag, []).append(entry)
        facts: Meta = {
            "kind": "tags",
            "language": language,
            "tags": [
                {"name": tag, "id": tag_id(tag), "lessons": lessons[tag]}
                for tag in sorted(lessons, key=lambda tag: (tag.casefold(), tag))
            ],
        }
        title = self.tags_title(language)
        return self._page(title, "", "tags.html", facts, hide=("navigation", "toc"), search=False)

    @staticmethod
    def tags_title(language: Language) -> str:
        return TAGS_TITLE.get(language, TAGS_TITLE["en"])

    def catalogue_title(self, language: Language) -> str:
        return in_language(self._school.name, language)

    def neighbour(self, lesson: Lesson) -> Meta:
        """What other pages show of a listed lesson: some of the facts that its own page has (`navigation.NEIGHBOUR`)."""
        facts = self._lesson_facts(lesson, self._courses[lesson.course])
        return {name: fact for name, fact in facts.items() if name in NEIGHBOUR}

    @staticmethod
    def neighbouring_course(course: Course) -> Meta:
        """What other pages show of a course's landing page."""
        return {
            "kind": "course",
            "language": course.language,
            "course": {"id": course.id, "title": course.title, "url": course.url},
        }

    def redirect(self, target: Lesson) -> Meta:
        facts: Meta = {"kind": "redirect", "language": target.language, "target": target.url}
        return self._page(target.title, "", "redirect.html", facts, search=False)

    def cover(self, course: Course) -> str | None:
        """The site-relative address of the course's picture, if it is public."""
        if course.cover is None or course.cover not in self._edition.public_files:
            return None
        return address.file_url(course.cover)

    def _page(
        self,
        title: str,
        description: str,
        template: str | None,
        facts: Meta,
        *,
        tags: Iterable[str] = (),
        hide: Iterable[str] = (),
        search: bool = True,
    ) -> Meta:
        meta: Meta = {"title": title} | _present(description=description or None, template=template)
        if tags := list(tags):
            meta["tags"] = tags
        if hide := list(hide):
            meta["hide"] = hide
        if not search:
            meta["search"] = {"exclude": True}
        return meta | {"lyceum": facts}

    def _lesson_facts(self, lesson: Lesson, course: Course) -> Meta:
        shown = self._edition.lessons.get(lesson.id)
        is_retired = shown is not None and lesson.status is Status.RETIRED
        facts: Meta = {
            "kind": "lesson",
            "language": lesson.language,
            "id": lesson.id,
            "access": lesson.access.value,
            "locked": shown is not None and shown.private_markdown is not None,
            "state": "upcoming" if shown is None else "retired" if is_retired else "published",
            "course": {"id": course.id, "title": course.title, "url": course.url}
            | _present(cover=self.cover(course)),
            "level": lesson.level.value,
            "authors": [
                in_language(self._school.authors[id_].name, lesson.language)
                for id_ in lesson.authors or course.authors
                if id_ in self._school.authors
            ],
        }
        if shown is not None and lesson.id in self._positions:
            facts |= {"number": self._positions[lesson.id], "count": len(course.lessons)}
        return facts | _present(
            section=lesson.section,
            minutes=shown.minutes if shown else None,
            updated=lesson.updated.isoformat() if lesson.updated else None,
            publish_at=None if shown else _moment(lesson.publish_at),
        )

    def _tag_links(self, lesson: Lesson) -> list[Meta]:
        page = address.url_of(address.TAGS)
        return [{"name": tag, "url": f"{page}#{quote(tag_id(tag), safe=':')}"} for tag in lesson.tags]

    def _row(self, lesson: Lesson) -> Meta:
        """A lesson in its course's list."""
        shown = self._edition.lessons.get(lesson.id)
        row: Meta = {
            "id": lesson.id,
            "title": lesson.title,
            "url": lesson.url,
            "access": lesson.access.value,
            "summary": lesson.summary,
            "state": "published" if shown else "upcoming",
            "locked": shown is not None and shown.private_markdown is not None,
        }
        return row | _present(
            minutes=shown.minutes if shown else None,
            publish_at=None if shown else _moment(lesson.publish_at),
            section=lesson.section,
        )

    def _related(self, shown: Shown | None, language: Language) -> Meta:
        """What to read next, and the product that opens most of it."""
        if shown is None:
            return {}
        facts: Meta = {"related": list(shown.entries)} | _present(has_row=shown.has_row or None)
        if shown.fits:
            product, count = shown.fits
            for offer in self._offers.of([product], language):
                facts["fits"] = {"offer": offer, "count": count}
        return facts

    def _lesson_offers(self, lesson: Lesson) -> list[Offer]:
        if lesson.access is not Access.PAID:
            return []
        return self._offers.of(lesson.products, lesson.language, lesson.id)

    def _course_summary(self, course: Course) -> Meta:
        return {
            "id": course.id,
            "title": course.title,
            "summary": course.summary,
            "level": course.level.value,
            "minutes": self._minutes(course),
            "lessons": len(course.lessons),
            "free": sum(lesson.access is Access.FREE for lesson in course.lessons),
            "authors": [
                in_language(self._school.authors[id_].name, course.language)
                for id_ in course.authors
                if id_ in self._school.authors
            ],
        } | _present(cover=self.cover(course), updated=self._updated(course))

    def _course_prices(self, course: Course) -> list[tuple[str, dict[str, int], bool]]:
        cards = {card["product"]: card["buy"] for card in self._offers.of(course.products, course.language)}
        return [
            (
                structured.absolute(str(buy), self._base_url),
                dict(self._school.products[str(id_)].prices),
                self._school.products[str(id_)].interval is not None,
            )
            for id_, buy in cards.items()
            if self._school.products[str(id_)].seats
            is None  # the price of a seat is not what the course costs
        ]

    def _minutes(self, course: Course) -> int:
        return sum(self._edition.lessons[lesson.id].minutes for lesson in course.lessons)

    def _updated(self, course: Course) -> str | None:
        dates = [lesson.updated for lesson in course.lessons if lesson.updated]
        return max(dates).isoformat() if dates else None

    def _in_order_for(self, language: Language) -> list[Course]:
        """The courses in the page's language first, otherwise as the author ordered them."""
        return sorted(self._edition.courses, key=lambda course: course.language != language)

    def _next_free(self, lesson: Lesson, course: Course) -> Lesson | None:
        later = course.lessons[self._positions[lesson.id] :]
        return next((other for other in later if other.access is Access.FREE), None)


def tag_id(tag: str) -> str:
    """The id of a tag's heading on the page of tags, another one for every tag: `c`, `c++` and `C` are three."""
    return "tag:" + "".join(_id_sign(sign) for sign in tag)


def _id_sign(sign: str) -> str:
    if sign == " ":
        return "_"
    return sign if sign.isalnum() or sign == "-" else f".{ord(sign):x}."


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _present(**facts: object) -> Meta:
    """The facts that are there."""
    return {name: fact for name, fact in facts.items() if fact is not None}
