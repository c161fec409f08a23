"""Edition → Stage: every file that MkDocs is given, as a value; and the private halves, which it is not given.

    build/mkdocs.yml                 inherits the school's mkdocs.yml; name, address, navigation, extra.lyceum
    build/public/<course>/index.md   landing page; <course>/<slug>.md lessons; index.md, <lang>/index.md catalogues; tags.md
    build/public/<old address>.md    redirect, one for each `moved_from`
    build/public/<path>              public files where the author keeps them
    build/public/feed.xml …          feeds, sitemap.xml, robots.txt

Nothing is read or written here. Two pages at one address are the author's mistake and stop the build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import yaml

from generator.access.edition import Edition, LessonEdition
from generator.catalogue.model import Course, Lesson, in_language
from generator.errors import ContentError, Problem, Severity
from generator.site import address, feeds
from generator.site.describe import Descriptions, Meta
from generator.site.links import Links, Origin
from generator.site.offers import Offers
from generator.site.project import Project

_TAG_LIST = "<!-- material/tags -->\n"
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
class Stage:
    """pages: staged path → page. files: staged path → content path. texts: staged path → bytes. halves: by lesson id."""

    config: bytes
    pages: Mapping[str, Page]
    files: Mapping[str, PurePosixPath]
    texts: Mapping[str, bytes]
    halves: Mapping[str, Half]
    problems: tuple[Problem, ...]


def stage(edition: Edition, project: Project) -> Stage:
    """Raises ContentError when two pages would have one address."""
    return _Stager(edition, project).stage()


class _Stager:
    def __init__(self, edition: Edition, project: Project) -> None:
        school = edition.school
        self._edition = edition
        self._project = project
        self._base_url = _with_slash(school.base_url if project.base_url is None else project.base_url)
        gatekeeper = school.gatekeeper_url if project.gatekeeper_url is None else project.gatekeeper_url
        self._gatekeeper = gatekeeper.rstrip("/")
        self._links = Links(edition, self._gatekeeper)
        self._describe = Descriptions(edition, Offers(edition, self._gatekeeper), self._base_url)
        self._pages: dict[str, Page] = {}
        self._owners: dict[str, str] = {}
        self._halves: dict[str, Half] = {}
        self._problems: list[Problem] = []
        self._mistakes: list[Problem] = []

    def stage(self) -> Stage:
        languages = self._edition.school.languages
        for language in languages:
            page = Page(meta=self._describe.catalogue(language), body="")
            self._add(address.catalogue_page(language, languages[0]), page, "school.yml")
        for course in self._edition.courses:
            self._course(course)
        for shown in self._edition.lessons.values():
            if self._describe.course_of(shown.lesson):
                self._lesson(shown)
        for lesson in self._edition.upcoming:
            if self._describe.course_of(lesson):
                self._upcoming(lesson)
        self._add(address.TAGS, Page(meta=self._describe.tags(languages[0]), body=_TAG_LIST), "school.yml")
        self._redirects()
        made = feeds.feeds(self._edition, self._base_url)
        texts = {feed.path: feed.content for feed in made} | {
            "sitemap.xml": feeds.sitemap(self._edition, self._base_url),
            "robots.txt": feeds.robots(self._base_url),
        }
        files = {address.staged_file(path): path for path in sorted(self._edition.public_files)}
        for path in files.keys() & (self._pages.keys() | texts.keys()):
            self._mistakes.append(
                Problem(path, "a file stands at the address of one of the site's own pages")
            )
        if self._mistakes:
            raise ContentError(self._mistakes)
        return Stage(
            config=self._config(made),
            pages=self._pages,
            files=files,
            texts=texts,
            halves=self._halves,
            problems=tuple(self._problems),
        )

    def _course(self, course: Course) -> None:
        page = address.course_page(course)
        source = course.path / "course.yml"
        text = self._links.rewrite(course.description, source=source, page=page, first_line=1)
        # A description's lines cannot be told from course.yml's own, so its problems name the file alone.
        self._problems += [
            Problem(source.as_posix(), problem.what, problem.hint, problem.severity)
            for problem in text.problems
        ]
        self._add(
            page, Page(meta=self._describe.course(course), body=text.text, source=source), source.as_posix()
        )

    def _lesson(self, shown: LessonEdition) -> None:
        lesson = shown.lesson
        page = address.lesson_page(lesson)
        public = self._links.rewrite(
            shown.public_markdown, source=lesson.path, page=page, first_line=lesson.body_line
        )
        self._problems += public.problems
        self._add(
            page,
            Page(
                meta=self._describe.lesson(shown),
                body=public.text,
                source=lesson.path,
                origins=public.origins,
            ),
            lesson.path.as_posix(),
        )
        if shown.private_markdown is None:
            return
        private = self._links.rewrite(
            shown.private_markdown, source=lesson.path, page=page, first_line=shown.private_line, private=True
        )
        self._problems += private.problems
        self._halves[lesson.id] = Half(
            lesson=lesson.id, page=page, markdown=private.text, source=lesson.path, origins=private.origins
        )

    def _upcoming(self, lesson: Lesson) -> None:
        body = f"{lesson.summary}\n" if lesson.summary else ""
        page = Page(meta=self._describe.upcoming(lesson), body=body, source=lesson.path)
        self._add(address.lesson_page(lesson), page, lesson.path.as_posix())

    def _redirects(self) -> None:
        shown = [
            entry.lesson for entry in self._edition.lessons.values() if self._describe.course_of(entry.lesson)
        ]
        for lesson in shown:
            for old in lesson.moved_from:
                path = address.page_at(_with_slash(old.strip("/")))
                if path in self._pages:
                    self._problems.append(
                        Problem(
                            lesson.path.as_posix(),
                            f"moved_from names {old}, where {self._owners[path]} is shown now",
                            "take the entry out; readers of the old address see that page",
                            Severity.WARNING,
                        )
                    )
                    continue
                self._add(path, Page(meta=self._describe.redirect(lesson), body=""), lesson.path.as_posix())

    def _add(self, path: str, page: Page, owner: str) -> None:
        if path in self._pages:
            self._mistakes.append(
                Problem(
                    owner,
                    f"its address {address.url_of(path)!r} is taken by {self._owners[path]}",
                    "give one of them another name",
                )
            )
            return
        self._pages[path] = page
        self._owners[path] = owner

    def _config(self, made: tuple[feeds.Feed, ...]) -> bytes:
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
            "nav": self._navigation(),
            "extra": {
                "lyceum": {
                    "names": dict(school.name),
                    "languages": list(languages),
                    "gatekeeper": self._gatekeeper,
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

    def _navigation(self) -> list[object]:
        languages = self._edition.school.languages
        entries: list[object] = [address.catalogue_page(language, languages[0]) for language in languages]
        for course in self._edition.courses:
            children: list[object] = [address.course_page(course)]
            section: list[object] = children
            name: str | None = None
            for lesson in self._describe.listed(course):
                if lesson.section != name:
                    name = lesson.section
                    section = children if name is None else []
                    if name is not None:
                        children.append({name: section})
                section.append(address.lesson_page(lesson))
            entries.append({course.title: children})
        return [*entries, address.TAGS]


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
