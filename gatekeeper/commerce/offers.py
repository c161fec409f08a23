"""What is for sale, read from the current release's manifest and from nowhere else: the price a reader pays is the server's (W11).

A currency that the reader names counts only if the product has a price in it. Otherwise Chinese pages prefer CNY, others USD,
then the product's first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gatekeeper.commerce.money import Money
from gatekeeper.contract.access import RuleKind
from gatekeeper.contract.manifest import LessonEntry, Manifest

_PREFERRED = {"zh": ("CNY", "USD"), "en": ("USD", "EUR", "CNY")}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCourse:
    """A course that a product opens, with the number of its lessons that need the product. url: absolute."""

    title: str
    url: str
    lessons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    product: str
    kind: str
    title: str
    price: Money
    prices: tuple[Money, ...]
    interval: str | None
    refund_days: int
    courses: tuple[OpenedCourse, ...]

    @property
    def lessons(self) -> int:
        return sum(course.lessons for course in self.courses)


def find_offer(
    manifest: Manifest,
    product: str,
    *,
    language: str,
    currency: str | None = None,
    is_payable: Callable[[str], bool] = lambda _: True,
) -> Offer | None:
    """The offer for a product that is sold now; None if there is none, or it has no price above zero.

    is_payable: whether somebody takes this currency. If nobody takes any of the product's, all its prices are shown.
    """
    entry = manifest.products.get(product)
    if entry is None or not entry.active:
        return None
    prices = {code: amount for code, amount in entry.prices.items() if amount > 0}
    if not prices:
        return None
    prices = {code: amount for code, amount in prices.items() if is_payable(code)} or prices
    chosen = currency if currency in prices else preferred_currency(prices, language)
    return Offer(
        product=product,
        kind=entry.kind,
        title=title_of(manifest, product, language),
        price=Money(amount_minor=prices[chosen], currency=chosen),
        prices=tuple(Money(amount_minor=amount, currency=code) for code, amount in sorted(prices.items())),
        interval=entry.interval,
        refund_days=entry.refund_days,
        courses=opened_courses(manifest, product),
    )


def preferred_currency(prices: Iterable[str], language: str) -> str:
    """The currency to begin with; prices: at least one."""
    known = list(prices)
    return next((code for code in _PREFERRED.get(language, ()) if code in known), known[0])


def title_of(manifest: Manifest | None, product: str, language: str) -> str:
    """The product's title in this language, else in its first, else its id: a product may leave the manifest, not the reader."""
    entry = manifest.products.get(product) if manifest is not None else None
    if entry is None or not entry.title:
        return product
    return entry.title.get(language) or next(iter(entry.title.values()))


def opened_lessons(manifest: Manifest, product: str) -> Mapping[str, LessonEntry]:
    """The lessons whose rule lists this product."""
    return {
        id_: lesson
        for id_, lesson in manifest.lessons.items()
        if lesson.access.kind is RuleKind.PRODUCTS and product in lesson.access.products
    }


def opened_courses(manifest: Manifest, product: str) -> tuple[OpenedCourse, ...]:
    """The courses that the product opens lessons of, in the manifest's order."""
    lessons = opened_lessons(manifest, product).values()
    counts: dict[str, int] = {}
    for lesson in lessons:
        counts[lesson.course] = counts.get(lesson.course, 0) + 1
    return tuple(
        OpenedCourse(title=course.title, url=manifest.site + course.url, lessons=counts[id_])
        for id_, course in manifest.courses.items()
        if id_ in counts
    )


def is_covered(manifest: Manifest, product: str, for_ever: Iterable[str]) -> bool:
    """Whether everything the product opens is open already through products held for ever.

    A product that grants `*` also opens what is yet to come, so only itself covers it.
    """
    held = frozenset(for_ever)
    if product in held:
        return True
    entry = manifest.products.get(product)
    if entry is not None and "*" in entry.grants:
        return False
    lessons = opened_lessons(manifest, product)
    return bool(lessons) and all(lesson.access.products & held for lesson in lessons.values())


def lesson_address(manifest: Manifest | None, lesson: str | None) -> str | None:
    """The absolute address of a lesson's page on the public site; None for one that the manifest does not list."""
    if manifest is None or lesson is None or lesson not in manifest.lessons:
        return None
    return manifest.site + manifest.lessons[lesson].url
