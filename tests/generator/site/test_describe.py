"""The front matter of staged pages: the shapes that the theme reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from gatekeeper.contract.products import Seats
from generator.access.edition import Edition
from generator.catalogue.model import Visibility
from generator.site.describe import Descriptions
from generator.site.offers import Offers
from tests.generator.site.editions import BASE, GATE, course, edition, lesson, product


def school(**fields: Any) -> Edition:
    return edition(
        course(
            "rust",
            lesson("01-intro.md", minutes=15, tags=("a",)),
            lesson(
                "02-traits.md", "# T\n", "## Bounds\n", outline=[(2, "Bounds")], minutes=25, tags=("b", "a")
            ),
            lesson("03-account.md", "# A\n", "x\n", access="member"),
            lesson("04-free.md"),
            lesson("05-later.md", status="scheduled", publish_at=datetime(2027, 3, 1, 9, tzinfo=UTC)),
            lesson("06-draft.md", status="draft"),
            lesson("07-old.md", "# O\n", "y\n", status="retired", tags=("c",)),
        ),
        course("数据", lesson("01-表.md", slug="tables"), language="zh", title="数据库"),
        products=[
            product("all", ["*"], {"CNY": 2900, "USD": 500}, kind="subscription", interval="month"),
            product("both", ["rust", "数据"], {"CNY": 17900, "USD": 2700}, kind="bundle"),
            product("rust", ["rust"], {"CNY": 9900, "USD": 1500}),
            product("gone", ["rust"], {"USD": 1}, active=False),
        ],
        **fields,
    )


def describe(it: Edition) -> Descriptions:
    return Descriptions(it, Offers(it, GATE), BASE)


def facts(meta: dict[str, object]) -> dict[str, Any]:
    value = meta["lyceum"]
    assert isinstance(value, dict)
    return value


def test_a_paid_lesson_says_where_it_stands_and_what_opens_it() -> None:
    it = school()
    meta = describe(it).lesson(it.lessons["rust/traits"])
    assert meta["title"] == "Traits"
    assert meta["template"] == "lesson.html"
    assert meta["tags"] == ["b", "a"]
    assert "search" not in meta
    seen = facts(meta)
    assert seen["jsonld"]["hasPart"]["cssSelector"] == ".lyceum-part"
    assert {name: seen[name] for name in ("kind", "language", "id", "access", "locked", "state")} == {
        "kind": "lesson",
        "language": "en",
        "id": "rust/traits",
        "access": "paid",
        "locked": True,
        "state": "published",
    }
    assert (seen["number"], seen["count"], seen["minutes"]) == (2, 4, 25)
    assert seen["course"] == {"id": "rust", "title": "Rust", "url": "rust/"}
    assert seen["outline"] == [{"level": 2, "title": "Bounds"}]
    assert seen["next_free"] == {"title": "Free", "url": "rust/free/"}
    assert seen["authors"] == ["Lin Qiao"]
    assert seen["updated"] == "2026-11-01"


def test_the_cheapest_purchase_comes_first_and_subscriptions_last() -> None:
    it = school()
    seen = facts(describe(it).lesson(it.lessons["rust/traits"]))
    assert [offer["product"] for offer in seen["offers"]] == ["rust", "both", "all"]
    best = seen["offers"][0]
    assert best["buy"] == f"{GATE}/buy/rust?lesson=rust%2Ftraits"
    assert best["prices"] == [
        {"currency": "USD", "amount_minor": 1500, "text": "$15"},
        {"currency": "CNY", "amount_minor": 9900, "text": "¥99"},
    ]
    assert best["lessons"] == 1
    assert best["includes"] == ["Every lesson"]
    assert "interval" not in best
    assert seen["offers"][2]["interval"] == "month"


def test_each_kind_of_product_has_its_place_and_its_terms_on_the_card() -> None:
    sold = [
        replace(product("taste", ["rust/traits"], kind="trial", refund_days=0, days=14), prices={}),
        product("team", ["rust"], {"JPY": 980}, kind="team", seats=Seats(least=3, most=50)),
        product("life", ["*"], {"USD": 29900}, kind="membership"),
        product("year", ["*"], {"USD": 100}, kind="subscription", interval="year"),
        product("rust", ["rust"], {"USD": 1500}),
    ]
    it = edition(course("rust", lesson("01-traits.md", "# T\n", "## B\n")), products=sold)
    offers = Offers(it, "https://gate.example")
    cards = {card["product"]: card for card in offers.of([p.id for p in sold], "en")}
    assert list(cards) == ["rust", "life", "year", "team", "taste"]
    assert cards["team"]["seats"] == {"min": 3, "max": 50}
    assert cards["team"]["prices"] == [{"currency": "JPY", "amount_minor": 980, "text": "JP¥980"}]
    assert (cards["taste"]["prices"], cards["taste"]["days"]) == ([], 14)
    assert cards["year"]["interval"] == "year"
    assert [card["product"] for card in offers.wholesale("en")] == ["life", "year", "team"]
    assert offers.from_price(["taste", "team", "rust"], "en") == "$15"
    assert offers.from_price(["taste"], "en") is None


def test_a_product_that_is_no_longer_sold_makes_no_card_but_still_counts_as_opening() -> None:
    it = school()
    seen = facts(describe(it).lesson(it.lessons["rust/traits"]))
    assert "gone" not in {offer["product"] for offer in seen["offers"]}
    assert seen["products"] == ["all", "both", "rust", "gone"]


def test_free_and_member_lessons_have_no_offers() -> None:
    it = school()
    free = facts(describe(it).lesson(it.lessons["rust/intro"]))
    member = facts(describe(it).lesson(it.lessons["rust/account"]))
    assert free["offers"] == member["offers"] == []
    assert (free["locked"], member["locked"]) == (False, True)
    assert member["access"] == "member"


def test_an_upcoming_lesson_shows_title_summary_date_and_tags_only() -> None:
    it = school()
    meta = describe(it).upcoming(it.upcoming[0])
    seen = facts(meta)
    assert seen["state"] == "upcoming"
    assert seen["publish_at"] == "2027-03-01T09:00:00+00:00"
    assert seen["outline"] == seen["offers"] == []
    assert seen["next_free"]["url"] == "rust/intro/"
    assert not {"jsonld", "minutes", "number"} & seen.keys()


def test_a_retired_lesson_is_neither_numbered_nor_searched_nor_tagged() -> None:
    it = school()
    meta = describe(it).lesson(it.lessons["rust/old"])
    assert meta["search"] == {"exclude": True}
    assert "tags" not in meta
    assert facts(meta)["state"] == "retired"
    assert "number" not in facts(meta)
    assert facts(meta)["locked"] is True


def test_a_course_lists_published_and_announced_lessons_in_order_and_counts_the_published() -> None:
    it = school()
    seen = facts(describe(it).course(it.courses[0]))
    assert [(row["id"], row["state"], row["locked"]) for row in seen["lessons"]] == [
        ("rust/intro", "published", False),
        ("rust/traits", "published", True),
        ("rust/account", "published", True),
        ("rust/free", "published", False),
        ("rust/later", "upcoming", False),
    ]
    about = seen["course"]
    assert (about["lessons"], about["free"], about["minutes"]) == (4, 2, 60)
    assert about["authors"] == [{"name": "Lin Qiao", "bio": "Writes."}]
    assert about["outcomes"] == ["You can do it."]
    assert about["updated"] == "2026-11-01"
    assert [offer["product"] for offer in seen["offers"]] == ["rust", "both", "all"]


def test_hidden_scheduled_lessons_are_nowhere() -> None:
    it = edition(course("rust", lesson("01-later.md", status="scheduled"), upcoming=Visibility.HIDDEN))
    assert it.upcoming == ()
    assert facts(describe(it).course(it.courses[0]))["lessons"] == []


def test_the_catalogue_speaks_its_language_and_shows_its_courses_first() -> None:
    it = school(languages=("zh", "en"))
    english, chinese = facts(describe(it).catalogue("en")), facts(describe(it).catalogue("zh"))
    assert english["school"] == {"name": "School", "summary": "Two courses"}
    assert [c["id"] for c in english["courses"]] == ["rust", "数据"]
    assert [c["id"] for c in chinese["courses"]] == ["数据", "rust"]
    assert english["courses"][0]["from_price"] == "$15"
    assert chinese["courses"][1]["from_price"] == "¥99"
    assert [offer["product"] for offer in english["bundles"]] == ["both", "all"]
    assert english["courses"][0]["tags"] == ["a", "b"]


def test_a_course_that_nothing_opens_is_free_of_charge() -> None:
    it = edition(course("open", lesson("01-a.md")), products=[])
    seen = facts(describe(it).catalogue("en"))["courses"][0]
    assert "from_price" not in seen
    course_facts = facts(describe(it).course(it.courses[0]))
    assert course_facts["jsonld"]["isAccessibleForFree"] is True
    assert course_facts["jsonld"]["offers"][0]["category"] == "Free"


def test_json_ld_of_a_course_has_what_search_engines_ask_for() -> None:
    it = school()
    data = facts(describe(it).course(it.courses[0]))["jsonld"]
    assert data["@type"] == "Course"
    assert data["url"] == f"{BASE}rust/"
    assert data["hasCourseInstance"]["courseWorkload"] == "PT1H"
    assert {(o["price"], o["priceCurrency"], o["category"]) for o in data["offers"]} >= {
        ("15.00", "USD", "Paid"),
        ("29.00", "CNY", "Subscription"),
    }
    assert data["isAccessibleForFree"] is False


def test_json_ld_of_a_lesson_never_points_at_a_part_that_is_not_there() -> None:
    it = school()
    free = facts(describe(it).lesson(it.lessons["rust/intro"]))["jsonld"]
    assert free["@type"] == ["Article", "LearningResource"]
    assert free["isAccessibleForFree"] is True
    assert "hasPart" not in free
    assert free["dateModified"] == "2026-11-01"


def test_a_cover_that_is_not_public_is_not_shown() -> None:
    it = edition(course("rust", lesson("01-a.md"), title="R"))
    from dataclasses import replace
    from pathlib import PurePosixPath

    hidden = replace(it.courses[0], cover=PurePosixPath("rust/files/cover.svg"))
    assert describe(it).cover(hidden) is None
    shown = replace(it, public_files=frozenset({PurePosixPath("rust/files/cover.svg")}))
    assert describe(shown).cover(hidden) == "rust/files/cover.svg"


def test_a_date_without_a_lesson_update_is_absent() -> None:
    it = edition(course("rust", lesson("01-a.md", updated=None), lesson("02-b.md", updated=date(2026, 1, 2))))
    assert "updated" not in facts(describe(it).lesson(it.lessons["rust/a"]))
    assert facts(describe(it).course(it.courses[0]))["course"]["updated"] == "2026-01-02"
