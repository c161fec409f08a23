"""What is for sale, read from the current release's manifest and from nowhere else: the price a reader pays is the server's (W11).

The price of a team is that of a seat times the seats; a coupon is taken off what that makes.

A currency that the reader names counts only if the product has a price in it. Otherwise Chinese pages prefer CNY, others USD,
then the product's first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gatekeeper.commerce.coupons import rules
from gatekeeper.commerce.coupons.uses import AppliedCoupon
from gatekeeper.commerce.money import Money
from gatekeeper.contract.access import RuleKind
from gatekeeper.contract.manifest import LessonEntry, Manifest
from gatekeeper.contract.products import GRACE_DAYS, Seats

_PREFERRED = {"zh": ("CNY", "USD"), "en": ("USD", "EUR", "CNY")}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCourse:
    """A course that a product opens, with the number of its lessons that need the product. url: absolute."""

    title: str
    url: str
    lessons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """price: to be paid. full_price: without the coupon; unit_price: of one seat, or the same. prices: of one, in each currency.

    seats: how many are bought, of seat_limits; None for what is no team's. grace_days: None for the usual ones.
    """

    product: str
    kind: str
    title: str
    price: Money
    full_price: Money
    unit_price: Money
    prices: tuple[Money, ...]
    interval: str | None
    refund_days: int
    courses: tuple[OpenedCourse, ...]
    seats: int | None = None
    seat_limits: Seats | None = None
    grace_days: int | None = None
    giftable: bool = False
    coupon: AppliedCoupon | None = None

    @property
    def coupon_code(self) -> str | None:
        return None if self.coupon is None else self.coupon.code

    @property
    def is_free(self) -> bool:
        """Whether the coupon takes everything off, so that there is nothing to pay."""
        return self.price.amount_minor == 0

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
    seats: int | None = None,
) -> Offer | None:
    """The offer for a product that is sold now; None if there is none, or it has no price above zero.

    is_payable: whether somebody takes this currency. If nobody takes any of the product's, all its prices are shown.
    seats: of a team; a number outside of its limits becomes the nearest that is sold, None the smallest.
    """
    entry = manifest.products.get(product)
    if entry is None or not entry.active:
        return None
    prices = {code: amount for code, amount in entry.prices.items() if amount > 0}
    if not prices:
        return None
    prices = {code: amount for code, amount in prices.items() if is_payable(code)} or prices
    chosen = currency if currency in prices else preferred_currency(prices, language)
    unit = Money(amount_minor=prices[chosen], currency=chosen)
    wanted = _within(seats, entry.seats)
    price = Money(amount_minor=unit.amount_minor * (wanted or 1), currency=chosen)
    return Offer(
        product=product,
        kind=entry.kind,
        title=title_of(manifest, product, language),
        price=price,
        full_price=price,
        unit_price=unit,
        prices=tuple(Money(amount_minor=amount, currency=code) for code, amount in sorted(prices.items())),
        interval=entry.interval,
        refund_days=entry.refund_days,
        courses=opened_courses(manifest, product),
        seats=wanted,
        seat_limits=entry.seats,
        grace_days=entry.grace_days
        if entry.interval is not None and entry.grace_days != GRACE_DAYS
        else None,
        giftable=entry.giftable,
    )


def with_coupon(offer: Offer, manifest: Manifest, code: str, *, now: datetime) -> Offer:
    """The offer at the price that this coupon makes. Raises CouponRefusedError."""
    entry = rules.find(manifest, code, product=offer.product, now=now)
    coupon = AppliedCoupon(code=rules.written(code), entry=entry)
    return replace(offer, price=rules.reduced(entry, offer.full_price), coupon=coupon)


def _within(seats: int | None, limits: Seats | None) -> int | None:
    if limits is None:
        return None
    return limits.least if seats is None else min(max(seats, limits.least), limits.most)


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
