"""Publishing and rolling back, on every kind of store."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.contract import keys, manifest, pointer, statement
from generator.errors import AccessLossError, StoreError
from generator.release import Plan, Published, Release, Stores, plan, publish, releases, rollback
from generator.release.folder import FolderStore
from generator.release.history import Tip
from generator.release.known import Known
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from generator.release.store import Body, StoredObject
from tests.generator.release.made import (
    WatchedStore,
    current,
    folder_buckets,
    folders,
    made,
    pages_of,
    shown,
    stored,
)


def is_whole(stores: Stores, release: Release) -> None:
    """Both halves of exactly this release are what readers meet, and nothing else is."""
    assert current(stores) == release.id
    assert shown(stores) == pages_of(release)
    whole = manifest.loads(stores.private.get(keys.manifest_key(release.id)) or b"")
    assert whole == release.manifest
    for entry in (*whole.parts.values(), *whole.files.values()):
        assert stores.private.get(entry.key) == release.private[entry.key].body


def test_a_first_publish_puts_both_halves_in_place(stores: Stores, tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    steps: list[tuple[str, int, int]] = []
    published = publish(first, stores, progress=lambda *step: steps.append(step))
    assert published == Published(
        release=first.id,
        previous=None,
        number=1,
        is_unchanged=False,
        changed=tuple(sorted(first.public)),
        uploaded=len(first.public) + 1,
        uploaded_bytes=sum(f.size_bytes for f in first.public.values())
        + sum(o.size_bytes for o in first.private.values()),
        site="https://school.example/",
    )
    is_whole(stores, first)
    assert {step for step, _, _ in steps} >= {"upload"}
    assert all(1 <= done <= total for _, done, total in steps)
    names = set(stored(stores.private))
    assert keys.PROBE not in names
    assert not [name for name in names if "switch" in name]


def test_a_second_publish_takes_the_first_ones_place_and_only_sends_what_is_new(
    stores: Stores, tmp_path: Path
) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    planned = plan(second, stores)
    published = publish(second, stores)
    is_whole(stores, second)
    assert (published.previous, published.number) == (first.id, 2)
    assert (
        published.uploaded == len(planned.objects) == len(second.public) - 2 + 1
    )  # style and course page stay
    assert published.removed == ("demo/only-1/index.html",)


def test_what_stopped_being_public_is_at_no_public_address_p21_l16(stores: Stores, tmp_path: Path) -> None:
    free, picture = b"<p>CANARY-that-was-free</p>", b"PNG-CANARY"
    pages = {"demo/was-free/index.html": free, "demo/files/picture.png": picture}
    publish(made(tmp_path, 1, pages=pages), stores)
    published = publish(
        made(
            tmp_path,
            2,
            pages={"demo/was-free/index.html": b"<p>teaser</p>"},
            parts={"demo/was-free": free, "demo/paid": b"<p>paid</p>"},
        ),
        stores,
    )
    assert "demo/files/picture.png" in published.removed
    assert not [path for path, data in shown(stores).items() if b"CANARY" in data]


def test_a_plan_says_what_a_publish_does_and_changes_nothing(stores: Stores, tmp_path: Path) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    fresh = plan(first, stores)
    assert (fresh.current, fresh.number, fresh.is_unchanged) == (None, 1, False)
    assert set(fresh.added) == first.public.keys()
    publish(first, stores)
    before = stored(stores.private), shown(stores)
    planned = plan(second, stores)
    assert (stored(stores.private), shown(stores)) == before
    assert planned == Plan(
        release=second.id,
        current=first.id,
        is_unchanged=False,
        number=2,
        objects=planned.objects,
        upload_bytes=planned.upload_bytes,
        added=("demo/only-2/index.html",),
        changed=(
            "404.html",
            "assets/extra.js",
            "demo/paid/index.html",
            "index.html",
            statement.PATH,
            "课程/第一课/index.html",
        ),
        removed=("demo/only-1/index.html",),
        site_bytes=sum(
            len(body) for path, body in pages_of(second).items() if body != pages_of(first).get(path)
        ),
        removed_bytes=len(pages_of(first)["demo/only-1/index.html"]),
    )
    assert planned.upload_bytes == sum(
        len(body) for body in map(dict.get, [_bodies(second)] * len(planned.objects), planned.objects) if body
    )


def _bodies(release: Release) -> dict[str, bytes]:
    bodies = {key: found.body for key, found in release.private.items() if isinstance(found.body, bytes)}
    pages = pages_of(release)
    return bodies | {keys.public_key(file.sha256): pages[path] for path, file in release.public.items()}


def test_publishing_the_same_content_again_does_nothing_in_three_requests(
    stores: Stores, tmp_path: Path
) -> None:
    first = made(tmp_path, 1)
    publish(first, stores)
    before = stored(stores.private), shown(stores)
    private = WatchedStore(stores.private)
    public = stores.public
    seen: list[tuple[str, str]] = private.calls
    if isinstance(public, BucketSite):
        watched = WatchedStore(public.store)
        watched.calls = seen
        public = BucketSite(watched)
    again = replace(
        first,
        id="20270101T000000Z-00000000",
        manifest=replace(
            first.manifest, release="20270101T000000Z-00000000", created="2027-01-01T00:00:00Z", commit="b"
        ),
    )
    published = publish(again, Stores(private=private, public=public))
    assert published == Published(release=first.id, previous=first.id, number=1, is_unchanged=True)
    assert len(seen) <= 3
    assert {verb for verb, _ in seen} <= {"get", "list", "head"}
    assert plan(again, stores).is_unchanged
    assert (stored(stores.private), shown(stores)) == before


def test_one_changed_lesson_costs_a_few_requests_whatever_the_school_holds(tmp_path: Path) -> None:
    many = {f"demo/l{number}/index.html": b"%d" % number for number in range(300)}
    stores = folder_buckets(tmp_path)
    publish(made(tmp_path, 1, pages=many), stores)
    private = WatchedStore(stores.private)
    assert isinstance(stores.public, BucketSite)
    public = WatchedStore(stores.public.store)
    changed = {**many, "demo/l7/index.html": b"new", "demo/only-1/index.html": b"kept"}
    base = pages_of(made(tmp_path, 1, pages=many))
    del base[statement.PATH]
    second = made(tmp_path, 2, pages={**base, **changed})
    (second.folder / "demo/only-2/index.html").unlink()
    second = replace(
        second, public={path: f for path, f in second.public.items() if path != "demo/only-2/index.html"}
    )
    published = publish(second, Stores(private=private, public=BucketSite(public)))
    assert published.uploaded == 4  # the lesson, another page, the part, the release statement
    assert len(private.calls) + len(public.calls) < 40


def test_an_interrupted_upload_is_taken_up_where_it_ended(stores: Stores, tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    whole, half = sorted(first.public)[:2]
    for path in (whole, half):
        body = (first.folder / path).read_bytes()
        stores.private.put(
            keys.public_key(first.public[path].sha256),
            body if path == whole else body[:-1],  # what a store without atomic puts would leave
            media_type="text/html",
            cache_control="no-store",
        )
    published = publish(first, stores)
    assert published.uploaded == len(first.public) + 1 - 1
    is_whole(stores, first)
    assert stores.private.get(keys.public_key(first.public[half].sha256)) == pages_of(first)[half]


@pytest.mark.parametrize("lack", ["home", "object", "part", "file changed"])
def test_a_release_that_is_not_whole_is_never_published(stores: Stores, tmp_path: Path, lack: str) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    match lack:
        case "home":
            second = replace(second, public={p: f for p, f in second.public.items() if p != "index.html"})
        case "object":
            second = replace(second, private={})
        case "part":
            second = replace(second, manifest=replace(second.manifest, parts={}))
        case _:
            place = second.folder / "index.html"
            place.write_bytes(place.read_bytes().replace(b"home", b"leak"))  # as long as before
    before = shown(stores)
    with pytest.raises(StoreError) as caught:
        publish(second, stores)
    assert caught.value.exit_code == 6
    assert caught.value.hint
    assert current(stores) == first.id
    assert shown(stores) == before
    assert stores.private.get(keys.manifest_key(second.id)) is None


def test_nothing_is_switched_when_an_upload_did_not_arrive_z05(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)

    class Forgetful(WatchedStore):
        """Says that a private part was stored, and loses it."""

        def put(self, key: str, body: Body, **rest: Any) -> StoredObject:
            done = super().put(key, body, **rest)
            if key.split("/")[0] == "private":
                self.inner.delete(key)
            return done

    with pytest.raises(StoreError, match="missing or incomplete"):
        publish(second, Stores(private=Forgetful(stores.private), public=stores.public))
    is_whole(stores, first)


def test_private_parts_are_verified_before_and_pages_shown_before_the_pointer_moves_z05(
    tmp_path: Path,
) -> None:
    plain = folder_buckets(tmp_path)
    private = WatchedStore(plain.private)
    log: list[tuple[str, str]] = []
    assert isinstance(plain.public, BucketSite)
    public = WatchedStore(plain.public.store, name="site:")
    private.calls = public.calls = log
    stores = Stores(private=private, public=BucketSite(public))
    publish(made(tmp_path, 1), stores)
    log.clear()
    publish(made(tmp_path, 2), stores)
    part = next(iter(made(tmp_path, 2).private))

    def at(verb: str, key: str) -> int:
        return log.index((verb, key))

    upload, seen = at("put", part), max(place for place, call in enumerate(log) if call == ("head", part))
    described = at("put", keys.manifest_key(made(tmp_path, 2).id))
    asset, new = at("put", "site:assets/extra.js"), at("put", "site:demo/only-2/index.html")
    changed = [at("put", f"site:{path}") for path in ("index.html", "404.html", "demo/paid/index.html")]
    moved, hint = at("put", keys.pointer_key(2)), at("put", keys.CURRENT)
    deleted = at("delete", "site:demo/only-1/index.html")
    assert upload < seen < described < asset < new < min(changed)
    assert max(changed) < moved < min(deleted, hint)
    assert ("put", "site:demo/index.html") not in log  # it did not change
    assert ("put", "site:assets/main.0123abcd.min.css") not in log


def test_two_publishers_at_once_one_wins_and_the_other_says_who_z04(stores: Stores, tmp_path: Path) -> None:
    publish(made(tmp_path, 0), stores)
    for race in range(3):
        rivals = [made(tmp_path, 10 * race + number + 1) for number in range(3)]
        outcomes = _at_once(rivals, stores)
        winners = [rival for rival in rivals if isinstance(outcomes[rival.id], Published)]
        losers = [outcome for outcome in outcomes.values() if isinstance(outcome, StoreError)]
        assert winners, outcomes
        for error in losers:
            assert error.exit_code == 6
            assert any(winner.id in str(error) for winner in winners)
        last = next(rival for rival in rivals if rival.id == current(stores))
        is_whole(stores, last)
        numbers = [o.number for o in outcomes.values() if isinstance(o, Published)]
        assert len(set(numbers)) == len(numbers)  # nobody's pointer was overwritten


def _at_once(rivals: list[Release], stores: Stores) -> dict[str, Published | StoreError]:
    start = threading.Barrier(len(rivals))
    outcomes: dict[str, Published | StoreError] = {}

    def run(rival: Release) -> None:
        start.wait()
        try:
            outcomes[rival.id] = publish(rival, stores)
        except StoreError as error:
            outcomes[rival.id] = error

    threads = [threading.Thread(target=run, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize("kind", [folders, folder_buckets])
@pytest.mark.parametrize("moment", ["before pages", "after pages"])
def test_a_loser_leaves_the_winners_pages_z04(
    tmp_path: Path, kind: Callable[[Path], Stores], moment: str
) -> None:
    """Another publisher finishes while we are at it: at the last moment, or earlier."""
    stores = kind(tmp_path)
    first, winner, loser = (made(tmp_path, number) for number in (1, 2, 3))
    publish(first, stores)
    done: list[Published] = []

    def interfere(verb: str, key: str) -> None:
        wanted = ("put", keys.manifest_key(loser.id) if moment == "before pages" else keys.pointer_key(2))
        if (verb, key) == wanted and not done:
            done.append(rush())

    def rush() -> Published:
        # a publisher on another machine: the lock on this folder does not reach it
        if isinstance(stores.public, FolderSite):
            elsewhere = Stores(private=stores.private, public=FolderSite(tmp_path / "elsewhere"))
            return publish(winner, elsewhere)
        return publish(winner, stores)

    watched = WatchedStore(stores.private, before=interfere)
    with pytest.raises(StoreError, match=winner.id) as caught:
        publish(loser, Stores(private=watched, public=stores.public))
    assert caught.value.exit_code == 6
    assert done
    if isinstance(stores.public, FolderSite):
        assert current(stores) == winner.id
        assert shown(stores) == pages_of(first)  # this machine was not touched at all
    else:
        is_whole(stores, winner)
    assert not [name for name in stored(stores.private) if "switch" in name]
    publish(loser, stores)
    is_whole(stores, loser)


def test_rolling_back_brings_both_halves_back_without_a_build_z05(stores: Stores, tmp_path: Path) -> None:
    first, second, third = (made(tmp_path, number) for number in (1, 2, 3))
    pages = {release.id: pages_of(release) for release in (first, second, third)}
    for release in (first, second, third):
        publish(release, stores)
        shutil.rmtree(release.folder)
    uploads = {name for name in stored(stores.private) if name.split("/")[0] in {"private", "public"}}

    back = rollback(stores)
    assert (back.release, back.previous, back.number) == (second.id, third.id, 4)
    assert current(stores) == second.id
    assert shown(stores) == pages[second.id]

    named = rollback(stores, first.id)
    assert (named.release, named.previous, named.number) == (first.id, second.id, 5)
    assert shown(stores) == pages[first.id]
    assert rollback(stores).release == second.id  # what was current before
    assert rollback(stores, second.id).is_unchanged
    names = {name for name in stored(stores.private) if name.split("/")[0] in {"private", "public"}}
    assert names == uploads


def test_a_site_folder_is_put_back_from_blobs_when_it_is_gone(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    pages = pages_of(first)
    publish(first, stores)
    publish(second, stores)
    shutil.rmtree(tmp_path / "public" / "sites" / first.id)
    shutil.rmtree(first.folder)
    rollback(stores)
    assert shown(stores) == pages


def test_after_a_rollback_the_next_publish_goes_on_as_ever(stores: Stores, tmp_path: Path) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    publish(second, stores)
    rollback(stores)
    assert publish(first, stores).is_unchanged
    again = publish(second, stores)
    assert (again.release, again.number) == (second.id, 4)
    is_whole(stores, second)


@pytest.mark.parametrize(
    "wanted", ["20260101T000000Z-00000000", "../../etc", "current", "", "20260101T000000Z-00000000/.."]
)
def test_only_a_release_of_the_store_can_be_rolled_back_to(
    stores: Stores, tmp_path: Path, wanted: str
) -> None:
    first = made(tmp_path, 1)
    publish(first, stores)
    with pytest.raises(StoreError) as caught:
        rollback(stores, wanted)
    assert "lyceum releases" in caught.value.hint
    is_whole(stores, first)


def test_there_is_nothing_before_the_first_release(stores: Stores, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no earlier release"):
        rollback(stores)
    publish(made(tmp_path, 1), stores)
    with pytest.raises(StoreError, match="no earlier release"):
        rollback(stores)


def test_a_release_that_lost_an_object_is_not_rolled_back_to(stores: Stores, tmp_path: Path) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    publish(second, stores)
    stores.private.delete(next(iter(first.private)))
    with pytest.raises(StoreError, match="no longer whole: 1 object"):
        rollback(stores, look=True)
    is_whole(stores, second)


def test_releases_are_listed_newest_first_with_their_facts(stores: Stores, tmp_path: Path) -> None:
    assert releases(stores) == ()
    first, second = made(tmp_path, 1, commit="aaa"), made(tmp_path, 2, commit="bbb+")
    for release in (first, second):
        publish(release, stores)
    rollback(stores)
    rows = releases(stores)
    assert [row.release for row in rows] == [second.id, first.id]
    assert [row.commit for row in rows] == ["bbb+", "aaa"]
    assert [row.is_current for row in rows] == [False, True]
    assert [row.lessons for row in rows] == [2, 2]
    assert rows[1].created == "2026-11-22T16:00:01Z"
    assert rows[1].size_bytes == sum(map(len, pages_of(first).values())) + sum(
        found.size_bytes for found in first.private.values()
    )


def test_a_bucket_that_a_killed_publisher_left_mixed_is_mended_even_by_the_same_content_z01(
    tmp_path: Path,
) -> None:
    stores = folder_buckets(tmp_path)
    first, killed = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    stop = ("put", keys.pointer_key(2))

    def die(verb: str, key: str) -> None:
        if (verb, key) == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(killed, Stores(private=WatchedStore(stores.private, before=die), public=stores.public))
    assert shown(stores)["index.html"] == pages_of(killed)["index.html"]
    assert current(stores) == first.id
    assert not publish(first, stores).is_unchanged
    is_whole(stores, first)
    assert publish(first, stores).is_unchanged


def test_a_lost_or_wrong_hint_misleads_nobody(stores: Stores, tmp_path: Path) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    publish(second, stores)
    for hint in (None, b"nonsense", pointer.dumps_hint(1), pointer.dumps_hint(900)):
        if hint is None:
            stores.private.delete(keys.CURRENT)
        else:
            stores.private.put(keys.CURRENT, hint, media_type="application/json", cache_control="no-store")
        assert publish(second, stores).is_unchanged
    third = made(tmp_path, 3)
    assert publish(third, stores).number == 3
    is_whole(stores, third)


@pytest.mark.parametrize("far", [False, True])
def test_a_hint_that_repeats_another_pointer_is_not_believed(tmp_path: Path, far: bool) -> None:
    plain = folder_buckets(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, plain)
    publish(second, plain)
    lied = pointer.Pointer(number=2, release=first.id, created="", digest=first.digest)
    plain.private.put(
        keys.CURRENT,
        pointer.dumps_hint(2, [lied]),
        media_type="application/json",
        cache_control="no-store",
    )
    stores = Stores(private=WatchedStore(plain.private, far=far), public=plain.public)
    assert publish(second, stores).is_unchanged


def test_a_pointer_that_cannot_be_understood_stops_a_publish(stores: Stores, tmp_path: Path) -> None:
    publish(made(tmp_path, 1), stores)
    stores.private.put(
        keys.pointer_key(2), b'{"format":2}', media_type="application/json", cache_control="no-store"
    )
    with pytest.raises(StoreError, match="cannot be understood"):
        publish(made(tmp_path, 2), stores)


def test_foreign_objects_in_a_public_bucket_are_left_alone(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    assert isinstance(stores.public, BucketSite)
    publish(made(tmp_path, 1), stores)
    stores.public.store.put(
        ".well-known/security.txt", b"ours", media_type="text/plain", cache_control="no-store"
    )
    publish(made(tmp_path, 2), stores)
    assert shown(stores)[".well-known/security.txt"] == b"ours"


def test_identical_files_of_releases_and_blobs_share_one_inode(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    publish(second, stores)
    sites = tmp_path / "public" / "sites"
    style = "assets/main.0123abcd.min.css"
    blob = tmp_path / "private" / keys.public_key(first.public[style].sha256)
    inodes = {place.stat().st_ino for place in (sites / first.id / style, sites / second.id / style, blob)}
    assert len(inodes) == 1
    assert (second.folder / style).stat().st_ino not in inodes  # a later build must not reach into a release


def test_only_the_last_few_site_folders_stay(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    made_ones = [made(tmp_path, number) for number in range(1, 7)]
    for release in made_ones:
        publish(release, stores)
    kept = {path.name for path in (tmp_path / "public" / "sites").iterdir() if path.is_dir()}
    assert kept == {release.id for release in made_ones[-3:]}
    rollback(stores, made_ones[0].id)
    kept = {path.name for path in (tmp_path / "public" / "sites").iterdir() if path.is_dir()}
    assert {made_ones[0].id, made_ones[-1].id} <= kept
    assert shown(stores) == pages_of(made_ones[0])


def test_a_copy_is_made_where_hard_links_cannot(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    with tempfile.TemporaryDirectory(dir=memory) as other:
        stores = Stores(private=FolderStore(Path(other)), public=FolderSite(tmp_path / "public"))
        first, second = made(tmp_path, 1), made(tmp_path, 2)
        publish(first, stores)
        publish(second, stores)
        is_whole(stores, second)


def test_a_release_begun_before_the_one_that_runs_is_not_published(stores: Stores, tmp_path: Path) -> None:
    """No gatekeeper would follow it there: only a rollback goes back (a slow publisher, or a clock that is wrong)."""
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(second, stores)
    before = stored(stores.private), shown(stores)
    with pytest.raises(StoreError, match="begun after this one") as caught:
        publish(first, stores)
    assert caught.value.exit_code == 6
    assert (stored(stores.private), shown(stores)) == before


def test_after_a_rollback_a_release_between_the_two_is_published(stores: Stores, tmp_path: Path) -> None:
    publish(made(tmp_path, 1), stores)
    publish(made(tmp_path, 3), stores)
    rollback(stores)
    second = made(tmp_path, 2)
    publish(second, stores)
    assert current(stores) == second.id


def test_a_publish_that_is_not_approved_changes_nothing(stores: Stores, tmp_path: Path) -> None:
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    before = stored(stores.private), shown(stores)
    told: list[str] = []

    def refuse(tip: Tip, running: Known) -> None:
        told.append(tip.release)
        assert manifest.loads(running.described) == first.manifest
        raise AccessLossError(["demo/paid"])

    with pytest.raises(AccessLossError) as caught:
        publish(second, stores, approve=refuse)
    assert caught.value.exit_code == 5
    assert told == [first.id]
    assert (stored(stores.private), shown(stores)) == before


@pytest.mark.parametrize("kind", ["parts", "files"])
def test_a_lesson_that_names_what_the_manifest_does_not_have_is_not_published(
    stores: Stores, tmp_path: Path, kind: str
) -> None:
    release = made(tmp_path, 1)
    lessons = dict(release.manifest.lessons)
    id_ = sorted(lessons)[-1]
    lessons[id_] = replace(lessons[id_], **{kind: ("demo/nothing",)})  # type: ignore[arg-type]
    broken = replace(release, manifest=replace(release.manifest, lessons=lessons))
    with pytest.raises(StoreError, match="does not have") as caught:
        publish(broken, stores)
    assert id_ in str(caught.value)
    assert list(stores.private.list("")) == []
