"""A site with plugins: MkDocs builds it as a whole, one page after the other, at every build.

A plugin may look at every page, so nothing of the last build can be trusted to be as it would be now. What is left out of this way is
nothing: every hook runs on every page. A plugin with per-page hooks that is not one of the usual ones is named in a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from generator.access.edition import Edition, LessonEdition
from generator.errors import Problem, Severity
from generator.site import address, inputs, outputs, parts, reports
from generator.site.cache import Cache, PageRecord
from generator.site.engine import Engine
from generator.site.finish import put_files, put_school
from generator.site.outputs import SITE, STAGE, Outputs
from generator.site.pages import Finish, anchors_of, face_of, packed_page
from generator.site.project import Project
from generator.site.spill import Kept, Store, lesson_key, stores
from generator.site.stage import Plan, Staged, Stager

if TYPE_CHECKING:
    from generator.site.build import Made
    from generator.site.leaks.screen import Reading
    from generator.site.leaks.units import FileReading, Unit

Progress = Callable[[str, int, int], None]

# Plugins that are tried with every release: they make the whole site slower, and nothing wrong.
USUAL = frozenset(
    {"material/search", "search", "material/tags", "tags", "material/meta", "meta", "rss", "material/rss"}
)


OWN_SEARCH = frozenset({"material/search", "search"})


class WholeSite:
    """The way of MkDocs."""

    def __init__(
        self,
        project: Project,
        stager: Stager,
        plan: Plan,
        report: Progress,
        reading: Reading | None,
        finish: Finish | None,
        kept: tuple[str, ...],
    ) -> None:
        self._finish = finish
        self._kept = kept
        self._project = project
        self._stager = stager
        self._plan = plan
        self._report = report
        self._reading = reading

    def make(self, edition: Edition, cache: Cache, plugins: tuple[str, ...], because: str = "") -> Made:
        """because: what a template asked for, if that is the reason."""
        from generator.site.build import Counts, Made, speaks_chinese

        plan, project = self._plan, self._project
        cache.drop_outputs()
        here = Outputs(project.build, {}, outputs.found(project.build), kept=self._kept)
        here.clear({STAGE + path for path in (*plan.pages, *plan.files, *plan.texts)})
        put_files(here, plan, project, {}, {}, is_same_theme=False)
        staged = {path: self._stager.stage(path) for path in plan.pages}
        for path, one in staged.items():
            here.put(STAGE + path, one.page.content)
        here.put("mkdocs.yml", plan.config)
        engine = Engine(project, chinese=speaks_chinese(edition))
        engine.build(self._report)
        faces = {}
        units: Store[Unit] = Kept()
        readings: Store[FileReading] = Kept()
        if self._reading:
            units, readings = stores()
        for number, (path, one) in enumerate(staged.items(), 1):
            cut = edition.lessons.get(plan.pages[path] or "")
            record, part = self._record(path, one, engine, cut)
            cache.put_page(record)
            if cut is not None:
                faces[cut.lesson.id] = face_of(cut, one.page.meta)
                if self._reading:
                    units.put(lesson_key(cut.lesson.id), self._reading.lesson(cut, part))
            self._report("parts", number, len(staged))
        for path in inputs.below(project.site):
            if (SITE + path).startswith(self._kept):
                continue
            here.wrote(SITE + path, inputs.stamp_of(project.site / path))
        cache.put_problems("plan", plan.problems)
        cache.put_problems("pages", [problem for one in staged.values() for problem in one.problems])
        pages = {path: one.page for path, one in staged.items()}
        cache.put_problems(
            "settings", [*_named(engine, because), *reports.of_messages(engine.messages, pages)]
        )
        cache.put("making", b"")
        cache.put("settings", plan.settings)
        cache.put("is_pure", b"")
        cache.put("strict", b"1" if engine.strict else b"")
        cache.put("plugins", json.dumps(list(plugins)).encode())
        put_school(cache, edition, plan, faces)
        cache.put_stamps("outputs", here.now)
        self._read(here, readings)
        return Made(
            base_url=self._stager.base_url,
            outputs=here,
            rendered=tuple(plan.pages),
            counts=Counts(rendered=len(plan.pages)),
            units=units,
            readings=readings,
        )

    def _record(
        self, path: str, staged: Staged, engine: Engine, cut: LessonEdition | None
    ) -> tuple[PageRecord, bytes | None]:
        page = engine.pages[path]
        made = Path(page.file.abs_dest_path)
        html = made.read_bytes() if made.is_file() else b""
        links = {file.src_uri: dict(found) for file, found in (page.links_to_anchors or {}).items()}
        anchors = anchors_of(links, staged.page, is_half=False)
        ids = frozenset(page.present_anchor_ids or ())
        half, part, messages = staged.half, None, []
        if half is not None:
            part = parts.render(half, engine, page)
            messages = list(reports.of_part(part, half))
            anchors += anchors_of(part.anchors, half, is_half=True)
            ids |= part.ids
        if self._finish and cut and html:
            html = self._finish(cut, html, part.html if part else None)
            made.write_bytes(html)
        return packed_page(
            path=path,
            key=b"",
            lesson=self._plan.pages[path],
            address_=address.output_of(path),
            lookups={},
            ids=ids,
            messages=tuple(messages),
            anchors=tuple(anchors),
            html=html,
            part=None if part is None else part.html,
        ), None if part is None else part.html

    def _read(self, here: Outputs, readings: Store[FileReading]) -> None:
        if self._reading is None:
            return
        for path in here.now:
            if path.startswith(SITE):
                name = path.removeprefix(SITE)
                readings.put(name, self._reading.file(name, (self._project.build / path).read_bytes()))


def _named(engine: Engine, because: str) -> Iterator[Problem]:
    if because:
        yield Problem(
            "mkdocs.yml",
            f"a template of the theme asks for {because}: MkDocs builds the whole site at every build",
            "show only the course at hand, as the house's theme does",
            Severity.WARNING,
        )
    for name, plugin in engine.config.plugins.items():
        hooks = sorted(event for event in dir(plugin) if event in _PAGE_HOOKS)
        if name not in USUAL and hooks and not name.startswith("lyceum/"):
            yield Problem(
                "mkdocs.yml",
                f"the plugin '{name}' looks at every page ({', '.join(hooks)}): MkDocs builds the whole site at every build",
                "take it out where speed counts",
                Severity.WARNING,
            )


_PAGE_HOOKS = frozenset(
    {
        "on_pre_page",
        "on_page_read_source",
        "on_page_markdown",
        "on_page_content",
        "on_page_context",
        "on_post_page",
    }
)
