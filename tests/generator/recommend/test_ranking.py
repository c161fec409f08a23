"""The stage as a whole: editions and readers in, lists and rows out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generator.access.edition import Edition
from generator.errors import SettingsError
from generator.recommend.explaining import explained
from generator.recommend.interactions import Interactions
from generator.recommend.packing import lesson_key, unpack
from generator.recommend.ranking import Ranked, last_worth, rank
from generator.recommend.recommendations import Reason
from generator.recommend.suggesting import COURSE_LENGTH, LENGTH, OF_ONE_COURSE
from tests.generator.recommend.communities import groups, interactions
from tests.generator.site.editions import DraftCourse, course, edition, lesson

COURSES, EACH = 6, 8
TOPICS = ("locks", "pages", "trees", "tasks")


def names() -> list[str]:
    """Lessons in such an order that those of one group of readers (every fourth) share a topic across courses."""
    return [f"c{place // EACH}/l{place % EACH}" for place in range(COURSES * EACH)]


def school() -> Edition:
    return edition(
        *(
            course(
                f"c{number}",
                *(
                    lesson(
                        f"{at:02}-l{at}.md",
                        f"# About {TOPICS[at % 4]}\n\nAll of {TOPICS[at % 4]} number{at} course{number}.\n",
                        private=f"sesame{at % 4} " * 20,
                        tags=(f"All-{number}", TOPICS[at % 4].title()),
                    )
                    for at in range(EACH)
                ),
                lesson("20-draft.md", status="draft", title="Unborn"),
                lesson("21-soon.md", status="scheduled", title="Announced"),
                lesson("22-old.md", status="retired", title="Retired"),
            )
            for number in range(COURSES)
        ),
    )


def behaviour(readers: int = 240) -> Interactions:
    ids = names()
    return interactions(
        (reader, ids[place], 1_000_000 + 3_600 * at)
        for reader, history in enumerate(groups(readers, len(ids)))
        for at, place in enumerate(history)
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def ranked(cache: Path) -> Ranked:
    return rank(school(), behaviour(), cache)


def test_a_model_of_the_readers_is_published_with_a_row_for_every_lesson(ranked: Ranked) -> None:
    assert ranked.choice.verdict.refused == ()
    assert set(ranked.recommendations.rows) == set(names())
    assert all(len(row) <= 500 for row in ranked.recommendations.rows.values())


def test_lists_begin_with_the_next_lesson_and_are_full_and_without_repetition(ranked: Ranked) -> None:
    for id_, made in ranked.recommendations.lessons.items():
        ids = [one.lesson for one in made]
        assert len(set(ids)) == LENGTH
        assert id_ not in ids
        number = int(id_[-1])
        if number + 1 < EACH:
            assert (made[0].lesson, made[0].reason) == (f"{id_[:-1]}{number + 1}", Reason.NEXT)


def test_readers_of_a_group_are_led_to_its_lessons(ranked: Ranked) -> None:
    place = {id_: number for number, id_ in enumerate(names())}
    hits = [
        place[one.lesson] % 4 == place[id_] % 4
        for id_, made in ranked.recommendations.lessons.items()
        for one in made
        if one.reason is not Reason.NEXT and not one.explored
    ]
    assert np.mean(hits) > 0.9


def test_reasons_are_told_and_their_subjects_are_public(ranked: Ranked) -> None:
    tags = {one.id: one.tags for one in ranked.evidence.lessons}
    seen: Counter[Reason] = Counter()
    for id_, made in ranked.recommendations.lessons.items():
        for one in made:
            seen[one.reason] += 1
            if one.reason is Reason.READERS:
                assert one.subject == id_
            if one.reason is Reason.TOPIC and one.subject:
                assert one.subject in tags[one.lesson]
                assert one.subject in tags[id_]
    assert seen[Reason.NEXT]
    assert seen[Reason.READERS]


def test_no_list_holds_too_many_of_one_course(ranked: Ranked) -> None:
    lists = [*ranked.recommendations.lessons.values(), *ranked.recommendations.courses.values()]
    for made in lists:
        counted = Counter(one.lesson.partition("/")[0] for one in made if not one.explored)
        assert max(counted.values()) <= OF_ONE_COURSE


def test_one_place_in_ten_explores_and_every_lesson_stands_somewhere(ranked: Ranked) -> None:
    all_ = [one for made in ranked.recommendations.lessons.values() for one in made]
    assert 0.05 <= np.mean([one.explored for one in all_]) <= 0.15
    assert {one.lesson for one in all_} == set(names())


def test_after_a_course_come_lessons_of_others(ranked: Ranked) -> None:
    for id_, made in ranked.recommendations.courses.items():
        assert len(made) == COURSE_LENGTH
        assert all(one.lesson.partition("/")[0] != id_ for one in made)


def test_nothing_that_is_not_listed_is_named_anywhere(ranked: Ranked) -> None:
    found = ranked.recommendations
    listed = set(names())
    keys = {lesson_key(id_) for id_ in listed}
    for made in (*found.lessons.values(), *found.courses.values(), found.popular):
        assert {one.lesson for one in made} <= listed
    for row in found.rows.values():
        assert {entry.key for entry in unpack(row)} <= keys
    assert set(found.keys) == listed


def test_equal_inputs_give_equal_recommendations(ranked: Ranked, tmp_path: Path) -> None:
    again = rank(school(), behaviour(), tmp_path)
    assert again.recommendations == ranked.recommendations


def test_what_was_published_is_remembered_for_the_next_builds_gate(ranked: Ranked, cache: Path) -> None:
    assert last_worth(cache) == ranked.choice.ndcg


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ndcg": "much"}'])
def test_a_memory_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "recommend").mkdir()
    (tmp_path / "recommend" / "worth.json").write_text(text)
    assert last_worth(tmp_path) is None


def test_no_pair_of_fewer_than_five_readers_is_told_of_readers(ranked: Ranked) -> None:
    """Privacy: neither lists nor rows say 'readers went on' of pairs that few readers share."""
    place = {id_: number for number, id_ in enumerate(ranked.readings.lessons)}
    by_key = {lesson_key(id_): id_ for id_ in place}
    joint = (ranked.readings.matrix.T @ ranked.readings.matrix).toarray()
    checked = 0
    for id_, row in ranked.recommendations.rows.items():
        for entry in unpack(row):
            if entry.reason is Reason.READERS:
                assert joint[place[id_], place[by_key[entry.key]]] >= 5
                checked += 1
    for id_, made in ranked.recommendations.lessons.items():
        for one in made:
            if one.reason is Reason.READERS:
                assert joint[place[id_], place[one.lesson]] >= 5
    assert checked


def test_a_renamed_lesson_keeps_its_place(ranked: Ranked, tmp_path: Path) -> None:
    """Its id stays (`id:`), or its new id has the old address in moved_from."""
    before = school()
    old = before.courses[0].lessons[2]
    new = replace(old, id="c0/another-name", slug="another-name", moved_from=("c0/l2/",))
    courses = (
        replace(
            before.courses[0], lessons=tuple(new if one is old else one for one in before.courses[0].lessons)
        ),
        *before.courses[1:],
    )
    lessons = {
        (new.id if id_ == old.id else id_): (replace(one, lesson=new) if id_ == old.id else one)
        for id_, one in before.lessons.items()
    }
    after = rank(replace(before, courses=courses, lessons=lessons), behaviour(), tmp_path)
    assert after.readings.counts.tolist() == ranked.readings.counts.tolist()
    assert "c0/another-name" in after.recommendations.rows
    assert "c0/l2" not in after.recommendations.keys


def test_signals_of_lessons_that_are_gone_change_nothing(ranked: Ranked, tmp_path: Path) -> None:
    here = behaviour()
    more = replace(
        here,
        lessons=(*here.lessons, "gone/lesson"),
        reader=np.append(here.reader, np.arange(50, dtype=np.int32)),
        lesson=np.append(here.lesson, np.full(50, len(here.lessons), np.int32)),
        at=np.append(here.at, np.full(50, 999, np.int64)),
        weight=np.append(here.weight, np.ones(50, np.float32)),
    )
    assert rank(school(), more, tmp_path).recommendations == ranked.recommendations


@pytest.mark.parametrize("events", [[], [(0, "c/a")], [(0, "c/gone")]], ids=["none", "one", "gone"])
@pytest.mark.parametrize(
    "small",
    [edition(), edition(course("c")), edition(course("c", lesson("01-a.md")))],
    ids=["empty", "empty course", "one lesson"],
)
def test_the_smallest_schools_have_no_lists_and_no_errors(
    small: Edition, events: list[tuple[int, str]], tmp_path: Path
) -> None:
    found = rank(small, interactions(events), tmp_path).recommendations
    assert (found.lessons, found.courses, found.popular, found.rows) == ({}, {}, (), {})


def test_lessons_that_say_nothing_and_nobody_read_do_no_harm_and_are_filled_in_their_own_language(
    tmp_path: Path,
) -> None:
    """Rows of zeros, of readers and of words, in every matrix; and readers who took nothing up that is here."""
    speaking = school()
    silent = edition(
        course(
            "silent",
            *(
                lesson(f"{at:02}-s{at}.md", "", title="…", summary="", language="zh", id=f"silent/s{at}")
                for at in range(3)
            ),
            language="zh",
        ),
        languages=("en", "zh"),
    )
    both = replace(
        speaking,
        courses=(*speaking.courses, *silent.courses),
        lessons={**speaking.lessons, **silent.lessons},
    )
    here = behaviour()
    late = 9_000_000
    more = interactions(
        [
            *((int(r), here.lessons[c], int(at)) for r, c, at in zip(here.reader, here.lesson, here.at, strict=True)),
            *((1000 + number, "gone/lesson", late) for number in range(20)),
        ]
    )  # fmt: skip
    found = rank(both, more, tmp_path).recommendations
    assert set(found.rows) == set(names()), "no row for what nobody read"
    assert [one.reason for one in found.lessons["silent/s0"]] == [
        Reason.NEXT,
        *[Reason.POPULAR] * (LENGTH - 1),
    ]
    assert {one.reason for one in found.lessons["silent/s2"]} == {Reason.POPULAR}


def test_what_fills_a_list_is_taken_from_its_own_language_first(tmp_path: Path) -> None:
    """Twice as many read the other language."""

    def bare(id_: str, language: str) -> DraftCourse:
        drafts = [
            lesson(f"{at:02}-{id_}{at}.md", "", title="…", summary="", language=language) for at in range(7)
        ]
        return course(id_, *drafts, language=language)

    made = edition(bare("en", "en"), bare("zh", "zh"), languages=("en", "zh"))
    told = [
        (reader, f"{id_}/{id_}{at}")
        for id_, first, count in (("en", 0, 20), ("zh", 100, 10))
        for reader in range(first, first + count)
        for at in (5, 6)
    ]
    found = rank(made, interactions(told), tmp_path).recommendations
    popular = [one.lesson for one in found.lessons["zh/zh0"] if one.reason is Reason.POPULAR]
    assert popular[:2] == ["zh/zh5", "zh/zh6"]
    assert [one.lesson for one in found.courses["zh"]] == ["en/en5", "en/en6"]
    assert [one.lesson for one in found.popular] == ["en/en5", "en/en6", "zh/zh5", "zh/zh6"]


def test_one_reader_is_led_by_the_order_of_the_course_and_the_texts(tmp_path: Path) -> None:
    found = rank(school(), interactions([(0, "c0/l0"), (0, "c3/l1")]), tmp_path).recommendations
    assert found.model == "course order"
    assert found.lessons["c0/l0"][0].reason is Reason.NEXT
    assert all(one.reason is not Reason.READERS for made in found.lessons.values() for one in made)
    assert found.popular == ()
    assert found.rows == {}


def test_private_text_informs_only_where_the_school_allows_it_and_its_likeness_stays_unknown(
    tmp_path: Path,
) -> None:
    """Lessons whose public halves have nothing in common, whose private halves share a word by fours."""

    def opened(private_text: bool) -> Ranked:
        made = edition(
            course(
                "c",
                *(
                    lesson(
                        f"{at:02}-l{at}.md",
                        f"alpha{at} beta{at}\n",
                        private=f"sesame{at % 4} " * 20,
                        summary="",
                    )
                    for at in range(12)
                ),
            ),
            private_text=private_text,
        )
        return rank(made, interactions([]), tmp_path)

    assert all(
        one.reason is Reason.NEXT for made in opened(False).recommendations.lessons.values() for one in made
    )
    found = opened(True)
    ids = [one.lesson for one in found.recommendations.lessons["c/l0"]]
    assert {"c/l4", "c/l8"} <= set(ids)
    assert "sesame" not in repr(found.recommendations)
    ranks = {float(np.float32(1 / place)) for place in range(1, 12)}
    row = found.evidence.row(0).texts
    assert {round(value / max(row.values()), 5) for value in row.values()} <= {
        round(value, 5) for value in ranks
    }


def test_explain_says_what_speaks_for_each_suggestion(ranked: Ranked) -> None:
    found = explained(ranked, "c0/l1")
    assert [one.lesson for one in found.suggestions] == [
        one.lesson for one in ranked.recommendations.lessons["c0/l1"]
    ]
    by_readers = [one for one in found.suggestions if one.reason is Reason.READERS]
    assert by_readers
    assert all(one.readers >= 5 and one.behaviour >= one.text for one in by_readers)
    assert found.row_bytes == len(ranked.recommendations.rows["c0/l1"])


def test_explain_of_an_unknown_lesson_says_which_was_meant(ranked: Ranked) -> None:
    with pytest.raises(SettingsError) as caught:
        explained(ranked, "c0/l11")
    assert "did you mean" in caught.value.hint
