"""Edition → Stage: every file that MkDocs is given, as a value; and the private halves, which it is not given.

    build/mkdocs.yml                 inherits the school's mkdocs.yml; name, address, extra.lyceum, navigation
    build/public/<course>/index.md   landing page; <course>/<slug>.md lessons; index.md, <lang>/index.md catalogues; tags.md
    build/public/<old address>.md    redirect, one for each `moved_from`
    build/public/<path>              public files where the author keeps them
    build/public/feed.xml …          feeds, sitemap.xml, robots.txt; assets/recommend/

Nothing is read or written here. A `Stager` knows first which pages there are and makes each when it is asked for, so that a
build may share them out. Two pages at one address are the author's mistake and stop the build.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar

import yaml

from generator.access.edition import Edition, LessonEdition
from generator.catalogue.model import Course, Lesson, in_language
from generator.errors import ContentError, Problem, Severity
from generator.recommend.lists import NO_LISTS, Lists
from generator.site import address, feeds, navigation
from generator.site.describe import Descriptions, Meta
from generator.site.links import Directory, Links, Origin
from generator.site.navigation import Place, Slice
from generator.site.offers import Offers
from generator.site.project import Project

Subject = TypeVar("Subject")

_WIDE = 1 << 20  # characters; front matter keeps one line a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A staged Markdown page. source: the author's file; origins: link as staged → where it stands there."""

    meta: Meta
    body: str
    source: PurePosixPath | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return f"---\n{_yaml(self.meta)}---\n{self.body}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """A private half, links staged. page: the staged page it belongs to; source, origins: as in Page."""

    lesson: str
    page: str
    markdown: str
    source: PurePosixPath
    origins: Mapping[str, Origin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One staged page, its lesson's private half if it has one, and what is wrong with their links."""

    page: Page
    half: Half | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which pages there will be and everything else that is staged.

    settings: `mkdocs.yml` without its navigation, config: with it. pages: staged path → the lesson shown there, if one is.
    files: staged path → content path. texts: staged path → bytes. slices: course → what its pages show of each other.
    places: staged path → where the page stands in the navigation.
    """

    settings: bytes
    config: bytes
    pages: Mapping[str, str | None]
    files: Mapping[str, PurePosixPath]
    texts: Mapping[str, bytes]
    slices: Mapping[str, Slice]
    places: Mapping[str, Place]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A whole stage. pages: staged path → page. files, texts: as in Plan. halves: by lesson id."""

    config: bytes
    pages: Mapping[str, Page]
    files: Mapping[str, PurePosixPath]
    texts: Mapping[str, bytes]
    halves: Mapping[str, Half]
    problems: tuple[Problem, ...]


def stage(edition: Edition, project: Project) -> Stage:
    """Everything at once. Raises ContentError when two pages would have one address."""
    stager = Stager(edition, project)
    plan = stager.plan()
    staged = {path: stager.stage(path) for path in plan.pages}
    return Stage(
        config=plan.config,
        pages={path: one.page for path, one in staged.items()},
        files=plan.files,
        texts=plan.texts,
        halves={one.half.lesson: one.half for one in staged.values() if one.half},
        problems=(*plan.problems, *(problem for one in staged.values() for problem in one.problems)),
    )


class Stager:
    """Stages the pages of an edition.

    directory, opens: what links may lead to, and how many lessons each product opens, where the edition is only a part of the school.
    lists: what to read next, and the files that the pages' script fetches.
    """

    def __init__(
        self,
        edition: Edition,
        project: Project,
        *,
        directory: Directory | None = None,
        opens: Mapping[str, int] | None = None,
        lists: Lists = NO_LISTS,
    ) -> None:
        school = edition.school
        self._lists = lists
        self._edition = edition
        self._project = project
        self._base_url = _with_slash(school.base_url if project.base_url is None else project.base_url)
        gatekeeper = school.gatekeeper_url if project.gatekeeper_url is None else project.gatekeeper_url
        self._gatekeeper = gatekeeper.rstrip("/")
        self._links = Links(directory or Directory.of(edition), self._gatekeeper)
        self._describe = Descriptions(
            edition, Offers(edition, self._gatekeeper, opens), self._base_url, lists
        )
        self._makers: dict[str, Callable[[], Staged]] = {}
        self._lessons: dict[str, str | None] = {}
        self._owners: dict[str, str] = {}
        self._problems: list[Problem] = []
        self._mistakes: list[Problem] = []

    @property
    def base_url(self) -> str:
        """The public site's address, with a final slash."""
        return self._base_url

    def stage(self, path: str) -> Staged:
        """The page that the plan names."""
        return self._makers[path]()

    def plan(self) -> Plan:
        """Raises ContentError when two pages would have one address."""
        self._lay_out()
        made = feeds.feeds(self._edition, self._base_url)
        texts = {feed.path: feed.content for feed in made} | {
            "sitemap.xml": feeds.sitemap(self._edition, self._base_url),
            "robots.txt": feeds.robots(self._base_url),
            **self._lists.files,
        }
        files = {address.staged_file(path): path for path in sorted(self._edition.public_files)}
        for path in files.keys() & (self._makers.keys() | texts.keys()):
            self._mistakes.append(
                Problem(path, "a file stands at the address of one of the site's own pages")
            )
        if self._mistakes:
            raise ContentError(self._mistakes)
        settings = self._settings(made)
        map_ = navigation.map_of(self._edition, self._describe)
        return Plan(
            settings=settings,
            config=settings + _yaml({"nav": map_.entries}).encode(),
            pages=self._lessons,
            files=files,
            texts=texts,
            slices=map_.slices,
            places=map_.places,
            problems=tuple(self._problems),
        )

    def _lay_out(self) -> None:
        languages = self._edition.school.languages
        for language in languages:
            page = partial(self._described, self._describe.catalogue, language)
            self._add(address.catalogue_page(language, languages[0]), page, "school.yml")
        for course in self._edition.courses:
            self._add(
                address.course_page(course),
                partial(self._course, course),
                (course.path / "course.yml").as_posix(),
            )
        for shown in self._edition.lessons.values():
            lesson = shown.lesson
            if self._describe.course_of(lesson):
                made = partial(self.lesson, shown)
                self._add(address.lesson_page(lesson), made, lesson.path.as_posix(), lesson.id)
        for lesson in self._edition.upcoming:
            if self._describe.course_of(lesson):
                self._add(
                    address.lesson_page(lesson), partial(self._upcoming, lesson), lesson.path.as_posix()
                )
        self._add(address.TAGS, partial(self._described, self._describe.tags, languages[0]), "school.yml")
        self._redirects()

    @staticmethod
    def _described(describe: Callable[[Subject], Meta], subject: Subject) -> Staged:
        """A page that is all front matter."""
        return Staged(page=Page(meta=describe(subject), body=""))

    def _course(self, course: Course) -> Staged:
        page = address.course_page(course)
        source = course.path / "course.yml"
        text = self._links.rewrite(course.description, source=source, page=page, first_line=1)
        return Staged(
            page=Page(meta=self._describe.course(course), body=text.text, source=source),
            # A description's lines cannot be told from course.yml's own, so its problems name the file alone.
            problems=tuple(
                Problem(source.as_posix(), problem.what, problem.hint, problem.severity)
                for problem in text.problems
            ),
        )

    def lesson(self, shown: LessonEdition) -> Staged:
        """A lesson's page and private half."""
        lesson = shown.lesson
        page = address.lesson_page(lesson)
        public = self._links.rewrite(
            shown.public_markdown, source=lesson.path, page=page, first_line=lesson.body_line
        )
        staged = Page(
            meta=self._describe.lesson(shown), body=public.text, source=lesson.path, origins=public.origins
        )
        if shown.private_markdown is None:
            return Staged(page=staged, problems=public.problems)
        private = self._links.rewrite(
            shown.private_markdown, source=lesson.path, page=page, first_line=shown.private_line, private=True
        )
        return Staged(
            page=staged,
            half=Half(
                lesson=lesson.id,
                page=page,
                markdown=private.text,
                source=lesson.path,
                origins=private.origins,
            ),
            problems=(*public.problems, *private.problems),
        )

    def _upcoming(self, lesson: Lesson) -> Staged:
        body = f"{lesson.summary}\n" if lesson.summary else ""
        return Staged(page=Page(meta=self._describe.upcoming(lesson), body=body, source=lesson.path))

    def _redirects(self) -> None:
        shown = [
            entry.lesson for entry in self._edition.lessons.values() if self._describe.course_of(entry.lesson)
        ]
        for lesson in shown:
            for old in lesson.moved_from:
                path = address.page_at(_with_slash(old.strip("/")))
                if path in self._makers:
                    self._problems.append(
                        Problem(
                            lesson.path.as_posix(),
                            f"moved_from names {old}, where {self._owners[path]} is shown now",
                            "take the entry out; readers of the old address see that page",
                            Severity.WARNING,
                        )
                    )
                    continue
                page = partial(self._described, self._describe.redirect, lesson)
                self._add(path, page, lesson.path.as_posix())

    def _add(self, path: str, make: Callable[[], Staged], owner: str, lesson: str | None = None) -> None:
        if path in self._makers:
            self._mistakes.append(
                Problem(
                    owner,
                    f"its address {address.url_of(path)!r} is taken by {self._owners[path]}",
                    "give one of them another name",
                )
            )
            return
        self._makers[path] = make
        self._lessons[path] = lesson
        self._owners[path] = owner

    def _settings(self, made: tuple[feeds.Feed, ...]) -> bytes:
        school = self._edition.school
        languages = school.languages
        settings: dict[str, object] = {
            "INHERIT": self._project.relative_to_build(self._project.settings),
            "site_name": in_language(school.name, languages[0]) or "Lyceum",
            "site_url": self._base_url,
            "docs_dir": "public",
            "site_dir": "site",
            "exclude_docs": "!/templates/\n",  # MkDocs would leave out a course of this name
            "theme": {
                "custom_dir": self._project.relative_to_build(self._project.theme),
                "language": languages[0],
            },
            "extra": {
                "lyceum": {
                    "names": dict(school.name),
                    "languages": list(languages),
                    "gatekeeper": self._gatekeeper,
                    "signals": school.signals.value,
                    "catalogues": {
                        language: address.catalogue_url(language, languages[0]) for language in languages
                    },
                    "tags": dict.fromkeys(languages, address.url_of(address.TAGS)),
                    "feeds": [
                        {
                            "language": feed.language,
                            "type": feed.media_type,
                            "title": feed.title,
                            "url": feed.path,
                        }
                        for feed in made
                    ],
                }
            },
        }
        return f"# Written by 'lyceum build'; change content/school.yml or mkdocs.yml instead.\n{_yaml(settings)}".encode()


def _with_slash(url: str) -> str:
    return url if not url or url.endswith("/") else f"{url}/"


def _yaml(value: object) -> str:
    """YAML that any loader reads back as it was: one line a text, no anchors, keys in the order given."""
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDE)
    if not isinstance(text, str):
        raise TypeError("PyYAML returned no text")
    return text


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # the C one is twelve times faster
    def ignore_aliases(self, data: object) -> bool:
        return True
