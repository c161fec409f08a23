"""Small releases made by hand, and ways to look at what a publish has done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gatekeeper.contract import keys, pointer
from gatekeeper.contract.access import PUBLIC, products_rule
from gatekeeper.contract.manifest import CourseEntry, LessonEntry, Manifest, ObjectEntry, ProductEntry
from generator.release import Release, Stores, media
from generator.release.attest import attested
from generator.release.folder import FolderStore
from generator.release.release import PrivateObject, PublicFile, content_digest
from generator.release.signing import Signer
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from generator.release.store import Body, ObjectStore, StoredObject
from generator.site.leaks import public_digest

CONTENT_KEY = bytes(range(32))
START = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def made(
    root: Path,
    number: int,
    *,
    pages: Mapping[str, bytes] | None = None,
    parts: Mapping[str, bytes] | None = None,
    commit: str = "",
    later: timedelta = timedelta(),
    signer: Signer | None = None,
) -> Release:
    """Release `number` of a school with three lessons. pages: public files instead of, or beside, the usual ones.

    parts: lesson → HTML of its private half. Every page says which release it is of, except the style sheet and the course page.
    """
    folder = root / f"site-{number}"
    text = b"release %d" % number
    files = {
        "index.html": b"<title>home</title>" + text,
        "demo/index.html": b"<title>the course page stays the same</title>",
        "demo/paid/index.html": b"<title>paid</title>" + text,
        f"demo/only-{number}/index.html": b"<title>a page of its own</title>" + text,
        "assets/main.0123abcd.min.css": b"body{}",
        "assets/extra.js": b"// " + text,
        "课程/第一课/index.html": "<title>课</title>".encode() + text,
        "404.html": b"<title>nothing</title>" + text,
    } | dict(pages or {})
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    halves = {"demo/paid": b"<p>paid half of " + text + b"</p>"} if parts is None else dict(parts)
    private: dict[str, PrivateObject] = {}
    entries: dict[str, ObjectEntry] = {}
    for lesson, html in halves.items():
        digest = hashlib.sha256(html)
        key = keys.private_key(CONTENT_KEY, digest.digest())
        private[key] = PrivateObject(
            body=html, sha256=digest.hexdigest(), size_bytes=len(html), media_type=media.PART
        )
        entries[lesson] = ObjectEntry(
            key=key,
            sha256=digest.hexdigest(),
            size_bytes=len(html),
            media_type=media.PART,
            access=products_rule(["demo"]),
        )
    public = {
        path: PublicFile(
            sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), media_type=media.media_type(path)
        )
        for path, data in files.items()
    }
    moment = START + timedelta(seconds=number) + later
    lessons = {
        id_: LessonEntry(
            course="demo", title=id_, url=f"{id_}/", access=products_rule(["demo"]), parts=(id_,)
        )
        for id_ in halves
    }
    lessons["demo/free"] = LessonEntry(course="demo", title="Free", url="demo/free/", access=PUBLIC)
    whole = Manifest(
        release=f"{moment:%Y%m%dT%H%M%SZ}-00000000",
        created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        commit=commit,
        site="https://school.example/",
        name={"en": "School"},
        languages=("en",),
        courses={"demo": CourseEntry(title="Demo", language="en", url="demo/")},
        lessons=lessons,
        parts=entries,
        files={},
        products={
            "demo": ProductEntry(kind="course", title={"en": "Demo"}, grants=("demo",), prices={"USD": 1500})
        },
        attestation={"digest": public_digest({path: file.sha256 for path, file in public.items()})},
    )
    digest_of_all = content_digest(whole, public)
    whole = replace(
        whole,
        release=f"{moment:%Y%m%dT%H%M%SZ}-{digest_of_all[:8]}",
    )
    release = Release(
        id=whole.release,
        digest=digest_of_all,
        manifest=whole,
        private=private,
        public=public,
        folder=folder,
    )
    return attested(release, signer)


def pages_of(release: Release) -> dict[str, bytes]:
    return {path: release.made.get(path) or (release.folder / path).read_bytes() for path in release.public}


def shown(stores: Stores) -> dict[str, bytes]:
    """Everything a stranger can fetch from the public site."""
    if isinstance(stores.public, FolderSite):
        root = (stores.public.root / "site").resolve()
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert isinstance(stores.public, BucketSite)
    bucket = stores.public.store
    return {stored.key: bucket.get(stored.key) or b"" for stored in bucket.list("")}


def stored(store: ObjectStore) -> dict[str, bytes]:
    return {found.key: store.get(found.key) or b"" for found in store.list("")}


def current(stores: Stores) -> str:
    """The release that the newest pointer names, read as plainly as can be."""
    newest = max(found.key for found in stores.private.list(keys.POINTERS) if "switch" not in found.key)
    return pointer.loads(stores.private.get(newest) or b"").release


def folders(root: Path) -> Stores:
    """A private store in a folder and a public site for a web server on the same machine."""
    return Stores(private=FolderStore(root / "private"), public=FolderSite(root / "public"))


def folder_buckets(root: Path) -> Stores:
    """A public site that changes file by file, like a bucket, but quickly."""
    return Stores(
        private=FolderStore(root / "private"), public=BucketSite(FolderStore(root / "public-bucket"))
    )


class WatchedStore:
    """Passes everything on and writes down each call as (verb, key). before: called ahead of each with the same.

    far: it is a store of another machine, where every look is a request and listed etags are MD5, as in a bucket.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        name: str = "",
        before: Callable[[str, str], None] | None = None,
        far: bool = False,
    ) -> None:
        self.inner = store
        self._far = far
        self.calls: list[tuple[str, str]] = []
        self._name = name
        self._before = before or (lambda _verb, _key: None)

    @property
    def label(self) -> str:
        return self.inner.label

    @property
    def address(self) -> str:
        return self.inner.address

    @property
    def is_near(self) -> bool:
        return self.inner.is_near and not self._far

    @property
    def requests(self) -> int:
        """How many requests the calls are to a server."""
        return len(self.calls) + sum(verb == "stranger" for verb, _ in self.calls)

    def copy(self, source: ObjectStore, source_key: str, key: str, **rest: Any) -> bool:
        self._note("copy", key)
        return self.inner.copy(
            source.inner if isinstance(source, WatchedStore) else source, source_key, key, **rest
        )

    def put(self, key: str, body: Body, **rest: Any) -> StoredObject:
        self._note("put", key)
        return self.inner.put(key, body, **rest)

    def get(self, key: str) -> bytes | None:
        self._note("get", key)
        return self.inner.get(key)

    def head(self, key: str) -> StoredObject | None:
        self._note("head", key)
        return self.inner.head(key)

    def list(self, prefix: str, *, after: str = "") -> Iterator[StoredObject]:
        self._note("list", prefix)
        for found in self.inner.list(prefix, after=after):
            body = self.inner.get(found.key) or b""
            yield replace(found, etag=hashlib.md5(body).hexdigest()) if self._far else found

    def delete(self, key: str) -> None:
        self._note("delete", key)
        self.inner.delete(key)

    def open_doors(self, key: str) -> Sequence[str]:
        self._note("stranger", key)
        return self.inner.open_doors(key)

    def _note(self, verb: str, key: str) -> None:
        self.calls.append((verb, self._name + key))
        self._before(verb, key)
