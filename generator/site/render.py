"""Staged pages → HTML, one by one: what `mkdocs build` makes of the same stage, byte for byte, at the cost of the page.

MkDocs' own classes and templates do the work. Left out is only what grows with the school: the list of all files (links
are looked up one by one, and each look-up is remembered, for it is part of what the page depends on), and the whole
navigation (see `navigation`). Extensions known to start afresh with `reset()` share one Markdown instance; with any other
each page gets its own, as in MkDocs.

A site with plugins or hooks is not for this module: they may look at everything, so MkDocs builds it as a whole.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

import markdown
from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.commands.build import _build_template, get_context
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import (
    Page as MkDocsPage,
)
from mkdocs.structure.pages import (
    _ExtractAnchorsTreeprocessor,
    _ExtractTitleTreeprocessor,
    _RawHTMLPreprocessor,
    _RelativePathTreeprocessor,
)
from mkdocs.structure.toc import get_toc

from generator.markdown import hasten
from generator.site import highlighting, templating
from generator.site.engine import failure, listening, load
from generator.site.fragment import FragmentExtension
from generator.site.navigation import NOWHERE, Place, Shown, ShownNavigation, ShownPage, ShownPages
from generator.site.parts import Part, part_of
from generator.site.profiling import Profile
from generator.site.project import Project

if TYPE_CHECKING:
    from generator.site.stage import Half, Page

Exists = Callable[[str], bool]

_READS_FILES = frozenset({"pymdownx.snippets", "pymdownx.b64"})
# What Python-Markdown's own extensions are called without their package.
_INSTALLED_SHORT_NAMES = frozenset(
    {
        "abbr",
        "admonition",
        "attr_list",
        "codehilite",
        "def_list",
        "extra",
        "fenced_code",
        "footnotes",
        "legacy_attrs",
        "legacy_em",
        "md_in_html",
        "meta",
        "nl2br",
        "sane_lists",
        "smarty",
        "tables",
        "toc",
        "wikilinks",
    }
)
# Packages whose extensions keep nothing of a text after `reset()`; a test renders the corpora both ways.
_KNOWN = frozenset({"markdown", "pymdownx", "mkdocs", "generator", "material"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A page as HTML.

    ids: what can be linked to in it. anchors: staged path → fragment → link as staged, for what it links to. lookups:
    staged paths that its links asked for → whether they were there. messages: what MkDocs said about it.
    """

    html: bytes
    title: str
    ids: frozenset[str]
    anchors: Mapping[str, Mapping[str, str]]
    lookups: Mapping[str, bool]
    messages: tuple[str, ...]


class Renderer:
    """A loaded configuration. settings: `mkdocs.yml` as staged, without navigation.

    exists: whether a staged path exists, page or file. Raises SettingsError when mkdocs.yml or the theme is wrong.
    """

    def __init__(
        self,
        project: Project,
        settings: bytes,
        *,
        home: ShownPage,
        exists: Exists,
        profile: Profile | None = None,
    ) -> None:
        self._profile = profile or _NO_PROFILE
        source = io.BytesIO(settings)
        source.name = str(project.config)
        project.build.mkdir(parents=True, exist_ok=True)
        project.staged.mkdir(exist_ok=True)  # MkDocs looks whether it is there
        loaded = load(project, source)
        self.config, self.strict, self.messages = loaded.config, loaded.strict, loaded.messages
        self._files = _Lookups(exists)
        self._nav: Any = ShownNavigation(home)
        self._bytecode = project.cache / "local" / "templates"
        self._environment: Environment | None = None
        self._page_text: _Text | None = None
        self._half_text: _Text | None = None

    @property
    def plugins(self) -> tuple[str, ...]:
        """Plugins and hooks, because of which MkDocs must build the site as a whole."""
        return tuple(self.config.plugins)

    @property
    def is_pure(self) -> bool:
        """Whether a page depends on nothing but what is known to be its input: no extension reads other files or is unknown."""
        names = [
            name if isinstance(name, str) else type(name).__module__
            for name in self.config.markdown_extensions
        ]
        known = _INSTALLED_SHORT_NAMES | _KNOWN
        return all(name.split(".")[0] in known for name in names) and not _READS_FILES.intersection(names)

    def static(self) -> Mapping[str, str]:
        """The theme's own files: path on the site → where it lies."""
        files = Files([])
        files.add_files_from_theme(self._env, self.config)
        return {file.dest_uri: str(file.abs_src_path) for file in files}

    def templates(self) -> Mapping[str, bytes]:
        """Pages that come from the theme alone, such as 404.html."""
        made: dict[str, bytes] = {}
        for name in sorted(self.config.theme.static_templates):
            with failure(name):
                output = _build_template(
                    name,
                    self._env.get_template(name),
                    cast(Files, _NO_PAGES),
                    self.config,
                    self._nav,
                )
            if output.strip():
                made[name] = output.encode()
        return made

    def page(self, path: str, staged: Page, place: Place = NOWHERE, shown: Shown | None = None) -> Rendered:
        """The staged page at `path`. shown: its course's slice, if its place is in one. Raises LyceumError for an extension or template that fails."""
        file = File(path, self.config.docs_dir, self.config.site_dir, self.config.use_directory_urls)
        page = MkDocsPage(None, file, self.config)
        page.markdown, page.meta = staged.body.lstrip("\n"), staged.meta
        if shown is not None:
            page.parent = cast(Any, shown.parents.get(path))
        page.previous_page = cast(Any, ShownPage(place.before) if place.before else None)
        page.next_page = cast(Any, ShownPage(place.after) if place.after else None)
        with listening() as heard, failure(path):
            self.config._current_page = page
            try:
                self._files.begin()
                text = self._page_text = self._page_text or _Text(self.config, self._files, self._profile)
                made = text.convert(page.markdown, file)
                page.content, page.toc = made.html, get_toc(made.toc)
                page._title_from_render = made.title
                page.active = True
                context = get_context(cast(Any, self._nav), cast(Any, _NO_PAGES), self.config, page)
                name = str(page.meta.get("template", "main.html"))
                with self._profile.timed(self._profile.templates, name):
                    html = self._env.get_template(name).render(context)
            finally:
                self.config._current_page = None
        return Rendered(
            html=html.encode("utf-8", errors="xmlcharrefreplace"),
            title=str(page.title or ""),
            ids=made.ids,
            anchors=made.anchors,
            lookups=self._files.asked,
            messages=tuple(heard.texts),
        )

    def half(self, half: Half, page: Rendered) -> tuple[Part, Mapping[str, bool]]:
        """A private half, for insertion into its rendered page; and the look-ups of its links."""
        file = File(
            half.page, None, self.config.site_dir, self.config.use_directory_urls
        )  # MkDocs' own way to say: not on disk
        with listening() as heard, failure(half.page):
            self._files.begin()
            text = self._half_text = self._half_text or _Text(
                self.config, self._files, self._profile, FragmentExtension()
            )
            assert text.fragment is not None  # noqa: S101 - made in the line above
            text.fragment.begin(page.ids, page.title)
            made = text.convert(half.markdown, file)
        return part_of(
            half, made.html, made.ids, made.anchors, text.fragment, page.ids, heard.texts
        ), self._files.asked

    @property
    def _env(self) -> Environment:
        if self._environment is None:
            self._bytecode.mkdir(parents=True, exist_ok=True)
            self._environment = self.config.theme.get_env()
            self._environment.bytecode_cache = FileSystemBytecodeCache(str(self._bytecode))
            templating.hasten(self._environment)
        return self._environment


@dataclass(frozen=True, slots=True)
class _Converted:
    html: str
    toc: list[Any]
    title: str | None
    ids: frozenset[str]
    anchors: Mapping[str, Mapping[str, str]]


class _Text:
    """Markdown as MkDocs sets it up for a page (`mkdocs.structure.pages.Page.render`), used for one page after another."""

    def __init__(
        self,
        config: MkDocsConfig,
        files: _Lookups,
        profile: Profile,
        fragment: FragmentExtension | None = None,
    ) -> None:
        self._profile = profile
        self.fragment = fragment
        self._config = config
        self._files = cast(Files, files)
        self._md: markdown.Markdown | None = None
        self._is_resettable = False
        self._raw: Any = None
        self._ids: Any = None
        self._paths: Any = None
        self._title: Any = None

    def convert(self, text: str, file: File) -> _Converted:
        md = self._fresh(file)
        html = md.convert(text)
        ids = self._ids.present_anchor_ids | self._raw.present_anchor_ids
        anchors: dict[str, dict[str, str]] = {}
        for to, links in self._paths.links_to_anchors.items():
            anchors[to.src_uri] = dict(links) | anchors.get(to.src_uri, {})
        return _Converted(html, getattr(md, "toc_tokens", []), self._title.title, frozenset(ids), anchors)

    def _fresh(self, file: File) -> markdown.Markdown:
        if self._md is not None and self._is_resettable:
            self._md.reset()
            self._ids.present_anchor_ids = set()
            self._paths.file, self._paths.links_to_anchors = file, {}
            self._title.title = None
            return self._md
        extensions = list(self._config.markdown_extensions)
        md = self._md = markdown.Markdown(
            extensions=[*extensions, self.fragment] if self.fragment else extensions,
            extension_configs=self._config.mdx_configs or {},
        )
        highlighting.remember_code(md)
        self._raw = _RawHTMLPreprocessor()
        self._raw._register(md)
        self._ids = _ExtractAnchorsTreeprocessor(file, self._files, self._config)
        self._ids._register(md)
        self._paths = _RelativePathTreeprocessor(file, self._files, self._config)
        self._paths._register(md)
        self._title = _ExtractTitleTreeprocessor()
        self._title._register(md)
        hasten(md)
        self._is_resettable = _is_resettable(md)
        if self._profile is not _NO_PROFILE:
            self._profile.watch(md)
        return md


def _is_resettable(md: markdown.Markdown) -> bool:
    """Whether `reset()` leaves nothing of the last text in any extension."""
    extensions = (*md.registeredExtensions, *md.preprocessors, *md.treeprocessors, *md.postprocessors)
    return all(type(one).__module__.split(".")[0] in _KNOWN for one in extensions)


class _Lookups:
    """What MkDocs' link processor asks of `Files`: whether a path is there. Remembers the answers."""

    def __init__(self, exists: Exists) -> None:
        self._exists = exists
        self._found: dict[str, File | None] = {}

    @property
    def asked(self) -> dict[str, bool]:
        """The paths that were asked for since `begin` → whether they are there."""
        return {path: file is not None for path, file in self._found.items()}

    def begin(self) -> None:
        self._found = {}

    def get_file_from_path(self, path: str) -> File | None:
        uri = PurePath(path).as_posix()
        if uri not in self._found:
            # Never read, so it lies nowhere.
            self._found[uri] = File(uri, None, "", True) if self._exists(uri) else None
        return self._found[uri]


_NO_PAGES = ShownPages()
_NO_PROFILE = Profile()
