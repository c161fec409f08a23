"""What pages print and what browsers fetch: public facts of listed lessons, each with its reason, and nothing of any other lesson."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.contract.products import Seats
from generator.access.edition import Edition
from generator.recommend import keeping
from generator.recommend.fitting import fitting
from generator.recommend.lists import NO_LISTS, lists_of, remembered
from generator.recommend.packing import Entry, lesson_key, pack
from generator.recommend.plain import plain
from generator.recommend.publish import SCHOOL, Popular, files, row_path
from generator.recommend.recommendations import NOTHING, Reason, Recommendations, Suggestion
from generator.site.cache import Cache
from generator.site.offers import opened_lessons
from generator.site.project import Project
from generator.site.stage import Stager
from tests.generator.site.editions import course, edition, lesson, product


@pytest.fixture(scope="module")
def school() -> Edition:
    """Two courses; one lesson is a draft, one is announced, one retired."""
    return edition(
        course(
            "rust",
            lesson("01-open.md", tags=("ownership",)),
            lesson("02-traits.md", private="secret", tags=("traits", "ownership")),
            lesson("03-draft.md", status="draft", title="Unborn", tags=("ownership",)),
            lesson("04-soon.md", status="scheduled", title="Announced", tags=("ownership",)),
            lesson("05-old.md", status="retired", title="Retired", tags=("ownership",)),
            lesson("06-macros.md", private="secret", tags=("macros",)),
        ),
        course("sql", lesson("01-joins.md", private="secret", tags=("ownership", "joins"))),
        products=[product("rust", ["rust"]), product("all", ["*"])],
    )


def suggested(*pairs: tuple[str, str, str]) -> tuple[Suggestion, ...]:
    return tuple(Suggestion(lesson=id_, reason=Reason(why), subject=of) for id_, why, of in pairs)


def found_for(*pairs: tuple[str, str, str], rows: dict[str, bytes] | None = None) -> Recommendations:
    return Recommendations(
        model="rp3beta",
        lessons={"rust/open": suggested(*pairs)},
        courses={"rust": suggested(("sql/joins", "readers", "rust/traits"))},
        popular=suggested(("rust/open", "popular", "")),
        rows=rows or {},
    )


def entries(found: Recommendations, school: Edition) -> list[dict[str, Any]]:
    shown = lists_of(found, school, opened_lessons(school), {}).lessons.get("rust/open")
    return [dict(entry) for entry in shown.entries] if shown else []


def test_without_readers_the_next_lesson_comes_first_and_then_what_shares_a_tag(school: Edition) -> None:
    found = plain(school).lessons["rust/open"]
    assert [(one.lesson, one.reason) for one in found] == [
        ("rust/traits", Reason.NEXT),
        ("sql/joins", Reason.TOPIC),
    ]
    assert found[1].subject == "ownership"


def test_a_course_suggests_lessons_of_other_courses(school: Edition) -> None:
    assert [one.lesson for one in plain(school).courses["rust"]] == ["sql/joins"]


def test_drafts_announced_and_retired_lessons_are_named_nowhere(school: Edition) -> None:
    rows = {id_: pack([]) for id_ in ("rust/draft", "rust/soon", "rust/old", "rust/open")}
    everything = [(id_, "topic", "x") for id_ in ("rust/draft", "rust/soon", "rust/old", "sql/joins")]
    found = found_for(*everything, rows=rows)
    assert [entry["title"] for entry in entries(found, school)] == ["Joins"]
    for made in (found, plain(school)):
        data = b"".join(files(made, school, opened_lessons(school)).values())
        for word in (b"draft", b"Unborn", b"soon", b"Announced", b"rust/old", b"Retired", b"secret"):
            assert word not in data
    assert files(found, school, {}).keys() == {SCHOOL, row_path("rust/open")}


def test_an_entry_says_title_address_lock_and_reason(school: Edition) -> None:
    (entry,) = entries(found_for(("sql/joins", "topic", "joins")), school)
    assert entry == {
        "title": "Joins",
        "url": "sql/joins/",
        "language": "en",
        "course": "Sql",
        "access": "paid",
        "minutes": 10,
        "reason": "topic",
        "subject": "joins",
    }


def test_readers_ways_name_the_lesson_they_came_from_but_not_the_pages_own(school: Edition) -> None:
    pairs = [
        ("sql/joins", "readers", "rust/open"),
        ("rust/macros", "readers", "rust/traits"),
        ("rust/traits", "readers", "rust/draft"),
    ]
    assert [entry["subject"] for entry in entries(found_for(*pairs), school)] == ["", "Traits", ""]


def test_a_lesson_never_suggests_itself(school: Edition) -> None:
    assert entries(found_for(("rust/open", "popular", "")), school) == []


def test_the_product_that_opens_most_and_fewest_else_fits(school: Edition) -> None:
    lessons = {one.id: one for one in school.school.lessons}
    opens = opened_lessons(school)
    both = [lessons["rust/traits"], lessons["rust/macros"]]
    assert fitting(both, school.school.products, opens) == ("rust", 2)
    assert fitting([*both, lessons["sql/joins"]], school.school.products, opens) == ("all", 3)
    assert fitting(both[:1], school.school.products, opens) is None
    assert fitting([], school.school.products, opens) is None


def test_what_browsers_fetch_names_each_listed_lesson_by_its_key(school: Edition) -> None:
    told = json.loads(files(plain(school), school, opened_lessons(school))[SCHOOL])
    assert [one[1] for one in told["lessons"]] == ["rust/open", "rust/traits", "rust/macros", "sql/joins"]
    assert [one[0] for one in told["lessons"]] == [lesson_key(one[1]) for one in told["lessons"]]
    assert [one[5] for one in told["lessons"]] == [0, 2, 2, 2]
    assert [one[0] for one in told["products"]] == ["rust", "all"]
    assert [one[4] for one in told["products"]] == [2, 3]


def test_a_trial_or_a_team_has_no_price_here_and_fits_no_single_reader(school: Edition) -> None:
    sold = {
        "try": replace(product("try", ["rust"], kind="trial"), prices={}),
        "team": product("team", ["*"], kind="team", seats=Seats(least=2, most=9)),
        "month": product("month", ["*"], {"USD": 500}, kind="subscription", interval="month"),
    }
    selling = replace(school, school=replace(school.school, products=sold))
    told = json.loads(files(plain(selling), selling, {"month": 3})[SCHOOL])["products"]
    assert [(one[0], one[2], one[3], one[5]) for one in told] == [
        ("try", {}, "trial", ""),
        ("team", {}, "team", ""),
        ("month", {"en": "$5"}, "subscription", "month"),
    ]
    locked = [
        replace(one, products=("try", "team", "month")) for one in school.school.lessons if one.products
    ]
    assert fitting(locked, sold, {"month": 30}) == ("month", len(locked))
    assert fitting(locked, {"try": sold["try"], "team": sold["team"]}, {}) is None


def test_where_each_course_begins_is_told(school: Edition) -> None:
    told = json.loads(files(NOTHING, school, {})[SCHOOL])
    assert [told["lessons"][place][1] for place in told["starts"]] == ["rust/open", "sql/joins"]


def test_owners_of_a_product_are_not_sent_to_what_they_own(school: Edition) -> None:
    told = json.loads(files(plain(school), school, opened_lessons(school))[SCHOOL])
    named = [told["lessons"][place][1] for place, _, _ in told["owners"]["rust"]]
    assert "sql/joins" in named
    assert {"rust/traits", "rust/macros"}.isdisjoint(named)
    assert all(told["lessons"][place][1] == "rust/open" for place, _, _ in told["owners"]["all"])


def test_popularity_is_told_by_coarse_segment_and_only_of_listed_lessons(school: Edition) -> None:
    popular = Popular(all=["gone", "sql/joins"], new=["rust/open"])
    told = json.loads(files(NOTHING, school, {}, popular)[SCHOOL])["popular"]
    assert told == {"all": [3], "new": [0], "regular": [3]}


def test_a_row_of_fifty_lessons_is_at_most_500_bytes(school: Edition) -> None:
    row = pack([Entry(key=number, weight=1 + number) for number in range(200)])
    assert 300 < len(files(found_for(rows={"rust/open": row}), school, {})[row_path("rust/open")]) <= 500


def test_what_a_build_keeps_is_what_was_found(school: Edition) -> None:
    found = found_for(("sql/joins", "topic", "书"), rows={"rust/open": b"\x00\xff"})
    popular = Popular(all=("a",), new=(), regular=("b", "c"))
    again, kept = keeping.loads(keeping.dumps(found, popular))
    assert again == found
    assert [list(kept.all), list(kept.new), list(kept.regular)] == [["a"], [], ["b", "c"]]


def test_lists_of_one_course_are_remembered_as_they_were(school: Edition) -> None:
    rows = {"rust/open": pack([Entry(key=1, weight=1.0)])}
    made = lists_of(found_for(("rust/macros", "next", ""), rows=rows), school, opened_lessons(school), {})
    with Cache.nothing() as cache:
        made.remember(cache, school)
        assert remembered(cache, ["rust"]).lessons == made.lessons
        assert remembered(cache, ["sql", "none"]) == NO_LISTS


def test_a_page_carries_its_list_in_its_front_matter(school: Edition) -> None:
    made = lists_of(plain(school), school, opened_lessons(school), {})
    stager = Stager(school, Project(root=school.school.root), lists=made)
    stager.plan()
    meta: Any = stager.stage("rust/open.md").page.meta["lyceum"]
    assert [entry["url"] for entry in meta["related"]] == ["rust/traits/", "sql/joins/"]
    assert meta["fits"]["count"] == 2
    for path in ("rust/soon.md", "rust/old.md"):
        assert "related" not in stager.stage(path).page.meta["lyceum"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "courses", [(), (course("rust"),), (course("rust", lesson("01-only.md", tags=("a",))),)]
)
def test_a_school_without_lessons_or_with_one_has_no_lists(courses: Any) -> None:
    small = edition(*courses)
    found = plain(small)
    made = lists_of(found, small, opened_lessons(small), files(found, small, opened_lessons(small)))
    assert (made.lessons, made.courses) == ({}, {})


def test_a_tag_that_everything_has_costs_no_more_than_its_neighbours() -> None:
    """Lists stay near in the school's order, so that one lesson more at the end changes no list at the beginning."""
    many = [lesson(f"{number:03}-l{number}.md", tags=("python",)) for number in range(60)]
    before, after = (plain(edition(course("c", *lessons))) for lessons in (many[:59], many))
    far = [f"c/l{number}" for number in range(40)]
    assert [before.lessons[id_] for id_ in far] == [after.lessons[id_] for id_ in far]
