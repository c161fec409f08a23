"""A live build for one role: what an anonymous reader, a member or the owner of a product would see.

The first `show` builds everything; a later one renders only what the change concerns (see `inputs`). Parts that the role may
read are put into their pages, files that it may have lie below `files/`, so nobody need run a gatekeeper. The folder is
never the build's: it holds private text, is marked as such, and no release is made from it, because no `Site` is.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.contract import routes
from gatekeeper.contract.access import Allowed, Entitlements, Rule, decide
from generator.access.edition import Edition
from generator.catalogue.model import School
from generator.errors import Problem, SettingsError
from generator.site import address, build, inputs, shelf
from generator.site import parts as private
from generator.site.compose import compose
from generator.site.engine import Engine, Progress
from generator.site.project import Project
from generator.site.stage import Stage, stage

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


@dataclass(slots=True)
class _Built:
    """The preview as it stands on disk."""

    stage: Stage
    engine: Engine
    parts: dict[str, private.Part]
    surroundings: tuple[tuple[str, int, int], ...]


class Preview:
    """One role's view of a school, kept up to date by `show`. The same process must make every change."""

    def __init__(self, project: Project, role: Role) -> None:
        folder = project.cache / "preview" / role.name.replace(":", "-")
        self._project = dataclasses.replace(project, folder=folder, gatekeeper_url="")
        self._role = role
        self._built: _Built | None = None

    @property
    def site(self) -> Path:
        """The folder to serve."""
        return self._project.site

    def show(self, edition: Edition, progress: Progress | None = None) -> Refreshed:
        """Bring the preview to `edition`. Raises what `build.build` raises; the next call then makes everything anew."""
        staged = stage(edition, self._project)
        around = inputs.surroundings(self._project)
        built, self._built = self._built, None
        todo = inputs.EVERYTHING
        if built is not None and built.surroundings == around:
            todo = inputs.change(built.stage, staged)
        shelf.put(self._project.build / MARK, _NOTE.encode())
        written = shelf.write(staged, self._project)
        if built is None or todo.everything:
            engine = Engine(self._project, chinese=build.speaks_chinese(edition))
            engine.build(progress)
            built = _Built(staged, engine, {}, around)
            pages: tuple[str, ...] = ()
            halves = tuple(staged.halves)
        else:
            built.stage, halves = staged, todo.halves
            pages = tuple(sorted({*todo.pages, *(staged.halves[lesson].page for lesson in halves)}))
            for page in pages:
                built.engine.refresh(page)
            for path in written - staged.pages.keys():
                shelf.put(self.site / path, (self._project.staged / path).read_bytes())
        for lesson in halves:
            self._part(built, edition, lesson)
        self._files(edition)
        self._built = built
        return Refreshed(
            everything=todo.everything,
            pages=tuple(address.url_of(page) for page in pages),
            warnings=build.warnings_of(staged, built.engine, built.parts),
        )

    def _part(self, built: _Built, edition: Edition, lesson: str) -> None:
        """Render a private half, for its warnings even when the role may not read it, and put it into its page."""
        half = built.stage.halves[lesson]
        page = built.engine.pages[half.page]
        part = private.render(half, built.engine, page)
        built.parts[lesson] = part
        if self._may_have(edition.lessons[lesson].rule, edition):
            target = self.site / page.file.dest_uri
            target.write_text(
                compose(target.read_text("utf-8"), part.html.decode(), where=half.page), "utf-8", newline=""
            )

    def _files(self, edition: Edition) -> None:
        """The private files that the role may have, where the pages look for them, and no other."""
        folder = self.site / routes.FILES.strip("/")
        allowed = {
            path.as_posix(): path
            for path, rule in edition.private_files.items()
            if self._may_have(rule, edition)
        }
        shelf.sweep(folder, allowed)
        for name, path in allowed.items():
            shelf.put(folder / name, shelf.read_file(self._project.content, path))

    def _may_have(self, rule: Rule, edition: Edition) -> bool:
        return isinstance(decide(rule, self._role.entitlements, int(edition.now.timestamp())), Allowed)
