"""Renames that would lose an id are noticed, with the way to keep it."""

from __future__ import annotations

from pathlib import Path

from generator.catalogue.identity import lost_ids
from generator.errors import Severity
from tests.generator.catalogue.building import read


def test_nothing_is_said_while_every_id_is_there(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/01-first.md": "# A\n", "rust/02-new.md": "# B\n"})
    assert lost_ids({"rust/first": "rust/01-first.md"}, school) == ()


def test_another_number_in_front_keeps_the_id(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/07-first.md": "# A\n"})
    assert lost_ids({"rust/first": "rust/01-first.md"}, school) == ()


def test_a_rename_that_loses_an_id_says_how_to_keep_it(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/01-ownership-rules.md": "# A\n", "rust/02-traits.md": "# B\n"})
    (problem,) = lost_ids(
        {"rust/ownership": "rust/01-ownership.md", "rust/traits": "rust/02-traits.md"}, school
    )
    assert problem.severity is Severity.WARNING
    assert problem.where == "rust/01-ownership-rules.md"
    assert "'rust/ownership'" in problem.what
    assert problem.hint == "add 'id: rust/ownership' to its front matter and 'moved_from: [rust/ownership/]'"


def test_a_rename_with_its_id_kept_is_silent(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/01-ownership-rules.md": "---\nid: rust/ownership\n---\n# A\n"})
    assert lost_ids({"rust/ownership": "rust/01-ownership.md"}, school) == ()


def test_a_changed_id_in_the_same_file_is_noticed(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/01-first.md": "---\nid: rust/other\n---\n# A\n"})
    (problem,) = lost_ids({"rust/first": "rust/01-first.md"}, school)
    assert problem.hint == "add 'id: rust/first' to its front matter"


def test_a_deleted_lesson_is_better_retired(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/01-first.md": "# A\n"})
    (problem,) = lost_ids({"rust/first": "rust/01-first.md", "rust/gone": "rust/09-gone.md"}, school)
    assert problem.where == "rust/09-gone.md"
    assert "status: retired" in problem.hint


def test_a_lesson_moved_to_another_folder_is_found_by_its_name(tmp_path: Path) -> None:
    school = read(tmp_path, {"rust/part/03-traits.md": "# A\n", "rust/01-zzz.md": "# Z\n"})
    (problem,) = lost_ids({"rust/traits": "rust/09-traits.md", "rust/zzz": "rust/01-zzz.md"}, school)
    assert problem.where == "rust/part/03-traits.md"
