"""content/ → Site, at the cost of what changed since the last build.

    look       is anything other than it was? The author's files, settings, theme, tools, options, the hour, and what was built
    nothing    then everything is as it is, and nothing is written
    alone      the texts of some lessons: these are made anew by themselves (`alone`)
    school     anything else: the school is read, and every page that depends on what changed is made anew (`build`)

The leak check goes the same way (`proof`). The cache is committed at the very end, when the site is proven.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from generator.errors import Problem
from generator.site import inputs, outputs, recommended
from generator.site.cache import Cache, Stamp
from generator.site.outputs import Outputs
from generator.site.project import Project

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.site.alone import Alone
    from generator.site.attestation import Attestation
    from generator.site.build import Made
    from generator.site.leaks import Reading
    from generator.site.profiling import Profile
    from generator.site.result import Site

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The school against the last build. lessons: the files that changed, when only texts of lessons may have; else None."""

    sources: inputs.Difference
    outputs: Outputs
    is_same: bool
    lessons: tuple[str, ...] | None
    looked_at: int


def look(
    project: Project,
    cache: Cache,
    now: datetime,
    *,
    kept: tuple[str, ...] = (outputs.INDEX,),
    settles: bool = False,
) -> Look:
    """Compare everything that a build depends on with what the cache remembers. Nothing is changed.

    settles: what to read next shall be as new as the texts are.
    """
    looked_at = time.time_ns()
    sources = inputs.compare(
        project.content,
        inputs.below(project.content),
        cache.stamps("sources"),
        looked_at=int(cache.get("looked_at") or 0),
    )
    here = Outputs(project.build, cache.stamps("outputs"), outputs.found(project.build), kept=kept)
    is_same = _is_same_otherwise(project, cache, now) and not here.wrong
    is_settled = not settles or recommended.is_settled(cache, sources.changed)
    is_same = is_same and is_settled
    lessons = None
    if is_same and not (sources.added or sources.gone or sources.is_strange):
        lessons = tuple(sorted(sources.changed))
    return Look(
        sources=sources,
        outputs=here,
        is_same=is_same and sources.nothing,
        lessons=lessons if lessons and all(path.endswith(".md") for path in lessons) else None,
        looked_at=looked_at,
    )


def _is_same_otherwise(project: Project, cache: Cache, now: datetime) -> bool:
    """Whether options, tools, settings and theme are as they were, and no lesson's hour has come."""
    if cache.get("options") != inputs.options(project) or not cache.get("making"):
        return False
    span = json.loads(cache.get("span") or "[]")
    if len(span) != 2 or not span[0] <= now.timestamp() < (span[1] or float("inf")):
        return False
    if cache.get(recommended.SEEN) != recommended.seen(project):
        return False
    around = inputs.compare(
        project.root,
        inputs.surroundings(project),
        cache.stamps("surroundings"),
        looked_at=int(cache.get("looked_around_at") or 0),
    )
    return around.nothing and cache.get("tools") == inputs.tools().encode()


def remember(project: Project, cache: Cache, seen: Look, edition: Edition | None, now: datetime) -> None:
    """What the next `look` compares with. edition: when the whole school was read."""
    changed: dict[str, Stamp] = dict(seen.sources.now)
    if not seen.sources.nothing or seen.sources.is_restamped or edition is not None:
        cache.put_stamps("sources", changed, seen.sources.gone)
        cache.put("looked_at", str(seen.looked_at).encode())
    if edition is None:
        return
    cache.put("included", json.dumps(sorted(map(str, edition.included))).encode())
    cache.put("options", inputs.options(project))
    cache.put("tools", inputs.tools().encode())
    cache.put(recommended.SEEN, recommended.seen(project))
    hours = [
        lesson.publish_at.timestamp()
        for lesson in (*edition.upcoming, *edition.hidden)
        if lesson.publish_at is not None and lesson.publish_at > now
    ]
    cache.put("span", json.dumps([now.timestamp(), min(hours) if hours else None]).encode())


def read_school(project: Project, cache: Cache, seen: Look, now: datetime) -> Edition:
    """Read and cut the whole school, and remember it as it was seen. Raises ContentError with every mistake."""
    from generator import access, catalogue
    from generator.site import schedule

    school, warnings = catalogue.read(project.content)
    edition = access.split(school, now, schedule.across)
    remember(project, cache, seen, edition, now)
    cache.put_problems("catalogue", warnings)
    cache.put_problems("split", edition.notices)
    counts = {"courses": len(edition.courses), "lessons": len(edition.lessons)}
    cache.put("counts", json.dumps(counts).encode())
    return edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A site that was proven. due: when it is to be built again because a lesson's hour comes, in seconds since 1970.

    sources: the files below content/ as they were read; around: settings and theme likewise.
    """

    site: Site
    attestation: Attestation
    warnings: tuple[Problem, ...]
    courses: int
    lessons: int
    due: float | None
    sources: Mapping[str, Stamp] = field(default_factory=dict)
    around: Mapping[str, Stamp] = field(default_factory=dict)


class Run:
    """One build, in its steps: `read`, `site`, `search`, `prove`, `result`. Each returns what is to be said of it."""

    def __init__(
        self,
        project: Project,
        cache: Cache,
        now: datetime,
        profile: Profile | None = None,
        *,
        settles: bool = False,
    ) -> None:
        """profile: everything is made anew, in one process, and measured. settles: as in `look`."""
        self._profile = profile
        self._settles = settles
        self._project = project
        self._cache = cache
        self._now = now
        self._edition: Edition | None = None
        self._made: Made | None = None
        self._alone: Alone | None = None
        self._reading: Reading | None = None
        self._seen = look(project, cache, now, settles=settles)
        if profile is not None:
            self._seen = replace(self._seen, is_same=False, lessons=None)

    def read(self) -> str:
        """Find out what changed and, if it must be, read the school. Raises ContentError with every mistake of its texts."""
        if self._seen.is_same:
            return f"{self._counted()}, nothing changed"
        if self._seen.lessons is not None:
            number = len(self._seen.lessons)
            return f"{self._counted()}, the text of {number} changed"
        self._read_school()
        return self._counted()

    def site(self, progress: Progress) -> str:
        """Make what is to be made anew."""
        if self._seen.is_same:
            return "every page reused"
        if self._seen.lessons is not None and self._edition is None:
            from generator.site import alone

            self._alone = alone.make(
                self._seen.lessons,
                project=self._project,
                cache=self._cache,
                here=self._seen.outputs,
                now=self._now,
                reading=self._reader(),
            )
            if self._alone is not None:
                remember(self._project, self._cache, self._seen, None, self._now)
                recommended.fall_behind(self._cache)
                return f"{len(self._alone.results)} rendered, all others reused"
            self._begin_again()
            self._read_school()
        self._make(progress)
        return self._facts()

    def search(self) -> str:
        """Index the pages that readers may find."""
        if self._seen.is_same or (self._alone is not None and not self._alone.is_page_changed):
            return "as it was"
        from generator.site import proof

        return proof.index(self._project, self._cache)

    def prove(self, progress: Progress) -> str:
        """The leak check, of what changed. Raises LeakError. When nothing is found, the build is remembered."""
        if not self._seen.is_same:
            from generator.site import proof

            if self._alone is not None and not proof.prove_alone(
                self._project, self._cache, self._alone, self._reader()
            ):
                self._begin_again()
                self._read_school()
                self._make(progress)
                proof.index(self._project, self._cache)
            if self._edition is not None and self._made is not None:
                proof.prove(
                    self._project,
                    self._cache,
                    self._edition,
                    self._made,
                    self._reader(),
                    self._whole_edition,
                )
            self._cache.commit()
        stated = self._attestation()
        return f"{stated.files} public files, {stated.phrases} private phrases, nothing found"

    def result(self) -> Built:
        """Raises ContentError for warnings where mkdocs.yml says `strict: true`."""
        from generator.site.result import site_of

        counted = json.loads(self._cache.get("counts") or b"{}")
        span = json.loads(self._cache.get("span") or b"[0, null]")
        site = site_of(self._project, self._cache, counts=self._made.counts if self._made else None)
        return Built(
            site=site,
            attestation=self._attestation(),
            warnings=site.warnings,
            courses=counted["courses"],
            lessons=counted["lessons"],
            due=span[1],
            sources=self._seen.sources.now,
            around=self._cache.stamps("surroundings"),
        )

    def _read_school(self) -> None:
        self._edition = read_school(self._project, self._cache, self._seen, self._now)

    def _make(self, progress: Progress) -> None:
        from generator.site import proof
        from generator.site.build import make
        from generator.site.finish import put_contents
        from generator.site.memory import give_back_memory, without_texts

        assert self._edition is not None  # noqa: S101 - the school was read
        self._made = make(
            self._edition,
            project=self._project,
            cache=self._cache,
            progress=progress,
            reading=self._reader(),
            afresh=self._profile is not None or not proof.is_known(self._cache),
            profile=self._profile,
        )
        put_contents(self._cache, self._edition, self._project, self._made.base_url)
        self._edition = without_texts(self._edition)
        give_back_memory()

    def _whole_edition(self) -> Edition:
        """The school once more, with its texts: they are kept only as long as pages are made."""
        from generator import access, catalogue
        from generator.site import schedule

        return access.split(catalogue.read(self._project.content)[0], self._now, schedule.across)

    def _begin_again(self) -> None:
        """The short way did not lead there: nothing of it counts."""
        self._cache.abandon()
        self._alone = None
        self._reading = None  # what it told is not in the ledger
        self._seen = look(self._project, self._cache, self._now, settles=self._settles)

    def _attestation(self) -> Attestation:
        from generator.site.attestation import Attestation

        return Attestation(**json.loads(self._cache.get("attestation") or b"{}"))

    def _reader(self) -> Reading:
        if self._reading is None:
            from generator.site.leaks import Reading
            from generator.site.leaks.sources import default_theme

            self._reading = Reading(default_theme(self._project.content))
        return self._reading

    def _counted(self) -> str:
        counts = json.loads(self._cache.get("counts") or b"{}")
        return f"{counts.get('courses', 0)} courses, {counts.get('lessons', 0)} lessons"

    def _facts(self) -> str:
        assert self._made is not None  # noqa: S101 - the caller has made it
        counts = self._made.counts
        removed = f", {counts.removed} files removed" if counts.removed else ""
        return f"{counts.rendered} pages rendered, {counts.reused} reused{removed}"
