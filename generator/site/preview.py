"""A live build for one role: what an anonymous reader, a member or the owner of a product would see.

A `show` renders only what the change since the last one concerns (see `inputs`). Parts that the role may
read are put into their pages, files that it may have lie below `files/`, so nobody need run a gatekeeper. The folder is
never the build's: it holds private text, is marked as such, and no release is made from it, because no `Site` is.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from gatekeeper.contract import routes
from gatekeeper.contract.access import Allowed, Entitlements, Rule, decide
from generator.access.edition import Edition, LessonEdition
from generator.catalogue.model import School
from generator.errors import Problem, SettingsError
from generator.site import address, alone, outputs, search, shelf
from generator.site.build import Progress, make, warnings_in
from generator.site.cache import Cache, with_cache
from generator.site.compose import compose
from generator.site.incremental import look, read_school, remember
from generator.site.project import Project
from generator.site.whole import OWN_SEARCH

MARK = "PREVIEW"  # a file in the preview's folder that says what it is

_NOTE = "A preview made by 'lyceum serve': it may hold private text. Never publish this folder.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who looks at the preview. entitlements: None for a reader who is not signed in."""

    name: str
    entitlements: Entitlements | None

    @classmethod
    def parse(cls, text: str, school: School) -> Role:
        """`anonymous`, `member` or `owner:<product>`. Raises SettingsError for anything else."""
        kind, _, product = text.partition(":")
        if text == "anonymous":
            return cls(name=text, entitlements=None)
        if text == "member":
            return cls(name=text, entitlements=Entitlements(reader="preview", products={}))
        if kind == "owner" and product in school.products:
            return cls(name=text, entitlements=Entitlements(reader="preview", products={product: None}))
        known = ", ".join(school.products) or "the school sells nothing yet"
        raise SettingsError(
            f"no such role: {text}", hint=f"anonymous, member or owner:PRODUCT; the products: {known}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a `show` did. pages: URLs written, relative to the site; empty with `everything`."""

    everything: bool
    pages: tuple[str, ...]
    warnings: tuple[Problem, ...]


class Preview:
    """One role's view of a school, kept up to date by `show`."""

    def __init__(self, project: Project, role: Role) -> None:
        folder = project.cache / "preview" / role.name.replace(":", "-")
        self._project = dataclasses.replace(project, folder=folder, gatekeeper_url="")
        self._role = role

    @property
    def site(self) -> Path:
        """The folder to serve."""
        return self._project.site

    def show(self, edition: Edition, progress: Progress | None = None) -> Refreshed:
        """Bring the preview to `edition`. Raises what `build.build` raises."""
        self._mark()
        return with_cache(self._project.build, lambda cache: self._show(edition, cache, progress))

    def refresh(self, now: datetime, progress: Progress | None = None) -> Refreshed:
        """Bring the preview to the school as it lies on disk, at the cost of what changed. Raises ContentError, too."""
        self._mark()
        return with_cache(self._project.build, lambda cache: self._refresh(now, cache, progress))

    def _refresh(self, now: datetime, cache: Cache, progress: Progress | None) -> Refreshed:
        seen = look(self._project, cache, now, kept=_KEPT)
        if seen.is_same:
            return Refreshed(everything=False, pages=(), warnings=warnings_in(cache))
        made = seen.lessons and alone.make(
            seen.lessons,
            project=self._project,
            cache=cache,
            here=seen.outputs,
            now=now,
            finish=partial(self._unlocked, int(now.timestamp())),
        )
        if made:
            remember(self._project, cache, seen, None, now)
            cache.commit()
            pages = tuple(sorted(address.url_of(result.path) for result in made.results))
            return Refreshed(everything=False, pages=pages, warnings=warnings_in(cache))
        cache.abandon()
        seen = look(self._project, cache, now, kept=_KEPT)
        return self._show(read_school(self._project, cache, seen, now), cache, progress)

    def _show(self, edition: Edition, cache: Cache, progress: Progress | None) -> Refreshed:
        made = make(
            edition,
            project=self._project,
            cache=cache,
            progress=progress,
            finish=partial(self._unlocked, int(edition.now.timestamp())),
            kept=_KEPT,
        )
        self._files(edition)
        self._index(cache)
        cache.commit()
        return Refreshed(
            everything=not made.counts.reused,
            pages=tuple(sorted(map(address.url_of, made.rendered))),
            warnings=warnings_in(cache),
        )

    def _index(self, cache: Cache) -> None:
        """Let the preview's search find what the role may read. A saved text alone is found after the next change of anything else."""
        if not OWN_SEARCH.intersection(json.loads(cache.get("plugins") or b"[]")):
            pages = {path: sha256.hex() for path, sha256 in cache.page_outputs().values()}
            search.build_index(self.site, pages, cache=self._project.build)

    def _mark(self) -> None:
        self._project.build.mkdir(parents=True, exist_ok=True)
        shelf.put(self._project.build / MARK, _NOTE.encode())

    def _unlocked(self, now: int, cut: LessonEdition, html: bytes, part: bytes | None) -> bytes:
        """The page as the role sees it."""
        if part is None or not self._may_have(cut.rule, now):
            return html
        return compose(html.decode(), part.decode(), where=cut.lesson.path.as_posix()).encode()

    def _files(self, edition: Edition) -> None:
        """The private files that the role may have, where the pages look for them, and no other."""
        folder = self._project.build / _FILES
        allowed = {
            path.as_posix(): path
            for path, rule in edition.private_files.items()
            if self._may_have(rule, int(edition.now.timestamp()))
        }
        shelf.sweep(folder, allowed)
        for name, path in allowed.items():
            shelf.put(folder / name, shelf.read_file(self._project.content, path))

    def _may_have(self, rule: Rule, now: int) -> bool:
        return isinstance(decide(rule, self._role.entitlements, now), Allowed)


_FILES = outputs.SITE + routes.FILES.strip("/") + "/"
_KEPT = (outputs.INDEX, _FILES)
