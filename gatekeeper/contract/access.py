"""Who may have an object, and the one pure decision about it.

A rule is written once, by `generator.access`, into the manifest, and read from there by everything else (rule R2).
JSON forms: `"public"`, `"member"`, `{"products": ["a", "b"]}`. Anything else, today's typing mistake or tomorrow's
kind of rule, becomes `NOBODY`: doubt denies (rule R3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "MEMBER",
    "NOBODY",
    "PUBLIC",
    "Allowed",
    "Decision",
    "Entitlements",
    "Reason",
    "Refused",
    "Rule",
    "RuleKind",
    "decide",
    "loosest",
    "products_rule",
    "rule_from_json",
    "rule_to_json",
]


class RuleKind(StrEnum):
    PUBLIC = "public"
    MEMBER = "member"
    PRODUCTS = "products"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may have an object. `products` is non-empty exactly for `RuleKind.PRODUCTS`: any one of them opens it."""

    kind: RuleKind
    products: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.kind is RuleKind.PRODUCTS) != bool(self.products):
            raise ValueError(f"a {self.kind.value} rule with products {sorted(self.products)}")


PUBLIC = Rule(RuleKind.PUBLIC)
MEMBER = Rule(RuleKind.MEMBER)
NOBODY = Rule(RuleKind.NOBODY)


def products_rule(products: Iterable[str]) -> Rule:
    """The rule that any one of `products` opens; without a product it is `NOBODY`, never public."""
    chosen = frozenset(products)
    return Rule(RuleKind.PRODUCTS, chosen) if chosen else NOBODY


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What a signed-in reader owns: product id → end in Unix seconds, or None for ever."""

    reader: str
    products: Mapping[str, int | None]


class Reason(StrEnum):
    """Why a request was refused. The values stand in JSON answers and in the page's `data-state`: never rename."""

    ANONYMOUS = "anonymous"
    NO_ACCESS = "no-access"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Reason


Decision = Allowed | Refused

_ALLOWED = Allowed()


def decide(rule: Rule, entitlements: Entitlements | None, now: int) -> Decision:
    """May the reader with these entitlements (None: not signed in) have an object under this rule?

    now: Unix seconds; an entitlement whose end equals `now` has ended.
    """
    if rule.kind is RuleKind.PUBLIC:
        return _ALLOWED
    if rule.kind is RuleKind.NOBODY:
        return Refused(Reason.NO_ACCESS)
    if entitlements is None:
        return Refused(Reason.ANONYMOUS)
    if rule.kind is RuleKind.MEMBER:
        return _ALLOWED
    ended = False
    for product in rule.products:
        if product in entitlements.products:
            end = entitlements.products[product]
            if end is None or now < end:
                return _ALLOWED
            ended = True
    return Refused(Reason.EXPIRED if ended else Reason.NO_ACCESS)


def loosest(rules: Iterable[Rule]) -> Rule:
    """The rule of an object that is used under each of `rules`: public beats member beats any of all the products.

    Nothing at all gives `NOBODY`.
    """
    products: set[str] = set()
    member = False
    for rule in rules:
        if rule.kind is RuleKind.PUBLIC:
            return PUBLIC
        member = member or rule.kind is RuleKind.MEMBER
        products |= rule.products
    return MEMBER if member else products_rule(products)


def rule_to_json(rule: Rule) -> object:
    if rule.kind is RuleKind.PRODUCTS:
        return {"products": sorted(rule.products)}
    return rule.kind.value


def rule_from_json(value: object) -> Rule:
    """The rule that a manifest states; whatever is not exactly a known form is `NOBODY`."""
    if value == "public":
        return PUBLIC
    if value == "member":
        return MEMBER
    if isinstance(value, dict) and set(value) == {"products"}:
        products = value["products"]
        if isinstance(products, list) and all(isinstance(p, str) and p for p in products):
            return products_rule(products)
    return NOBODY
