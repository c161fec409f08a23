"""The one decision, as a table, and the JSON form of rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract.access import (
    MEMBER,
    NOBODY,
    PUBLIC,
    Allowed,
    Entitlements,
    Reason,
    Refused,
    Rule,
    RuleKind,
    decide,
    loosest,
    products_rule,
    rule_from_json,
    rule_to_json,
)
from tests.gatekeeper.contract.values import rules, texts

NOW = 1_800_000_000
A, B, AB = products_rule(["a"]), products_rule(["b"]), products_rule(["a", "b"])


def owner(**products: int | None) -> Entitlements:
    return Entitlements(reader="r", products=products)


@pytest.mark.parametrize(
    ("rule", "reader", "expected"),
    [
        (PUBLIC, None, None),
        (PUBLIC, owner(), None),
        (MEMBER, None, Reason.ANONYMOUS),
        (MEMBER, owner(), None),
        (MEMBER, owner(a=NOW - 1), None),
        (NOBODY, None, Reason.NO_ACCESS),
        (NOBODY, owner(a=None), Reason.NO_ACCESS),
        (A, None, Reason.ANONYMOUS),
        (A, owner(), Reason.NO_ACCESS),
        (A, owner(b=None), Reason.NO_ACCESS),  # another course's product (P18)
        (A, owner(a=None), None),
        (A, owner(a=NOW + 1), None),
        (A, owner(a=NOW), Reason.EXPIRED),  # the end itself has ended
        (A, owner(a=NOW - 1), Reason.EXPIRED),
        (A, owner(a=0), Reason.EXPIRED),
        (AB, owner(b=None), None),
        (AB, owner(a=NOW - 1, b=NOW + 1), None),
        (AB, owner(a=NOW - 1, b=NOW - 9), Reason.EXPIRED),
        (A, owner(A=None), Reason.NO_ACCESS),  # ids are not folded
        (A, owner(**{"a ": None}), Reason.NO_ACCESS),
    ],
)
def test_who_may_have_what_p18(rule: Rule, reader: Entitlements | None, expected: Reason | None) -> None:
    assert decide(rule, reader, NOW) == (Allowed() if expected is None else Refused(expected))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        "",
        "Public",
        "PUBLIC",
        "public ",
        "free",
        "paid",
        "nobody",
        "everybody",
        [],
        ["public"],
        {},
        {"products": []},
        {"products": "a"},
        {"products": ["a", 1]},
        {"products": ["a", ""]},
        {"products": ["a"], "until": 5},
        {"product": ["a"]},
        {"members": ["a"]},
        {"products": {"a": 1}},
    ],
)
def test_a_rule_that_is_not_understood_is_for_nobody_l18(value: object) -> None:
    assert rule_from_json(value) == NOBODY


@given(rules)
def test_a_rule_comes_back_from_json_as_it_was(rule: Rule) -> None:
    assert rule_from_json(rule_to_json(rule)) == rule


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts, lambda v: st.lists(v) | st.dictionaries(texts, v)
    )
)
def test_no_json_value_becomes_public_by_accident(value: object) -> None:
    assert rule_from_json(value) != PUBLIC or value == "public"
    assert rule_from_json(value) != MEMBER or value == "member"


@pytest.mark.parametrize("products", [frozenset[str](), frozenset({"a"})])
@pytest.mark.parametrize("kind", list(RuleKind))
def test_only_a_products_rule_names_products_and_it_names_one(
    kind: RuleKind, products: frozenset[str]
) -> None:
    if (kind is RuleKind.PRODUCTS) == bool(products):
        assert Rule(kind, products).products == products
    else:
        with pytest.raises(ValueError, match="products"):
            Rule(kind, products)


def test_a_rule_without_a_product_is_for_nobody() -> None:
    assert products_rule([]) == NOBODY


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([], NOBODY),
        ([NOBODY], NOBODY),
        ([NOBODY, A], A),
        ([A, B], AB),
        ([A, MEMBER], MEMBER),
        ([A, MEMBER, PUBLIC], PUBLIC),
        ([NOBODY, PUBLIC], PUBLIC),
    ],
)
def test_an_object_in_several_places_has_the_loosest_rule(several: list[Rule], expected: Rule) -> None:
    assert loosest(several) == loosest(reversed(several)) == expected


@given(st.lists(rules), st.none() | st.dictionaries(texts, st.none() | st.integers(0, 2 * NOW)))
def test_the_loosest_rule_opens_whatever_one_of_them_opens(
    several: list[Rule], products: dict[str, int | None] | None
) -> None:
    reader = None if products is None else Entitlements(reader="r", products=products)
    opened = any(isinstance(decide(rule, reader, NOW), Allowed) for rule in several)
    assert isinstance(decide(loosest(several), reader, NOW), Allowed) == opened
