"""Every public file against its digest, and everything beyond them that a stranger finds by following links.

- A folder's index is asked for at the folder. A redirect within the site is followed, as a browser would.
- Links are taken from the pages, style sheets, sitemaps and feeds of the release, and from what was found beyond it.
- Where the host answers 200 for what does not exist, that answer is known by its bytes and counts as nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from generator.verify.fetch import Fetched, Stranger
from generator.verify.findings import Finding, Kind
from generator.verify.links import Found, Locked, references
from generator.verify.patience import Patience
from generator.verify.site import SiteAddress, joined, shown

Progress = Callable[[str, int, int], None]

NOT_FOUND = "404.html"  # some hosts give it the status that it speaks of
_MOST_BEYOND = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """files: public path → SHA-256 as hex. own: paths that are there beside them, such as the statement's.

    nothing: SHA-256 of what the host answers with status 200 for an address that does not exist; "" if it does not.
    """

    site: SiteAddress
    files: Mapping[str, str]
    own: frozenset[str]
    nothing: str


@dataclass(slots=True)
class Seen:
    """beyond: URLs of this site that pages lead to and that are no file of the release. locked: lessons that pages keep locked."""

    files: int = 0
    size_bytes: int = 0
    beyond: set[str] = field(default_factory=set)
    locked: set[Locked] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look(release: Release, stranger: Stranger, patience: Patience, progress: Progress) -> Seen:
    """Fetch every file of the release, those that are not right again while there is patience, and then what they lead to beyond it."""
    seen = Seen()
    site = release.site
    paths = sorted(release.files)

    def ask(path: str) -> tuple[str, Fetched]:
        return path, stranger.get(site.url(path), follow=lambda url: site.path(url) is not None)

    while True:
        troubles: dict[str, Finding] = {}
        for done, (path, fetched) in enumerate(stranger.each(paths, ask), start=1):
            finding = _compared(path, release.files[path], fetched, site)
            if finding is None:
                seen.files += 1
                seen.size_bytes += fetched.size_bytes
                seen.locked |= _collect(fetched, release, seen).locked
            else:
                troubles[path] = finding
                _collect(fetched, release, seen)
            progress("files", done, len(paths))
        if not troubles or not patience.more():
            break
        paths = sorted(troubles)
    seen.findings += troubles.values()
    _look_beyond(release, seen, stranger, progress)
    return seen


def _look_beyond(release: Release, seen: Seen, stranger: Stranger, progress: Progress) -> None:
    site = release.site
    if not _is_elsewhere(seen.locked, site):  # on the site's own origin the gatekeeper answers, too
        seen.beyond = {url for url in seen.beyond if not site.is_gatekeepers(url)}
    asked: set[str] = set()
    while waiting := sorted(seen.beyond - asked)[: _MOST_BEYOND - len(asked)]:
        asked |= set(waiting)

        def ask(url: str) -> tuple[str, Fetched]:
            return url, stranger.get(url, follow=lambda target: site.path(target) is not None)

        for done, (url, fetched) in enumerate(stranger.each(waiting, ask), start=1):
            progress("links", done, len(waiting))
            is_known = _is_known(site.path(fetched.url), release)
            if fetched.status == 200 and fetched.sha256 != release.nothing and not is_known:
                seen.findings.append(
                    Finding(kind=Kind.EXTRA, where=shown(url), what="answers, and is no file of this release")
                )
                _collect(fetched, release, seen)
    if seen.beyond - asked:
        seen.notes.append(f"{len(seen.beyond - asked)} addresses that pages lead to were not asked for")


def _is_elsewhere(locked: set[Locked], site: SiteAddress) -> bool:
    """Whether the pages surely name a gatekeeper of another origin."""
    return bool(locked) and all(one.gatekeeper.rstrip("/") not in {"", site.origin} for one in locked)


def _compared(path: str, sha256: str, fetched: Fetched, site: SiteAddress) -> Finding | None:
    where = site.url(path)
    if fetched.status == 0:
        return Finding(kind=Kind.MISSING, where=where, what=f"does not answer: {fetched.trouble}")
    if fetched.status != 200 and not (path == NOT_FOUND and fetched.status == 404):
        return Finding(kind=Kind.MISSING, where=where, what=f"answers {fetched.status}")
    if fetched.sha256 != sha256:
        return Finding(kind=Kind.CHANGED, where=where, what="does not have the bytes of this release")
    return None


def _collect(fetched: Fetched, release: Release, seen: Seen) -> Found:
    """What this document refers to; the addresses of this site among it go to `seen`."""
    found = references(fetched.text, fetched.media_type)
    base = joined(fetched.url, found.base) if found.base else fetched.url
    for reference in found.references:
        url = joined(base or fetched.url, reference)
        path = None if url is None else release.site.path(url)
        if url is not None and path is not None and not _is_known(path, release):
            seen.beyond.add(url)
    return found


def _is_known(path: str | None, release: Release) -> bool:
    """Whether the release has this path, or an index below it: hosts redirect `rust` to `rust/`."""
    return path is not None and (
        path in release.files or path in release.own or f"{path}/index.html" in release.files
    )
