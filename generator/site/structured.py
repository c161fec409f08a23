"""What search engines read of a page: JSON-LD by schema.org. Public facts only; the theme prints it.

Rules: Google's "Subscription and paywalled content" (page-level `isAccessibleForFree`, `hasPart` with a class selector,
never the text itself) and "Course" (offers, hasCourseInstance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from generator.access.edition import LessonEdition
from generator.catalogue.model import Course, Language, School, in_language
from generator.site import money

PART_SELECTOR = ".lyceum-part"

Json = dict[str, object]

_CONTEXT = "https://schema.org"
_TAGS = {"zh": "zh-CN", "en": "en"}  # BCP 47


def language_tag(language: Language) -> str:
    return _TAGS.get(language, language)


def course(
    course: Course,
    *,
    school: School,
    base_url: str,
    cover: str | None,
    minutes: int,
    updated: str | None,
    prices: Sequence[tuple[str, Mapping[str, int], bool]],
) -> Json:
    """prices: address of the checkout, currency → minor units, whether it is a subscription; [] for a free course."""
    facts: Json = {
        "@context": _CONTEXT,
        "@type": "Course",
        "name": course.title,
        "description": course.summary,
        "url": base_url + course.url,
        "inLanguage": language_tag(course.language),
        "educationalLevel": course.level.value,
        "provider": {
            "@type": "Organization",
            "name": in_language(school.name, course.language),
            "url": base_url,
        },
        "isAccessibleForFree": not prices,
        "offers": [
            _offer(url, currency, amount, "Subscription" if subscription else "Paid")
            for url, amounts, subscription in prices
            for currency, amount in money.ordered(amounts, course.language)
        ]
        or [{"@type": "Offer", "category": "Free", "price": "0", "priceCurrency": "USD"}],
        "hasCourseInstance": {
            "@type": "CourseInstance",
            "courseMode": "Online",
            "courseWorkload": duration(minutes),
        },
    }
    if course.outcomes:
        facts["teaches"] = list(course.outcomes)
    if names := _names(school, course.authors, course.language):
        facts["author"] = names
    if cover:
        facts["image"] = base_url + cover
    if updated:
        facts["dateModified"] = updated
    return facts


def lesson(
    edition: LessonEdition, course: Course, *, school: School, base_url: str, cover: str | None
) -> Json:
    it = edition.lesson
    locked = edition.private_markdown is not None
    facts: Json = {
        "@context": _CONTEXT,
        "@type": ["Article", "LearningResource"],
        "headline": it.title,
        "description": it.summary,
        "url": base_url + it.url,
        "inLanguage": language_tag(it.language),
        "educationalLevel": it.level.value,
        "timeRequired": duration(edition.minutes),
        "isPartOf": {
            "@type": ["CreativeWork", "Course"],
            "name": course.title,
            "url": base_url + course.url,
        },
        "isAccessibleForFree": not locked,
    }
    if locked:
        facts["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": PART_SELECTOR,
        }
    if names := _names(school, it.authors or course.authors, it.language):
        facts["author"] = names
    if it.tags:
        facts["keywords"] = list(it.tags)
    if cover:
        facts["image"] = base_url + cover
    if it.updated:
        facts["dateModified"] = it.updated.isoformat()
    return facts


def catalogue(courses: Sequence[Course], *, base_url: str) -> Json:
    return {
        "@context": _CONTEXT,
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "url": base_url + course.url, "name": course.title}
            for position, course in enumerate(courses, 1)
        ],
    }


def absolute(url: str, base_url: str) -> str:
    """`url` itself, or on the site's own origin when it is root-relative."""
    return urljoin(base_url, url)


def duration(minutes: int) -> str:
    """ISO 8601: 75 → `PT1H15M`."""
    hours, rest = divmod(minutes, 60)
    return "PT" + (f"{hours}H" if hours else "") + (f"{rest}M" if rest or not hours else "")


def _offer(url: str, currency: str, amount_minor: int, category: str) -> Json:
    return {
        "@type": "Offer",
        "category": category,
        "price": str(money.decimal_amount(amount_minor, currency)),
        "priceCurrency": currency,
        "availability": f"{_CONTEXT}/InStock",
        "url": url,
    }


def _names(school: School, authors: Sequence[str], language: Language) -> list[Json]:
    return [
        {"@type": "Person", "name": in_language(school.authors[id_].name, language)}
        for id_ in authors
        if id_ in school.authors
    ]
