"""Made-up readers: the same every time, about the school's lessons alone, enough of them for lists; and what is popular among them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from generator.access.edition import Edition
from generator.recommend import rehearsal
from generator.recommend.counting import load_events
from generator.recommend.interactions import KINDS, Events
from generator.recommend.popular import LEAST_READERS, popular
from generator.recommend.publish import SCHOOL, files, row_path
from generator.recommend.sources import Folder
from generator.recommend.stage import recommend
from tests.generator.site.editions import DraftCourse, course, edition, lesson

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def school() -> Edition:
    lessons = [lesson(f"{number:02}-l{number}.md", private="x") for number in range(8)]
    return edition(course("rust", *lessons), course("sql", *lessons, language="zh"))


@pytest.fixture(scope="module")
def events(school: Edition, tmp_path_factory: pytest.TempPathFactory) -> Events:
    return load_events(rehearsal.write(tmp_path_factory.mktemp("signals"), school, NOW, readers=150).parent)


def test_the_same_school_and_moment_give_the_same_file(school: Edition, tmp_path: Path) -> None:
    made = [rehearsal.write(tmp_path / name, school, NOW, readers=40).read_bytes() for name in "ab"]
    assert made[0] == made[1]
    assert rehearsal.write(tmp_path / "c", school, NOW, readers=40, seed=8).read_bytes() != made[0]


def test_readers_read_the_schools_lessons_before_now_and_each_has_one_lot(
    events: Events, school: Edition
) -> None:
    assert set(events.lessons) <= {one.id for one in school.school.lessons}
    assert int(events.at.max()) < NOW.timestamp()
    lots = [set(events.variant[events.reader == reader].tolist()) for reader in range(len(events.readers))]
    assert all(len(lot) == 1 for lot in lots)
    assert set(events.variants) == {"model", "popularity"}


def test_a_school_without_lessons_has_no_made_up_readers(tmp_path: Path) -> None:
    assert len(load_events(rehearsal.write(tmp_path, edition(), NOW).parent)) == 0


@pytest.mark.parametrize(
    "courses",
    [
        (),
        (course("rust"),),
        (course("rust", lesson("01-only.md")),),
        (course("rust", *(lesson(f"0{n}-x{n}.md") for n in range(3))),),
    ],
    ids=["empty school", "empty course", "one lesson", "three lessons"],
)
@pytest.mark.parametrize("readers", [0, 1, 30])
def test_small_schools_with_few_readers_get_what_can_be_said(
    courses: tuple[DraftCourse, ...], readers: int, school: Edition, tmp_path: Path
) -> None:
    """Their readers read another school's lessons too, which count nowhere."""
    small = edition(*courses)
    rehearsal.write(tmp_path / "signals", school, NOW, readers=readers)
    rehearsal.write(tmp_path / "signals", small, NOW, readers=readers).rename(
        tmp_path / "signals" / "own.parquet"
    )
    if readers:
        rehearsal.write(tmp_path / "signals", school, NOW, readers=readers)
    found, popular_ones = recommend(
        small, Folder(path=tmp_path / "signals"), tmp_path / "cache", tmp_path / "build"
    )
    listed = set(small.lessons)
    named = {
        one.lesson
        for ones in (*found.lessons.values(), *found.courses.values(), found.popular)
        for one in ones
    }
    assert named | set(found.rows) | set(popular_ones.all) <= listed
    assert (tmp_path / "build/reports/members.json").is_file()
    assert files(found, small, {}, popular_ones).keys() <= {SCHOOL, *map(row_path, listed)}


def test_popular_is_what_most_readers_took_up(events: Events, school: Edition) -> None:
    listed = {one.id: "en" for one in school.school.lessons}
    found = popular(events, listed)
    counts = {
        name: len(
            np.unique(events.reader[(events.lesson == code) & (events.at > events.at.max() - 90 * 86_400)])
        )
        for code, name in enumerate(events.lessons)
    }
    assert list(found.all) == sorted(found.all, key=lambda id_: (-counts[id_], id_))
    assert counts[found.all[0]] == max(counts.values())
    del listed[found.all[0]]
    assert set(popular(events, listed).all) == set(found.all[1:])


def test_what_fewer_than_five_readers_took_up_is_in_no_list() -> None:
    def read(readers: int) -> Events:
        none = np.full(readers, -1, np.int32)
        return Events(
            readers=tuple(map(str, range(readers))),
            lessons=("a",),
            lists=(),
            variants=(),
            reader=np.arange(readers, dtype=np.int32),
            lesson=np.zeros(readers, np.int32),
            kind=np.full(readers, KINDS.index("view"), np.int32),
            at=np.full(readers, 1_000_000_000, np.int64),
            value=np.full(readers, np.nan),
            list_=none,
            place=np.zeros(readers, np.int32),
            variant=none,
        )

    assert list(popular(read(LEAST_READERS - 1), {"a": "en"}).all) == []
    assert list(popular(read(LEAST_READERS), {"a": "en"}).new) == ["a"]
    assert list(popular(read(0), {"a": "en"}).all) == []


def test_a_language_that_few_read_has_its_own_share_of_what_is_popular(
    monkeypatch: pytest.MonkeyPatch, events: Events, school: Edition
) -> None:
    ids = popular(events, {one.id: "en" for one in school.school.lessons}).all
    monkeypatch.setattr("generator.recommend.popular.LONGEST", 2)
    found = popular(events, {id_: "zh" if id_ == ids[-1] else "en" for id_ in ids})
    assert list(found.all) == [ids[0], ids[1], ids[-1]]
