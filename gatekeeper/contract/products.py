"""Products and coupons as the manifest states them.

    products    id → kind, title, grants, prices, interval, refund days, active; and where it applies
                grace_days, seats, giftable, days
    coupons     code → percent or amounts; and where it applies uses, per_reader, expires, products

What has its ordinary value is left out, so that a release without the newer fields has the bytes it always had, and an older
gatekeeper reads the rest. Coupons are private: they stand in the manifest and in nothing that is public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gatekeeper.contract import shapes

GRACE_DAYS = 7  # of a subscription that says nothing else


class ProductKind(StrEnum):
    """Values stand in school.yml and in manifests: never rename."""

    COURSE = "course"
    BUNDLE = "bundle"
    SUBSCRIPTION = "subscription"
    MEMBERSHIP = "membership"  # everything, for ever
    TEAM = "team"  # seats, each at the price
    TRIAL = "trial"  # paid lessons for nothing, once for each reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """How many seats of a team can be bought at once."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductEntry:
    """prices: ISO 4217 currency → amount in its minor unit, of a team's for one seat. grants: course ids, lesson ids or `*` for everything.

    grace_days: how long a renewing subscription stays open after its paid period. seats: of a team, else None. giftable: whether it may be
    bought for somebody else. days: how long a trial lasts, None for ever.
    """

    kind: str
    title: Mapping[str, str]
    grants: tuple[str, ...]
    prices: Mapping[str, int]
    interval: str | None = None
    refund_days: int = 0
    active: bool = True
    grace_days: int = GRACE_DAYS
    seats: Seats | None = None
    giftable: bool = False
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponEntry:
    """percent: 1 to 100, or None, and then `amounts`: currency → what is taken off, in its minor unit.

    uses, per_reader: how often it may be used in all and by one reader, None without limit. expires: the moment from which it is no longer
    taken. products: ids of those that it is for; empty for all.
    """

    percent: int | None = None
    amounts: Mapping[str, int] = field(default_factory=dict)
    uses: int | None = None
    per_reader: int | None = None
    expires: datetime | None = None
    products: tuple[str, ...] = ()


def product_to_json(entry: ProductEntry) -> dict[str, object]:
    stated: dict[str, object] = {
        "kind": entry.kind,
        "title": dict(entry.title),
        "grants": list(entry.grants),
        "prices": dict(entry.prices),
        "interval": entry.interval,
        "refund_days": entry.refund_days,
        "active": entry.active,
    }
    if entry.grace_days != GRACE_DAYS:
        stated["grace_days"] = entry.grace_days
    if entry.seats is not None:
        stated["seats"] = {"min": entry.seats.least, "max": entry.seats.most}
    if entry.giftable:
        stated["giftable"] = True
    if entry.days is not None:
        stated["days"] = entry.days
    return stated


def product_from_json(raw: Mapping[str, object]) -> ProductEntry:
    """Raises KeyError, TypeError or ValueError for another shape."""
    interval, seats, days = raw["interval"], raw.get("seats"), raw.get("days")
    return ProductEntry(
        kind=shapes.text(raw["kind"]),
        title=shapes.texts(raw["title"]),
        grants=shapes.texts_list(raw["grants"]),
        prices=shapes.counts(raw["prices"]),
        interval=None if interval is None else shapes.text(interval),
        refund_days=shapes.count(raw["refund_days"]),
        active=raw["active"] is True,
        grace_days=shapes.count(raw.get("grace_days", GRACE_DAYS)),
        seats=None if seats is None else _seats(shapes.counts(seats)),
        giftable=raw.get("giftable") is True,
        days=None if days is None else shapes.count(days),
    )


def coupon_to_json(entry: CouponEntry) -> dict[str, object]:
    stated: dict[str, object] = {}
    if entry.percent is not None:
        stated["percent"] = entry.percent
    if entry.amounts:
        stated["amounts"] = dict(entry.amounts)
    if entry.uses is not None:
        stated["uses"] = entry.uses
    if entry.per_reader is not None:
        stated["per_reader"] = entry.per_reader
    if entry.expires is not None:
        stated["expires"] = entry.expires.isoformat()
    if entry.products:
        stated["products"] = list(entry.products)
    return stated


def coupon_from_json(raw: Mapping[str, object]) -> CouponEntry:
    """Raises KeyError, TypeError or ValueError for another shape, and for a coupon that takes nothing off or more than everything."""
    raw = shapes.mapping(raw)
    percent, expires = raw.get("percent"), raw.get("expires")
    entry = CouponEntry(
        percent=None if percent is None else shapes.count(percent),
        amounts=shapes.counts(raw.get("amounts", {})),
        uses=_limit(raw.get("uses")),
        per_reader=_limit(raw.get("per_reader")),
        expires=None if expires is None else _moment(shapes.text(expires)),
        products=shapes.texts_list(raw.get("products", [])),
    )
    if (entry.percent is None) != bool(entry.amounts):
        raise ValueError("a coupon takes off either a part or an amount")
    if entry.percent is not None and not 1 <= entry.percent <= 100:
        raise ValueError(f"{entry.percent} per cent cannot be taken off")
    return entry


def _seats(raw: Mapping[str, int]) -> Seats:
    seats = Seats(least=raw["min"], most=raw["max"])
    if not 1 <= seats.least <= seats.most:
        raise ValueError(f"not a number of seats: {raw!r}")
    return seats


def _limit(value: object) -> int | None:
    return None if value is None else shapes.count(value)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {value!r}")
    return moment
