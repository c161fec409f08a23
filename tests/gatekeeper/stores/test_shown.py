"""Pages and parts change at one stroke where the public site is a folder of this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gatekeeper.contract import keys
from gatekeeper.contract.address import parse_store
from gatekeeper.contract.pointer import Kind
from gatekeeper.gate.library import Library
from gatekeeper.stores.reader import FolderReader
from gatekeeper.stores.shown import shown_release
from tests.support.tiny_release import RELEASE, RELEASE_KEYS, renamed, tiny_manifest, write_release

SECOND = "20261102T080000Z-0123abcd"
THIRD = "20261103T080000Z-0123abcd"


class Machine:
    """A private store and a public site in two folders; the link is moved by hand."""

    def __init__(self, root: Path) -> None:
        self._private, self._public = root / "private", root / "public"
        shown = shown_release(parse_store(self._public.as_uri()))
        assert shown is not None
        self.shown = shown

    def library(self) -> Library:
        return Library(FolderReader(self._private), RELEASE_KEYS, shown=self.shown)

    def point(self, number: int, release: str, kind: Kind = Kind.PUBLISH) -> None:
        day = release[6:8]
        whole = replace(
            renamed(tiny_manifest("https://school.example/"), release), created=f"2026-11-{day}T08:00:00Z"
        )
        write_release(self._private, self._public, whole, number=number, kind=kind)

    def show(self, release: str) -> None:
        link = self._public / "new"
        link.symlink_to(keys.site_folder(release).rstrip("/"))
        link.replace(self._public / keys.SITE)


def loaded(library: Library) -> str:
    library.refresh()
    assert library.manifest is not None
    return library.manifest.release


def test_a_release_counts_when_its_pages_are_shown_and_not_before_z01(tmp_path: Path) -> None:
    """A publisher creates the pointer, then moves the link; killed in between it has changed nothing."""
    machine = Machine(tmp_path)
    assert machine.shown() == ""
    machine.point(1, RELEASE)
    machine.show(RELEASE)
    running = machine.library()
    assert loaded(running) == RELEASE
    machine.point(2, SECOND)
    assert loaded(running) == RELEASE
    assert loaded(machine.library()) == RELEASE  # also after a restart
    machine.show(SECOND)
    assert loaded(running) == loaded(machine.library()) == SECOND
    machine.point(3, RELEASE, Kind.ROLLBACK)
    assert loaded(running) == SECOND
    machine.show(RELEASE)
    assert loaded(running) == loaded(machine.library()) == RELEASE


def test_a_switch_between_two_looks_is_no_step_back(tmp_path: Path) -> None:
    """The site shows an older release again when its pointer, which says rollback, is there already."""
    machine = Machine(tmp_path)
    machine.point(1, RELEASE)
    machine.point(2, SECOND)
    machine.show(SECOND)
    look = machine.shown

    def switched() -> str:
        machine.shown = look
        machine.point(3, RELEASE, Kind.ROLLBACK)
        machine.show(RELEASE)
        return look()

    running = Library(FolderReader(tmp_path / "private"), RELEASE_KEYS, shown=lambda: machine.shown())
    assert loaded(running) == SECOND
    machine.shown = switched
    assert loaded(running) == RELEASE


def test_pointers_of_killed_publishers_are_passed_over(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.point(1, RELEASE)
    machine.show(RELEASE)
    machine.point(2, SECOND)
    machine.point(3, SECOND)
    machine.point(4, THIRD)
    running = machine.library()
    assert loaded(running) == RELEASE
    machine.show(THIRD)
    assert loaded(running) == THIRD


def test_a_site_that_no_pointer_tells_of_holds_nothing_up(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.point(1, RELEASE)
    machine.show("20200101T000000Z-deadbeef")
    assert loaded(machine.library()) == RELEASE


def test_a_site_elsewhere_cannot_be_looked_at() -> None:
    assert shown_release(None) is None
    assert shown_release(parse_store("s3://bucket/site")) is None
