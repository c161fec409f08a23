"""How suspects are cleared or told, and that what was found out about them is remembered exactly as long as it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.site.leaks import Hit, Ledger, Reading, Secrets, Unit, lesson_key, names_of, settle, settling
from generator.site.leaks.sources import default_theme
from tests.generator.site.leaks.observatory import EIGHT_WORDS, Observatory
from tests.generator.site.leaks.screening import files_below, fingerprints_of, ledger, units_of

TABS = '# Light travels\n\n=== "Alder birch"\n\n    cedar dahlia\n\n=== "Elder fennel"\n\n    ginger hyssop\n'
SHOWN = "alder birch elder fennel cedar dahlia ginger hyssop"


class Builds:
    """One build after the other, each told what the test says has changed."""

    def __init__(self, school: Observatory, folder: Path) -> None:
        self.edition = school.edition
        self._parts = school.parts
        self._public = school.public
        self.folder = folder
        self.exact = 0  # how often the exact check was asked
        self.environment = b""

    def reading(self) -> Reading:
        return Reading(default_theme(self.edition.school.root))

    def whole(self) -> tuple[Hit, ...]:
        reading = self.reading()
        files = {path: reading.file(path, data) for path, data in files_below(self._public).items()}
        return self._settled(
            lambda kept: kept.judge(
                units=units_of(reading, self.edition, self._parts),
                files=files,
                names=names_of(self.edition),
                fingerprints=fingerprints_of(reading, self.edition),
                complete=True,
            )
        )

    def changed(
        self, *keys: str, files: tuple[str, ...] = (), reading: Reading | None = None
    ) -> tuple[Hit, ...]:
        """Only these units and files are told."""
        reading = reading or self.reading()
        units: dict[str, Unit | None] = dict(units_of(reading, self.edition, self._parts))
        read = {path: reading.file(path, (self._public / path).read_bytes()) for path in files}
        return self._settled(
            lambda kept: kept.judge(
                units={key: units.get(key) for key in keys},
                files=read,
                names=names_of(self.edition),
                fingerprints=fingerprints_of(reading, self.edition),
                complete=False,
            )
        )

    def replace(self, id_: str, **changes: str) -> None:
        """Another version of a lesson's halves."""
        cut = dataclasses.replace(self.edition.lessons[id_], **changes)  # type: ignore[arg-type]
        self.edition = dataclasses.replace(self.edition, lessons={**self.edition.lessons, id_: cut})

    def _settled(self, judge: Callable[[Ledger], object]) -> tuple[Hit, ...]:
        with ledger(self.folder, self.environment) as kept:
            judge(kept)
            return settle(kept, self._public, self.edition, self._secrets)

    def _secrets(self) -> Secrets:
        self.exact += 1
        return Secrets.of(self.edition, self._parts)


@pytest.fixture
def builds(school: Observatory, tmp_path: Path) -> Builds:
    folder = tmp_path / "cache"
    folder.mkdir()
    return Builds(school, folder)


def test_a_suspect_file_alone_is_looked_at(school: Observatory, builds: Builds) -> None:
    for number in range(5):
        school.put(
            f"{number}.html", "<p>Nothing to see here but glass and the light that falls through it</p>"
        )
    assert builds.whole() == ()
    assert builds.exact == 0
    school.put("3.html", f"<p>{EIGHT_WORDS}</p>")
    (hit,) = builds.changed(files=("3.html",))
    assert (hit.public_file, builds.exact) == ("3.html", 1)


def test_a_leak_is_told_again_by_every_build_until_it_is_mended(school: Observatory, builds: Builds) -> None:
    school.put("0.html", f"<p>{EIGHT_WORDS}</p>")
    assert len(builds.whole()) == 1
    assert len(builds.changed("lesson optics/light")) == 1
    school.put("0.html", "<p>mended</p>")
    assert builds.changed(files=("0.html",)) == ()


def test_text_that_becomes_private_is_found_in_a_file_that_did_not_change(
    school: Observatory, builds: Builds
) -> None:
    school.put("0.html", f"<p>{SHOWN}</p>")
    assert builds.whole() == ()
    builds.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}.")
    assert [hit.public_file for hit in builds.changed(lesson_key("optics/lenses"))] == ["0.html"]


def test_text_that_is_public_no_more_is_found_in_a_file_that_did_not_change(
    school: Observatory, builds: Builds
) -> None:
    builds.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}.")
    builds.replace("optics/light", public_markdown=f"# Light\n\n{SHOWN}\n")
    school.put("0.html", f"<p>{SHOWN}</p>")
    assert builds.whole() == ()
    builds.replace("optics/light", public_markdown="# Light\n\nDark.\n")
    assert [hit.public_file for hit in builds.changed(lesson_key("optics/light"))] == ["0.html"]


@pytest.mark.parametrize("page", ["optics/light/index.html", "feed.xml"])
def test_what_a_rendering_explained_is_remembered_until_its_text_changes(
    school: Observatory, builds: Builds, page: str
) -> None:
    """On the lesson's own page its rendering is asked at once; elsewhere the exact check finds whose it is."""
    builds.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}.")
    builds.replace("optics/light", public_markdown=TABS)
    school.put(page, f"<p>{SHOWN}</p>")
    assert builds.whole() == ()
    asked = builds.exact
    assert asked == (0 if page == "optics/light/index.html" else 1)
    school.put("other.html", f"<p>{SHOWN}</p>")
    assert builds.changed(files=("other.html", page)) == ()
    assert builds.exact == asked
    builds.replace("optics/light", public_markdown="# Light\n\nDark.\n")
    assert {hit.public_file for hit in builds.changed(lesson_key("optics/light"))} == {page, "other.html"}


def test_what_a_rendering_explained_is_forgotten_with_the_settings_it_was_made_with(
    school: Observatory, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}.")
    builds.replace("optics/light", public_markdown=TABS)
    school.put("optics/light/index.html", f"<p>{SHOWN}</p>")
    assert builds.whole() == ()
    monkeypatch.setattr(
        "generator.site.leaks.rendering.renderer", lambda _settings: lambda _text: "nothing of the kind"
    )
    assert builds.changed() == ()
    builds.environment = b"other extensions"
    assert len(builds.changed()) == 1


def test_a_name_that_becomes_private_is_found_in_a_file_that_did_not_change(
    school: Observatory, builds: Builds
) -> None:
    school.put("index.html", "<p>See the drawing new-chart.png</p>")
    school.put("app.js", "load('files/new-chart.png')")
    school.put("long.html", "<p>See the drawing of my-new-chart.png</p>")
    assert builds.whole() == ()
    root = builds.edition.school.root
    (root / "optics/files/new-chart.png").write_bytes(b"a drawing of many bytes")
    path = next(path for path in builds.edition.school.files if path.name == "stroke-chart.png")
    files = {**builds.edition.school.files, path.with_name("new-chart.png"): 23}
    builds.edition = dataclasses.replace(
        builds.edition, school=dataclasses.replace(builds.edition.school, files=files)
    )
    assert {hit.public_file for hit in builds.changed()} == {"index.html", "app.js"}


def test_a_name_that_a_lesson_says_is_public_until_the_lesson_says_it_no_more(
    school: Observatory, builds: Builds
) -> None:
    builds.replace("optics/light", public_markdown="# Light\n\nOf catadioptrics.\n")
    for number in range(3):
        school.put(f"{number}.html", "<p>Catadioptrics</p>")
    school.put("optics/light/index.html", "<p>Of catadioptrics.</p>")
    assert builds.whole() == ()
    assert builds.exact == 0
    builds.replace("optics/light", public_markdown="# Light\n\nOf nothing.\n")
    school.put("optics/light/index.html", "<p>Of nothing.</p>")
    hits = builds.changed(lesson_key("optics/light"), files=("optics/light/index.html",))
    assert {hit.public_file for hit in hits} == {"0.html", "1.html", "2.html"}


def test_a_file_whose_pieces_another_process_told_is_read_again(school: Observatory, builds: Builds) -> None:
    """What that process told may never have arrived; nothing that is not known is taken for clean."""
    leaked = f"<p>{EIGHT_WORDS}</p>"
    school.put("index.html", "<p>nothing</p>")
    assert builds.whole() == ()
    school.put("index.html", leaked)
    reading = builds.reading()
    reading.file("index.html", leaked.encode())  # told, and lost
    assert len(builds.changed(files=("index.html",), reading=reading)) == 1
    school.put("index.html", "<p>nothing else</p>")
    reading.file("index.html", b"<p>nothing else</p>")
    assert builds.changed(files=("index.html",), reading=reading) == ()
    with ledger(builds.folder) as kept:
        assert kept.untold() == []


def test_a_leak_on_every_page_is_told_for_the_first_of_them(
    school: Observatory, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_BATCH", 3)
    for number in range(8):
        school.put(f"{number}.html", f"<p>{EIGHT_WORDS}</p>")
    assert [hit.public_file for hit in builds.whole()] == ["0.html", "1.html", "2.html"]


def test_suspects_that_the_exact_check_clears_do_not_hide_a_leak_behind_them(
    school: Observatory, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_BATCH", 1)
    builds.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}. {EIGHT_WORDS}")
    builds.replace("optics/light", public_markdown=TABS)
    school.put("0.html", f"<p>{SHOWN}</p>")
    school.put("1.html", f"<p>{EIGHT_WORDS}</p>")
    assert [hit.public_file for hit in builds.whole()] == ["1.html"]


def test_nothing_is_remembered_of_a_unit_that_the_ledger_was_not_told(
    school: Observatory, builds: Builds
) -> None:
    """Nobody would notice when such a unit's text changes."""
    builds.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}.")
    school.put("0.html", f"<p>{SHOWN}</p>")
    assert len(builds.whole()) == 1
    with ledger(builds.folder) as kept:
        found = kept.unexplained()
        kept.explain("lesson of another school", found)
        assert len(kept.unexplained()) == len(found) > 0


def test_two_schools_of_the_same_bytes_have_the_same_verdict(school: Observatory, tmp_path: Path) -> None:
    """The phrases of a first build and of one that came there in steps stand in the manifest, so they are the same."""
    stepwise = Builds(school, _folder(tmp_path / "stepwise"))
    school.put("0.html", "<p>one</p>")
    first = stepwise.edition
    stepwise.replace("optics/lenses", private_markdown=f"Of trees: {SHOWN}.")
    stepwise.whole()
    stepwise.edition = first
    stepwise.changed(lesson_key("optics/lenses"))
    at_once = Builds(school, _folder(tmp_path / "at once"))
    at_once.whole()
    with ledger(stepwise.folder) as one, ledger(at_once.folder) as other:
        assert one.verdict() == other.verdict()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
