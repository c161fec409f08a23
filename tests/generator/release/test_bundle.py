"""How a build becomes a release: what the manifest says, and which builds are refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PurePosixPath

import pytest

from gatekeeper.contract import keys, manifest
from gatekeeper.contract.access import MEMBER, PUBLIC, products_rule
from gatekeeper.contract.manifest import ProductEntry
from generator.access.edition import Edition
from generator.errors import LeakError, LyceumError, StoreError
from generator.release import Release, bundle
from generator.site.build import Site
from generator.site.contents import contents_of
from generator.site.leaks import Attestation, public_digest
from tests.generator.release.made import CONTENT_KEY
from tests.generator.site.editions import course, edition, lesson, product

NOW = datetime(2026, 11, 22, 16, 5, 1, tzinfo=UTC)
PICTURE = b"<svg>CANARY-PICTURE</svg>"


def school() -> Edition:
    return edition(
        course(
            "rust",
            lesson("01-start.md"),
            lesson("02-traits.md", private="paid text\n", private_files=["rust/files/图 1.svg"]),
            lesson("03-members.md", private="members' text\n", access="member"),
            lesson("04-old.md", private="retired text\n", status="retired"),
            lesson("05-draft.md", private="CANARY-DRAFT\n", status="draft", title="CANARY draft"),
            lesson(
                "06-soon.md",
                private="CANARY-SOON\n",
                status="scheduled",
                publish_at=NOW + timedelta(days=3),
                title="CANARY soon",
            ),
        ),
        products=[
            product("rust", ["rust"]),
            product(
                "all", ["*"], {"USD": 500}, kind="subscription", interval="month", refund_days=0, active=False
            ),
        ],
    )


def described(site: Site, cut: Edition, base_url: str = "https://school.example") -> Site:
    """The site with its contents as `cut` decides them and its files as they lie on disk."""
    return replace(
        site,
        digests={
            path.relative_to(site.public).as_posix(): (
                hashlib.sha256(path.read_bytes()).digest(),
                path.stat().st_size,
            )
            for path in site.public.rglob("*")
            if path.is_file()
        },
        contents=contents_of(
            cut,
            base_url=base_url,
            parts={id_: (hashlib.sha256(html).digest(), len(html)) for id_, html in site.parts.items()},
            files={
                path: (hashlib.sha256(place.read_bytes()).digest(), place.stat().st_size)
                for path, place in site.files.items()
            },
        ),
    )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    public = tmp_path / "site"
    for path, data in {
        "index.html": b"home",
        "rust/traits/index.html": b"lead-in",
        "assets/main.0123abcd.min.css": b"body{}",
    }.items():
        (public / path).parent.mkdir(parents=True, exist_ok=True)
        (public / path).write_bytes(data)
    picture = tmp_path / "content" / "rust" / "files" / "图 1.svg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(PICTURE)
    return Site(
        public=public,
        digests={},
        contents={},
        parts={"rust/traits": b"<p>paid</p>", "rust/members": b"<p>members</p>", "rust/old": b"<p>old</p>"},
        files={"rust/files/图 1.svg": picture},
        warnings=(),
    )


def attested(site: Site, hits: int = 0) -> Attestation:
    files = {
        path.relative_to(site.public).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in site.public.rglob("*")
        if path.is_file()
    }
    return Attestation(
        tool="leaks 1",
        files=len(files),
        size_bytes=0,
        phrases=9,
        hits=hits,
        digest=public_digest(files),
    )


def bundled(site: Site, cut: Edition | None = None, **changes: object) -> Release:
    arguments: dict[str, object] = {
        "content_key": CONTENT_KEY,
        "now": NOW,
        "commit": "abc123",
        "attestation": changes.pop("attestation", None) or attested(site),
    }
    base_url = str(changes.pop("base_url", "https://school.example"))
    made = described(site, cut or school(), base_url)
    return bundle(made, **(arguments | changes))  # type: ignore[arg-type]


def test_the_manifest_states_what_the_edition_decided_r2(site: Site) -> None:
    release = bundled(site)
    whole = release.manifest
    paid = products_rule(["rust", "all"])
    assert whole.site == "https://school.example/"
    assert whole.languages == ("en",)
    assert {id_: entry.access for id_, entry in whole.lessons.items()} == {
        "rust/start": PUBLIC,
        "rust/traits": paid,
        "rust/members": MEMBER,
        "rust/old": paid,
    }
    traits = whole.lessons["rust/traits"]
    assert (traits.course, traits.title, traits.url) == ("rust", "Traits", "rust/traits/")
    assert (traits.parts, traits.files) == (("rust/traits",), ("rust/files/图 1.svg",))
    assert whole.lessons["rust/start"].parts == ()
    assert whole.parts["rust/traits"].access == paid
    assert whole.parts["rust/traits"].media_type == "text/html; charset=utf-8"
    picture = whole.files["rust/files/图 1.svg"]
    assert (picture.access, picture.media_type, picture.size_bytes) == (paid, "image/svg+xml", len(PICTURE))
    assert picture.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert whole.courses["rust"].url == "rust/"
    assert whole.products["all"] == ProductEntry(
        kind="subscription",
        title={"zh": "all 课程", "en": "all course"},
        grants=("*",),
        prices={"USD": 500},
        interval="month",
        refund_days=0,
        active=False,
    )
    assert whole.attestation["hits"] == 0
    assert manifest.loads(manifest.dumps(whole)) == whole


def test_hidden_and_upcoming_lessons_are_not_named_l11(site: Site) -> None:
    assert b"CANARY" not in manifest.dumps(bundled(site).manifest)


def test_private_objects_lie_under_keyed_names_that_public_files_do_not_reveal_r4(site: Site) -> None:
    release = bundled(site)
    assert set(release.private) == {
        keys.private_key(CONTENT_KEY, hashlib.sha256(data).digest())
        for data in (PICTURE, *site.parts.values())
    }
    other = bundled(site, content_key=b"another key of the school")
    assert release.private.keys().isdisjoint(other.private)
    assert set(release.public) == {"index.html", "rust/traits/index.html", "assets/main.0123abcd.min.css"}


def test_the_id_is_the_moment_in_utc_and_the_start_of_the_content_digest(site: Site) -> None:
    release = bundled(site, now=NOW.astimezone(timezone(timedelta(hours=8))))
    assert release.id == f"20261122T160501Z-{release.digest[:8]}" == release.manifest.release
    assert release.manifest.created == "2026-11-22T16:05:01Z"


def test_the_content_digest_depends_on_content_alone(site: Site) -> None:
    first = bundled(site)
    later = bundled(site, now=NOW + timedelta(days=1), commit="def")
    assert later.digest == first.digest
    assert later.id != first.id
    moved = bundled(site, base_url="https://elsewhere.example/")
    (site.public / "rust/traits/index.html").write_bytes(b"lead-in, mended")
    public_changed = bundled(site)
    private_changed = bundled(replace(site, parts={**site.parts, "rust/traits": b"<p>more</p>"}))
    digests = {release.digest for release in (first, moved, public_changed, private_changed)}
    assert len(digests) == 4


def test_files_that_the_leak_check_has_not_read_are_not_bundled_l01(site: Site) -> None:
    statement = attested(site)
    (site.public / "late.html").write_bytes(b"written after the check")
    with pytest.raises(LeakError) as caught:
        bundled(site, attestation=statement)
    assert caught.value.exit_code == 4
    with pytest.raises(LeakError):
        bundled(site, attestation=attested(site, hits=1))


def test_a_site_without_a_home_page_is_not_bundled(site: Site) -> None:
    (site.public / "index.html").unlink()
    with pytest.raises(LyceumError, match="home page"):
        bundled(site)


def test_halves_and_files_that_the_edition_does_not_have_are_refused_r3(site: Site) -> None:
    extra = replace(site, parts={**site.parts, "rust/draft": b"<p>CANARY</p>"})
    with pytest.raises(LyceumError, match="edition does not have"):
        bundled(extra)
    free = replace(site, parts={**site.parts, "rust/start": b"<p>?</p>"})
    with pytest.raises(LyceumError, match="edition does not have"):
        bundled(free)
    unruled = replace(site, files={**site.files, "rust/files/other.svg": next(iter(site.files.values()))})
    with pytest.raises(LyceumError, match="no access rule"):
        bundled(unruled)


def test_a_half_or_file_that_was_not_built_is_refused(site: Site) -> None:
    with pytest.raises(LyceumError, match="not rendered"):
        bundled(replace(site, parts={}))
    with pytest.raises(LyceumError, match="not built"):
        bundled(replace(site, files={}))


def test_a_private_file_under_a_public_rule_is_refused_r3(site: Site) -> None:
    cut = school()
    opened = replace(cut, private_files={PurePosixPath("rust/files/图 1.svg"): PUBLIC})
    with pytest.raises(LyceumError, match="marked public"):
        bundled(site, opened)


def test_a_private_file_that_is_gone_says_where_it_was(site: Site) -> None:
    place = site.files["rust/files/图 1.svg"]
    release = bundled(site)
    place.unlink()
    with pytest.raises(StoreError) as caught:
        [found.content() for found in release.private.values()]
    assert str(place) in str(caught.value)


def test_a_content_key_that_is_too_short_names_nothing(site: Site) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        bundled(site, content_key=b"short")
