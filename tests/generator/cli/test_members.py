"""`lyceum members segments` and `lyceum recommend uplift`, on made-up readers and on none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.cli.pipeline import read_edition
from generator.recommend import rehearsal
from tests.generator.site.test_recommended import school_of
from tests.support.command_line import lyceum


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = school_of(tmp_path_factory.mktemp("members") / "school")
    now = datetime.now(UTC)
    rehearsal.write(root / ".lyceum" / "signals", read_edition(root, now)[0], now)
    return root


def test_segments_count_every_reader_once_and_name_none(school: Path) -> None:
    told = json.loads(lyceum("members", "segments", "--json", folder=school).stdout)
    assert told["readers"] == sum(segment["readers"] for segment in told["segments"]) == rehearsal.READERS
    assert {segment["segment"] for segment in told["segments"]} == {
        "new", "active", "at risk", "lapsed", "champion",
    }  # fmt: skip
    assert told["judgement"]["skill"] > 0
    text = lyceum("members", "segments", folder=school).stdout
    assert "champion" in text
    assert "less squared error than telling everybody the average" in text


def test_what_an_event_is_worth_stands_in_the_schools_settings(school: Path) -> None:
    def scores() -> list[float]:
        told = json.loads(lyceum("members", "segments", "--json", folder=school).stdout)
        return [segment["score"] for segment in told["segments"]]

    place = school / "content" / "school.yml"
    before, text = scores(), place.read_text("utf-8")
    place.write_text(text + "members: {points: {finished: 50}, half_life_days: 7}\n", "utf-8")
    assert scores() != before
    place.write_text(text + "members: {points: {finishd: 50}}\n", "utf-8")
    assert "school.yml:5" in lyceum("members", "segments", folder=school, expect=3).stderr
    place.write_text(text, "utf-8")


def test_few_readers_are_told_to_be_too_few(school: Path) -> None:
    assert lyceum("recommend", "uplift", folder=school).stdout.startswith("too few readers to say")
    told = json.loads(lyceum("recommend", "uplift", "--json", folder=school).stdout)
    assert told["verdict"] == "too few readers to say"
    assert told["power"] < 0.8
    assert told["effect"]["low"] < told["effect"]["high"]


def test_a_school_without_readers_says_so(school: Path, tmp_path: Path) -> None:
    nothing = str(tmp_path / "none")
    done = lyceum("members", "segments", "--signals", nothing, folder=school)
    assert "no reader yet" in done.stderr
    assert lyceum("recommend", "uplift", "--signals", nothing, folder=school).stdout.startswith("too few")
