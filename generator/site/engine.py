"""MkDocs in process: one configuration, one build, its pages and its warnings.

The build is MkDocs' own (`mkdocs.commands.build.build`), so its bytes are those of `mkdocs build -f build/mkdocs.yml`; an
observer among the plugins keeps hold of what later steps need. Anchors are checked afterwards by `reports`, because a link
may point into a private half, of which MkDocs knows nothing.
"""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from jinja2 import TemplateError, TemplateSyntaxError
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from generator.errors import LyceumError, SettingsError
from generator.site.project import Project

Progress = Callable[[str, int, int], None]

Built = TypeVar("Built")

_OBSERVER = "lyceum/observer"
_SEARCH = "material/search"


class Messages(logging.Handler):
    """What MkDocs and its plugins said at warning level or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class _NoSettings(Config):  # type: ignore[no-untyped-call]  # MkDocs leaves __init_subclass__ untyped
    pass


class _Observer(BasePlugin[_NoSettings]):  # type: ignore[no-untyped-call]  # MkDocs leaves __init_subclass__ untyped
    """Keeps what MkDocs builds with, and counts its pages."""

    def __init__(self, progress: Progress | None) -> None:
        super().__init__()
        self.load_config({})
        self._progress = progress
        self._done = 0
        self._total = 0
        self.files: Files | None = None

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        self.files = files
        self._total = 2 * len(list(files.documentation_pages()))
        return nav

    def on_page_content(self, html: str, **_: object) -> str:
        self._count()
        return html

    def on_post_page(self, output: str, **_: object) -> str:
        self._count()
        return output

    def _count(self) -> None:
        self._done += 1
        if self._progress:
            self._progress("pages", self._done, self._total)


class Engine:
    """A loaded MkDocs configuration and, after `build`, the pages it made.

    Raises SettingsError when mkdocs.yml or the theme is wrong.
    """

    def __init__(self, project: Project, *, chinese: bool) -> None:
        if chinese:
            _prepare_word_cutting(project.cache)
        loaded = load(project, str(project.config))
        self.config, self.strict, self.messages = loaded.config, loaded.strict, list(loaded.messages)
        self._seen = _Observer(None)

    def build(self, progress: Progress | None = None) -> None:
        """The whole site, into `site_dir`. Raises LyceumError when a plugin, template or extension fails."""
        self._seen = _Observer(progress)
        self.config.plugins[_OBSERVER] = self._seen
        with listening() as heard, failure("mkdocs"):
            try:
                self.config.plugins.on_startup(command="build", dirty=False)
                mkdocs_build(self.config)
            finally:
                self.config.plugins.on_shutdown()
        self.messages += heard.texts

    @property
    def files(self) -> Files:
        return _built(self._seen.files)

    @property
    def pages(self) -> dict[str, Page]:
        """Staged path → page, in the order of the site."""
        return {file.src_uri: file.page for file in self.files.documentation_pages() if file.page is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """strict: what mkdocs.yml asks for; the configuration itself is never strict, since every warning is wanted, not the first."""

    config: MkDocsConfig
    strict: bool
    messages: tuple[str, ...]


def load(project: Project, source: str | IO[bytes]) -> Loaded:
    """A configuration for MkDocs. source: a path, or an open file with a name. Raises SettingsError when mkdocs.yml or the theme is wrong."""
    with listening() as heard:
        try:
            config = load_config(source)
        except (Abort, MkDocsException) as error:
            what = "; ".join(heard.texts) or str(error)
            raise SettingsError(
                what, where=str(project.settings), hint="mend mkdocs.yml and build again"
            ) from error
    strict, config.strict = bool(config.strict), False
    config.validation.links.anchors = logging.DEBUG  # left to `reports`, which knows the private halves
    return Loaded(config=config, strict=strict, messages=tuple(heard.texts))


@contextmanager
def listening() -> Iterator[Messages]:
    """Hear MkDocs' warnings instead of printing them; links to anchors are recorded only while it is not debugging."""
    logger = logging.getLogger("mkdocs")
    heard = Messages()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(heard)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield heard
    finally:
        logger.removeHandler(heard)
        logger.setLevel(level)
        logger.propagate = propagate


@contextmanager
def failure(where: str) -> Iterator[None]:
    """Whatever an extension, plugin or template raises becomes an error with its place, else `where`."""
    with listening() as heard:
        try:
            yield
        except (Abort, MkDocsException, TemplateError) as error:
            said = [*heard.texts, str(error)] if isinstance(error, TemplateError) else heard.texts
            raise LyceumError("; ".join(said) or str(error), where=_place(error, where)) from error


def _prepare_word_cutting(cache: Path) -> None:
    """Load the dictionary that Material's search plugin cuts Chinese words with.

    Its cache is a pickle-like file, by default in the common temporary folder, where anybody could have put one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own: an unclosed file, a deprecated import
        import jieba

        if jieba.dt.initialized:
            return
        cache.mkdir(parents=True, exist_ok=True)
        jieba.dt.tmp_dir = str(cache)
        jieba.setLogLevel(logging.WARNING)
        jieba.initialize()


def _place(error: BaseException, where: str) -> str:
    """The template and line that an error happened in, or `where`."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name}:{error.lineno}"
    places = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith((".html", ".xml"))
    ]
    return f"{places[-1].filename}:{places[-1].lineno}" if places else where


def _built(value: Built | None) -> Built:
    if value is None:
        raise RuntimeError("the site has not been built yet")
    return value
