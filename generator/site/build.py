"""Edition → Site: which pages are made, what is written, what is remembered. The scheduling of a build and nothing else.

    plan         what pages there will be
    pages        each staged and, if it depends on anything that changed, rendered (`pages`), shared out over the cores (`schedule`)
    files        the theme's, the author's, feeds
    warnings     of this build and of those whose pages were not made again
    contents     what a release of it will list

A school whose mkdocs.yml names plugins or hooks is made as a whole by MkDocs (`whole`), at every build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.access.edition import Edition
from generator.errors import Problem
from generator.site import address, inputs, navigation, outputs, recommended, reports, schedule
from generator.site.cache import Cache
from generator.site.finish import home_of, put_contents, put_files, put_school, surroundings
from generator.site.navigation import NeedsWholeNavigation, ShownPage
from generator.site.outputs import SITE, STAGE, Outputs
from generator.site.pages import Finish, PageResult, Pages
from generator.site.profiling import Profile
from generator.site.project import Project
from generator.site.render import Renderer
from generator.site.result import Counts, Site, site_of, warnings_in
from generator.site.spill import Kept, Store, lesson_key, stores
from generator.site.stage import Plan, Stager
from generator.site.whole import WholeSite

if TYPE_CHECKING:
    from generator.site.leaks.screen import Reading
    from generator.site.leaks.units import FileReading, Unit

__all__ = ["Counts", "Made", "Project", "Site", "build", "make", "warnings_in"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a build did. rendered: staged paths of the pages that were made anew, and of their lessons the units, by key.

    readings: of their files on the site; None for a page that is gone.
    """

    base_url: str
    outputs: Outputs
    rendered: tuple[str, ...]
    counts: Counts
    units: Store[Unit]
    readings: Store[FileReading]


def build(edition: Edition, *, project: Project, progress: Progress | None = None) -> Site:
    """Stage and compile the public site and render the private halves, from nothing.

    progress: called with a step's name, what is done and the total.
    Raises ContentError for two pages at one address, a file that cannot be read and, where mkdocs.yml says `strict: true`,
    for warnings; SettingsError for a wrong mkdocs.yml; LyceumError when an extension or template fails.
    """
    with Cache.nothing() as cache:
        made = make(edition, project=project, cache=cache, progress=progress)
        put_contents(cache, edition, project, made.base_url)
        return site_of(project, cache, counts=made.counts)


def make(
    edition: Edition,
    *,
    project: Project,
    cache: Cache,
    progress: Progress | None = None,
    reading: Reading | None = None,
    afresh: bool = False,
    finish: Finish | None = None,
    kept: tuple[str, ...] = (outputs.INDEX,),
    profile: Profile | None = None,
) -> Made:
    """Bring the build folder and the cache to `edition`. Raises as `build`, but for warnings.

    reading: reads what is made for the leak check. afresh: nothing that was made before is used. finish: changes a page before it
    is written. kept: folders of the site that others look after. profile: measures, in one process.
    """
    report = progress or _silent
    report("plan", 0, 1)
    lists = recommended.lists(edition, project, cache)
    stager = Stager(edition, project, lists=lists)
    plan = stager.plan()
    report("plan", 1, 1)
    around = surroundings(project, cache)
    whole = WholeSite(project, stager, plan, report, reading, finish, kept)
    lists.remember(cache, edition)
    renderer = renderer_of(project, plan, profile)
    if renderer.plugins:
        return whole.make(edition, cache, renderer.plugins)
    making = inputs.making(plan.settings, around)
    is_known = cache.get("making") == making and renderer.is_pure and not afresh
    here = Outputs(project.build, cache.stamps("outputs"), outputs.found(project.build), kept=kept)
    try:
        static, templates = renderer.static(), renderer.templates()
    except NeedsWholeNavigation as asked:
        return whole.make(edition, cache, (), because=str(asked))
    here.clear(_wanted(plan, static, templates))
    pages = Pages(
        edition=edition,
        stage=stager.stage,
        lessons=plan.pages,
        places=plan.places,
        shown={course: navigation.shown(slice_) for course, slice_ in plan.slices.items()},
        slices={course: navigation.digest(slice_) for course, slice_ in plan.slices.items()},
        making=making,
        renderer=renderer,
        exists=exists_in(plan),
        known=cache.page_keys() if is_known else {},
        outputs=here,
        reading=reading,
        finish=finish,
    )
    put_files(here, plan, project, static, templates, is_same_theme=is_known)
    try:
        collected = _collect(pages, cache, here, report, profile)
    except NeedsWholeNavigation as asked:
        return whole.make(edition, cache, (), because=str(asked))
    here.put("mkdocs.yml", plan.config)
    cache.put_problems("plan", plan.problems)
    cache.put_problems("pages", collected.problems)
    cache.put_problems("settings", reports.of_messages(renderer.messages, {}))
    cache.put("making", making)
    cache.put("settings", plan.settings)
    cache.put("is_pure", b"1" if renderer.is_pure else b"")
    cache.put("strict", b"1" if renderer.strict else b"")
    cache.put("plugins", b"[]")
    put_school(cache, edition, plan, collected.faces)
    cache.put_stamps("outputs", {path: here.now[path] for path in here.written}, here.gone)
    return Made(
        base_url=stager.base_url,
        outputs=here,
        rendered=tuple(collected.rendered),
        counts=Counts(
            rendered=len(collected.rendered),
            reused=len(plan.pages) - len(collected.rendered),
            removed=sum(path.startswith(SITE) for path in here.removed),
        ),
        units=collected.units,
        readings=collected.readings,
    )


@dataclass(slots=True)
class _Collected:
    rendered: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    faces: dict[str, bytes] = field(default_factory=dict)
    units: Store[Unit] = field(default_factory=Kept)
    readings: Store[FileReading] = field(default_factory=Kept)


def _spilling() -> _Collected:
    units, readings = stores()
    return _Collected(units=units, readings=readings)


def _collect(
    pages: Pages, cache: Cache, here: Outputs, report: Progress, profile: Profile | None
) -> _Collected:
    """Have every page made and put what comes back where it belongs."""
    collected = _Collected() if pages.reading is None else _spilling()
    before = cache.page_outputs()
    paths = list(pages.lessons)
    for number, result in enumerate(_made(pages, paths, profile), 1):
        collected.problems += result.problems
        lesson = pages.lessons[result.path]
        if result.face is not None and lesson is not None:
            collected.faces[lesson] = result.face
        for output, stamp in result.stamps.items():
            here.wrote(output, stamp)
        if STAGE + result.path not in result.stamps:
            here.keep(STAGE + result.path)
        if result.record is not None:
            _put_record(result, cache, here, collected)
        else:
            _restore(result.path, *before[result.path], cache, here)
        report("pages", number, len(paths))
    for path in before.keys() - pages.lessons.keys():
        if before[path][0] not in collected.readings:
            collected.readings.put(before[path][0], None)
        cache.drop_page(path)
    return collected


def _made(pages: Pages, paths: list[str], profile: Profile | None) -> Iterator[PageResult]:
    if profile is None:
        yield from schedule.across(pages.make, paths)
        return
    for path in paths:
        with profile.timed(profile.pages, path):
            result = pages.make(path)
        yield result


def _put_record(result: PageResult, cache: Cache, here: Outputs, collected: _Collected) -> None:
    record = result.record
    assert record is not None  # noqa: S101 - the caller has looked
    collected.rendered.append(result.path)
    cache.put_page(record)
    if record.lesson is not None and result.unit is not None:
        collected.units.put(lesson_key(record.lesson), result.unit)
    collected.readings.put(record.address, result.reading)
    output = SITE + record.address
    if output not in here.now and here.has(output, record.html_sha256):
        here.keep(output)


def _restore(path: str, address_: str, sha256: bytes, cache: Cache, here: Outputs) -> None:
    """A page that need not be rendered is written again where it is no longer as it was."""
    output = SITE + address_
    if here.has(output, sha256):
        here.keep(output)
    elif html := cache.html(path):
        here.put(output, html, sha256)


def speaks_chinese(edition: Edition) -> bool:
    return any(course.language == "zh" for course in edition.courses) or "zh" in edition.school.languages


def renderer_of(project: Project, plan: Plan, profile: Profile | None = None) -> Renderer:
    return Renderer(
        project, plan.settings, home=ShownPage(home_of(plan)), exists=exists_in(plan), profile=profile
    )


def exists_in(plan: Plan) -> Callable[[str], bool]:
    return frozenset((*plan.pages, *plan.files, *plan.texts)).__contains__


def _wanted(plan: Plan, *others: Iterable[str]) -> set[str]:
    """Every output that the folders `public` and `site` shall have."""
    both = (*plan.files, *plan.texts)
    on_site = (*map(address.output_of, plan.pages), *both, *(path for some in others for path in some))
    return {STAGE + path for path in (*plan.pages, *both)} | {SITE + path for path in on_site}


def _silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
