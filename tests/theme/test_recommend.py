"""The browser's half of recommendations: it reads the generator's bytes, draws the same lot, and chooses as it is said to."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from generator.recommend.holdout import variant
from generator.recommend.packing import NO_TAG, Entry, pack, unpack
from generator.recommend.recommendations import Reason
from tests.theme.conftest import Built

pytestmark = pytest.mark.browser

MODULES = "assets/javascripts/lyceum/recommend/"


@pytest.fixture
def page(built: Built, browser_page: Page) -> Page:
    browser_page.goto(built.site.url)
    return browser_page


def call(page: Page, built: Built, module: str, program: str, given: object) -> Any:
    """program: a function of the module's exports `m` and `given`."""
    url = f"{built.site.url}{MODULES}{module}.js"
    return page.evaluate(
        f"async ([url, given]) => {{ const m = await import(url); return ({program})(m, given) }}",
        [url, given],
    )


def chosen(page: Page, built: Built, **given: Any) -> list[dict[str, Any]]:
    """lessons: (key, course). read: (lesson id, [(key, weight, reason, tag)]). A lesson's id is `l` and its key."""
    program = """(m, g) => m.choose({
        lessons: new Map(g.lessons.map(([key, course]) => [key, {key, id: `l${key}`, title: `L${key}`, course, products: [], tags: ["t0", "t1"]}])),
        read: g.read.map(([id, row]) => ({id, row: row.map(([key, weight, reason, tag]) => ({key, weight, reason, tag}))})),
        isWanted: (lesson) => !g.unwanted.includes(lesson.id), length: g.length, here: g.here, seed: g.seed,
    }).map(({lesson, ...rest}) => ({id: lesson.id, ...rest}))"""
    given = {"unwanted": [], "length": 4, "here": "", "seed": "s", **given}
    made: list[dict[str, Any]] = call(page, built, "choosing", program, given)
    return made


def test_a_row_is_read_as_the_generator_wrote_it(page: Page, built: Built) -> None:
    reasons = list(Reason)
    entries = [
        Entry(
            key=(1 << 40) - 1 - number * 977, weight=3.0 - number / 5, reason=reasons[number % 4], tag=number
        )
        for number in range(40)
    ]
    row = pack([*entries, Entry(key=7, weight=0.5, reason=Reason.TOPIC, tag=NO_TAG)])
    read = call(page, built, "row", "(m, bytes) => m.unpack(Uint8Array.from(bytes))", list(row))
    told = unpack(row)
    assert any(entry.weight < 0 for entry in told)
    assert [(one["key"], one["reason"], one["tag"]) for one in read] == [
        (entry.key, entry.reason.value, entry.tag) for entry in told
    ]
    assert [one["weight"] for one in read] == pytest.approx([entry.weight for entry in told])


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"\x02" + pack([Entry(key=1, weight=1.0)])[1:],
        pack([Entry(key=1, weight=1.0)])[:-1],
        b"\x01\xff" + bytes(6),
    ],
)
def test_bytes_that_are_no_row_are_as_none(page: Page, built: Built, row: bytes) -> None:
    assert call(page, built, "row", "(m, bytes) => m.unpack(Uint8Array.from(bytes))", list(row)) == []


def test_the_browser_draws_the_lot_that_the_analysis_expects(page: Page, built: Built) -> None:
    names = [f"reader-{number}" for number in range(300)] + ["", "书院", "Zk3-_x"]
    drawn = call(page, built, "lot", "(m, names) => names.map((name) => m.lotOf(name))", names)
    assert drawn == [variant(name) for name in names]


def test_scores_add_up_and_what_was_read_is_left_out(page: Page, built: Built) -> None:
    lessons = [(key, key) for key in range(1, 7)]
    read = [
        ("l1", [(3, 1.0, "readers", 63), (4, 0.9, "readers", 63), (2, 9.0, "readers", 63)]),
        ("l2", [(4, 0.9, "readers", 63), (5, 0.2, "readers", 63), (6, -1.0, "readers", 63)]),
    ]
    made = chosen(page, built, lessons=lessons, read=read, seed="no exploration")
    assert [one["id"] for one in made] == ["l4", "l3", "l5"]


def test_every_reason_says_where_it_comes_from(page: Page, built: Built) -> None:
    lessons = [(key, key) for key in range(1, 7)]
    read = [
        ("l1", [(3, 3.0, "topic", 1), (4, 2.0, "next", 63)]),
        ("l2", [(5, 1.0, "next", 63), (6, 0.5, "readers", 63), (3, 0.1, "readers", 63)]),
    ]
    made = chosen(page, built, lessons=lessons, read=read, here="l2")
    assert [(one["id"], one["reason"], one["subject"]) for one in made] == [
        ("l3", "topic", "t1"),
        ("l4", "next", "L1"),
        ("l5", "next", ""),
        ("l6", "readers", ""),
    ]


def test_half_of_a_list_is_of_one_course_while_others_have_something(page: Page, built: Built) -> None:
    lessons = [(key, 1 if key < 20 else 2) for key in range(1, 30)]
    row = [(key, 100.0 - key, "readers", 63) for key in range(1, 25)]
    made = chosen(page, built, lessons=lessons, read=[("x", row)])
    assert [one["id"] for one in made][:3] == ["l1", "l2", "l20"]
    alone = chosen(page, built, lessons=lessons, read=[("x", row[:10])])
    assert [one["id"] for one in alone][:3] == ["l1", "l2", "l3"]


def test_one_place_in_ten_is_given_to_a_lesson_further_down(page: Page, built: Built) -> None:
    lessons = [(key, key) for key in range(1, 40)]
    row = [(key, 100.0 - key, "readers", 63) for key in range(1, 31)]
    explored = 0
    for number in range(120):
        made = chosen(page, built, lessons=lessons, read=[("x", row)], seed=f"seed {number}")
        explored += sum(one["explored"] for one in made)
        assert len({one["id"] for one in made}) == 4
        assert [one["explored"] for one in made[:3]] == [False] * 3
    assert 0.05 < explored / (120 * 4) < 0.15


def test_the_product_that_opens_most_is_not_one_that_is_owned(page: Page, built: Built) -> None:
    program = """(m, owned) => m.fitting(
        [{products: [0, 2]}, {products: [0, 2]}, {products: [1, 2]}, {products: []}],
        [{id: "a", opens: 5}, {id: "b", opens: 5}, {id: "all", opens: 10}], new Set(owned))"""
    assert call(page, built, "choosing", program, []) == {"place": 2, "count": 3}
    assert call(page, built, "choosing", program, ["all"]) is None
    assert call(page, built, "choosing", program, ["b"]) == {"place": 0, "count": 2}
    teams = program.replace('id: "all"', 'kind: "team", id: "all"')
    assert call(page, built, "choosing", teams, []) == {"place": 0, "count": 2}


@pytest.mark.parametrize(
    ("interval", "text"), [("", "$15"), ("month", "$15 per month"), ("year", "$15 per year")]
)
def test_what_is_paid_again_says_how_often(page: Page, built: Built, interval: str, text: str) -> None:
    program = """(m, interval) => {
        const section = document.createElement("section");
        section.dataset.gatekeeper = "https://gate.example";
        section.innerHTML = `<p class="lyceum-related__fits"><span class="lyceum-related__fits-text"></span><a></a></p>
            <template class="lyceum-related__words" data-fits="%(title)s opens %(n)s" data-month="per month" data-year="per year"></template>`;
        const product = {id: "all", title: {en: "All"}, price: {en: "$15"}, kind: "subscription", opens: 9, interval};
        new m.List(section).showFitting({place: 0, count: 2}, {products: [product]});
        return [section.querySelector("a").textContent, section.querySelector("span").textContent];
    }"""
    assert call(page, built, "list", program, interval) == [text, "All opens 2"]
