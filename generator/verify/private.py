"""Addresses where something private must not answer a stranger: at the site, at the gatekeeper, at the store itself.

What a stranger can know: the routes of the gatekeeper, the lessons that pages keep locked, and the names under which careless hosts show
what lies beside a site. What only the publisher knows (keys of private objects, paths of private files) comes from the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from gatekeeper.contract import keys, routes
from generator.verify.fetch import Fetched, Stranger
from generator.verify.findings import Finding, Kind
from generator.verify.links import Locked
from generator.verify.pages import Progress, Release
from generator.verify.site import SiteAddress, joined, shown
from generator.verify.store import StoreView

_CARELESS = (
    keys.CURRENT,
    keys.POINTERS,
    keys.pointer_key(1),
    keys.PRIVATE,
    keys.PUBLIC,
    keys.RELEASES,
    ".env",
    ".git/HEAD",
    ".git/config",
    ".lyceum/content.key",
    ".lyceum/release.key",
    ".lyceum/store/current.json",
    ".cache/lyceum/",
    "build/",
    "content/",
    "content/.ids.json",
    "content/school.yml",
    "store/current.json",
)


@dataclass(slots=True)
class Tried:
    asked: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def try_site(
    release: Release, id_: str, store: StoreView | None, stranger: Stranger, progress: Progress, tried: Tried
) -> None:
    """The site shows nothing of the private store, and nothing that an earlier release had and this one has not."""
    site = release.site
    careless = [*_CARELESS, keys.manifest_key(id_), keys.public_list_key(id_)]
    private = dict.fromkeys(careless, "is private, and the public site shows it")
    if store is not None:
        private |= dict.fromkeys(store.keys, "is a private object, and the public site shows it")
        private |= dict.fromkeys(store.files, "is a private file, and the public site shows it")
    private = {path: what for path, what in private.items() if not _is_shown(path, release)}
    _try(site, private, Kind.PRIVATE, release.nothing, stranger, progress, tried)
    if store is not None and store.is_clearing:
        tried.notes.append(
            "what earlier releases left is still being cleared from the site, so it was not looked for"
        )
    elif store is not None:
        left = dict.fromkeys(
            store.left - release.files.keys() - release.own - private.keys(),
            "was public in an earlier release and still answers",
        )
        _try(site, left, Kind.LEFT, release.nothing, stranger, progress, tried)


def try_gatekeepers(
    site: SiteAddress,
    locked: Iterable[Locked],
    store: StoreView | None,
    stranger: Stranger,
    progress: Progress,
    tried: Tried,
) -> None:
    """No part and no private file is given to a stranger by the gatekeepers that pages name."""
    named: dict[str, set[str]] = {}
    for one in locked:
        named.setdefault((one.gatekeeper or site.origin).rstrip("/"), set()).add(one.lesson)
    for origin, lessons in sorted(named.items()):
        if urlsplit(origin).scheme not in {"http", "https"}:
            tried.notes.append("a page names a gatekeeper that is no http(s) address; it was not asked")
            continue
        alive = stranger.get(origin + routes.HEALTH)
        tried.asked += 1
        if alive.status == 0:
            tried.notes.append(f"the gatekeeper {origin} cannot be reached, so its doors were not tried")
            continue
        parts = lessons | (store.parts if store else set())
        asked = [origin + routes.part_path(lesson) for lesson in sorted(parts)]
        asked += [origin + routes.read_path(lesson) for lesson in sorted(parts)]
        asked += [origin + routes.file_path(path) for path in sorted(store.files if store else ())]
        asked += [origin + routes.STORE + quote(key) for key in sorted(store.keys if store else ())]
        unanswered = 0
        for done, (url, fetched) in enumerate(stranger.each(asked, lambda url: (url, stranger.get(url)))):
            progress("gatekeeper", done + 1, len(asked))
            tried.asked += 1
            what = _given_away(url, fetched, site)
            if what:
                tried.findings.append(Finding(kind=Kind.PRIVATE, where=shown(url), what=what))
            unanswered += fetched.status == 0 or fetched.status >= 500
        if unanswered:
            tried.notes.append(
                f"the gatekeeper {origin} did not answer {unanswered} of {len(asked)} questions"
            )


def try_store(store: StoreView, stranger: Stranger, progress: Progress, tried: Tried) -> None:
    """The store itself gives nothing to a request without a signature."""
    asked = sorted(store.keys | store.documents)
    for done, (key, doors) in enumerate(stranger.each(asked, lambda key: (key, store.open_doors(key)))):
        progress("store", done + 1, len(asked))
        tried.asked += 1
        if doors:
            what = f"the private store lets anybody {' and '.join(doors)}"
            tried.findings.append(Finding(kind=Kind.PRIVATE, where=key, what=what))


def _is_shown(path: str, release: Release) -> bool:
    """Whether the release itself has something there."""
    return path in release.files or (path.endswith("/") and f"{path}index.html" in release.files)


def _try(
    site: SiteAddress,
    paths: Mapping[str, str],
    kind: Kind,
    nothing: str,
    stranger: Stranger,
    progress: Progress,
    tried: Tried,
) -> None:
    """paths: path at the site → what it means if something is there."""

    def ask(path: str) -> tuple[str, Fetched]:
        return path, stranger.get(site.url(path))

    for done, (path, fetched) in enumerate(stranger.each(sorted(paths), ask), start=1):
        progress("private" if kind is Kind.PRIVATE else "earlier", done, len(paths))
        tried.asked += 1
        if fetched.status in {200, 206} and fetched.sha256 != nothing:
            tried.findings.append(Finding(kind=kind, where=site.url(path), what=paths[path]))


def _given_away(asked: str, fetched: Fetched, site: SiteAddress) -> str:
    """What the gatekeeper's answer to a stranger gives away; "" for nothing. It refuses with 401, 403 or 404."""
    if fetched.status in {200, 206}:
        return "is private, and the gatekeeper gives it to a stranger"
    if 300 <= fetched.status < 400:
        target = joined(asked, fetched.location)
        if target is None or urlsplit(target).path == urlsplit(asked).path or site.path(target) is not None:
            return ""  # to https, or to the public page of a lesson that is free now
        return "is private, and the gatekeeper sends a stranger on to it"
    return ""
