"""What changes in who may read what: who gains, who loses, which products, how many readers; and how that is told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as pairs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract.access import (
    MEMBER,
    NOBODY,
    PUBLIC,
    Allowed,
    Entitlements,
    Rule,
    decide,
    products_rule,
)
from generator.release.access_diff import (
    NOTHING,
    AccessChange,
    AccessDiff,
    AccessView,
    Owners,
    ProductChange,
    ReadersAffected,
    access_diff,
    view_of_manifest,
)
from generator.release.access_report import MARK, as_markdown, as_text
from tests.gatekeeper.contract.values import EVERYTHING

RUST, BOTH = products_rule(["rust"]), products_rule(["rust", "all"])


def view(
    lessons: dict[str, Rule] | None = None,
    *,
    files: dict[str, Rule] | None = None,
    public: tuple[str, ...] = (),
    grants: dict[str, tuple[str, ...]] | None = None,
) -> AccessView:
    return AccessView(
        lessons=lessons or {},
        titles={id_: id_.title() for id_ in lessons or {}},
        files=files or {},
        public=public,
        grants=grants or {},
    )


def changed(before: Rule | None, after: Rule | None) -> AccessChange | None:
    """What is said of one lesson that went from one rule to another."""
    diff = access_diff(
        view({} if before is None else {"a": before}),
        view({} if after is None else {"a": after}),
        against="x",
    )
    assert len(diff.lessons) <= 1
    return diff.lessons[0] if diff.lessons else None


@pytest.mark.parametrize(
    ("before", "after", "said", "gains", "loses"),
    [
        (PUBLIC, RUST, ("free", "paid: rust"), False, True),
        (RUST, PUBLIC, ("paid: rust", "free"), True, False),
        (PUBLIC, MEMBER, ("free", "member"), False, True),
        (MEMBER, RUST, ("member", "paid: rust"), False, True),
        (RUST, MEMBER, ("paid: rust", "member"), True, False),
        (BOTH, RUST, ("paid: all, rust", "paid: rust"), False, True),
        (RUST, BOTH, ("paid: rust", "paid: all, rust"), True, False),
        (RUST, products_rule(["all"]), ("paid: rust", "paid: all"), True, True),
        (RUST, NOBODY, ("paid: rust", "nobody"), False, True),
        (RUST, None, ("paid: rust", None), False, True),
        (PUBLIC, None, ("free", None), False, True),
        (None, PUBLIC, (None, "free"), True, False),
        (None, RUST, (None, "paid: rust"), True, False),
        (NOBODY, None, ("nobody", None), False, False),
    ],
)
def test_a_lesson_that_opens_or_closes_is_told(
    before: Rule | None, after: Rule | None, said: tuple[str | None, str | None], gains: bool, loses: bool
) -> None:
    assert changed(before, after) == AccessChange(
        id="a", title="A", before=said[0], after=said[1], gains=gains, loses=loses
    )


def test_a_lesson_that_moved_and_kept_its_id_changes_nothing() -> None:
    """The id is what readers' access hangs on; address and title are not asked."""
    before = view({"course/old": RUST})
    after = AccessView(
        lessons={"course/old": RUST}, titles={"course/old": "A new title"}, files={}, public=(), grants={}
    )
    assert access_diff(before, after, against="x").is_empty


def every_reader() -> Iterator[Entitlements | None]:
    yield None
    for owned in ((), ("rust",), ("all",), ("rust", "all")):
        yield Entitlements(reader="r", products=dict.fromkeys(owned))


def test_gain_and_loss_agree_with_the_decision_for_every_reader() -> None:
    rules = [None, PUBLIC, MEMBER, NOBODY, RUST, products_rule(["all"]), BOTH]
    for before, after in pairs(rules, rules):
        change = changed(before, after)

        def may(rule: Rule | None, reader: Entitlements | None) -> bool:
            return rule is not None and isinstance(decide(rule, reader, 0), Allowed)

        gains = any(may(after, reader) and not may(before, reader) for reader in every_reader())
        loses = any(may(before, reader) and not may(after, reader) for reader in every_reader())
        said = (change.gains, change.loses) if change else (False, False)
        assert said == (gains, loses), (before, after)


def test_a_file_that_becomes_free_or_paid_is_told() -> None:
    before = view(files={"a.zip": RUST, "b.zip": RUST}, public=("c.zip", "index.html"))
    after = view(files={"b.zip": MEMBER, "c.zip": RUST}, public=("a.zip", "index.html"))
    diff = access_diff(before, after, against="x")
    assert [(file.id, file.before, file.after, file.gains, file.loses) for file in diff.files] == [
        ("a.zip", "paid: rust", "free", True, False),
        ("b.zip", "paid: rust", "member", True, False),
        ("c.zip", "free", "paid: rust", False, True),
    ]
    assert diff.losses == ("c.zip",)


def test_a_file_that_is_gone_is_told_and_is_no_loss() -> None:
    diff = access_diff(view(files={"a.zip": RUST}), view(), against="x")
    assert [(file.id, file.after, file.loses) for file in diff.files] == [("a.zip", None, False)]
    assert not diff.losses


def test_a_product_that_loses_a_grant_is_told_with_what_it_no_longer_opens() -> None:
    before = view(
        {"rust/1": BOTH, "sql/1": products_rule(["all"])}, grants={"rust": ("rust",), "all": ("rust", "sql")}
    )
    after = view(
        {"rust/1": RUST, "sql/1": products_rule(["all"])}, grants={"rust": ("rust",), "all": ("sql",)}
    )
    diff = access_diff(before, after, against="x")
    assert diff.products == (
        ProductChange(
            id="all", grants_before=("rust", "sql"), grants_after=("sql",), opens=(), closes=("rust/1",)
        ),
    )
    assert diff.losses == ("rust/1",)


def test_a_product_closes_nothing_when_its_lesson_becomes_free() -> None:
    before, after = view({"a": RUST}, grants={"rust": ("c",)}), view({"a": PUBLIC}, grants={"rust": ("c",)})
    assert access_diff(before, after, against="x").products == ()


def test_products_that_come_and_go_are_told() -> None:
    diff = access_diff(
        view(grants={"old": ("a",)}), view({"a": products_rule(["new"])}, grants={"new": ("a",)}), against="x"
    )
    assert [(change.id, change.grants_before, change.grants_after) for change in diff.products] == [
        ("new", None, ("a",)),
        ("old", ("a",), None),
    ]
    assert diff.products[0].opens == ("a",)


def test_readers_are_counted_by_what_they_own() -> None:
    """Whoever owns `rust` still reads lesson 1; whoever owns only `all` does not, but gains lesson 2."""
    before = view({"1": BOTH, "2": RUST, "3": PUBLIC})
    after = view({"1": RUST, "2": BOTH, "3": PUBLIC})
    owners = [
        Owners(products=frozenset({"rust"}), readers=10),
        Owners(products=frozenset({"all"}), readers=4),
        Owners(products=frozenset({"rust", "all"}), readers=2),
        Owners(products=frozenset(), readers=100),
    ]
    diff = access_diff(before, after, against="x", owners=owners)
    assert diff.readers == ReadersAffected(readers=116, gain=4, lose=4)
    closed = access_diff(before, view({"1": BOTH, "2": RUST, "3": MEMBER}), against="x", owners=owners)
    assert closed.readers == ReadersAffected(readers=116, gain=0, lose=0)  # all of them have an account
    assert closed.losses == ("3",)  # but strangers lose it


def test_a_file_that_is_gone_takes_nothing_from_a_counted_reader() -> None:
    owners = [Owners(products=frozenset({"rust"}), readers=10)]
    diff = access_diff(view(files={"a.zip": RUST}), view(), against="x", owners=owners)
    assert diff.readers == ReadersAffected(readers=10, gain=0, lose=0)


def test_a_manifest_is_compared_by_what_it_states() -> None:
    same = view_of_manifest(EVERYTHING, ["index.html"])
    assert access_diff(same, same, against="x").is_empty
    gone = access_diff(same, NOTHING, against="x")
    readable = {id_ for id_, lesson in EVERYTHING.lessons.items() if lesson.access != NOBODY}
    assert set(gone.losses) == readable
    assert {change.id for change in gone.products} == set(EVERYTHING.products)


MIXED = access_diff(
    view({"a|b": PUBLIC, "gone": RUST}, files={"x.zip": RUST}, grants={"rust": ("*",)}),
    view({"a|b": RUST, "new": RUST}, grants={"rust": ("a", "new")}),
    against="release 1",
    owners=[Owners(products=frozenset({"rust"}), readers=3)],
)


def test_the_text_has_a_line_for_each_change() -> None:
    assert as_text(MIXED).splitlines() == [
        "access    3 lessons, 1 file, 1 product changed, against release 1",
        "  ! a|b: free → paid: rust",
        "  ! gone: paid: rust → gone",
        "  + new: new → paid: rust",
        "  ~ file x.zip: paid: rust → gone",
        "  product rust: grants a, new instead of *; opens new; no longer opens gone",
        "readers   3 of 3 would lose something, 3 would gain",
    ]


def test_the_comment_says_first_what_is_lost() -> None:
    said = as_markdown(MIXED)
    assert said.startswith(MARK)
    assert "**2 lost to somebody who can read it now.**" in said
    assert "| <code>a&#124;b</code> A&#124;B | free | paid&#58; rust | **lost** |" in said
    assert said.index("gone") < said.index(">new<")
    assert said.endswith("Readers: 3 of 3 would lose something, 3 would gain.\n")


def test_a_comment_about_nothing_is_short_and_unknown_readers_are_explained() -> None:
    nothing = AccessDiff(against="release 1")
    assert as_markdown(nothing).splitlines()[-1] == "Nothing changes, against release 1."
    told = access_diff(view(), view({"a": PUBLIC}), against="x", note="the gatekeeper answered 403")
    assert "not counted (the gatekeeper answered 403)" in as_text(told)
    assert "not counted &#40;the gatekeeper answered 403&#41;" in as_markdown(told)


@given(st.text(max_size=40))
def test_no_title_becomes_markup_in_a_comment(title: str) -> None:
    after = AccessView(lessons={"a": PUBLIC}, titles={"a": title}, files={}, public=(), grants={})
    row = as_markdown(access_diff(NOTHING, after, against="x")).splitlines()
    [shown] = [line for line in row if line.startswith("| <code>a</code>")]
    cell = shown.removeprefix("| <code>a</code> ").removesuffix(" | — | free | gained |")
    assert not set(cell) & set("<>|@`*_[]\n\r")


def test_a_comment_of_a_large_change_stays_within_the_limit() -> None:
    many = view({f"course/lesson-{number:05d}": PUBLIC for number in range(5000)})
    said = as_markdown(access_diff(many, view(), against="x"))
    assert len(said) < 65_536
    assert "4950 more" in said
