"""Suspects → hits: what the screen suspects is looked at more closely, and cleared or told.

In this order, cheapest first; what clears a suspect is remembered in the ledger, so that the next build does not ask again:

1. Pieces of a file that nobody told: the file is read again.
2. Names: perhaps a public text says them, first that of the page itself; perhaps the file holds only a longer name.
3. Windows: perhaps the page's own public Markdown shows them when it is rendered, though nobody could guess that from the source. It is rendered
   apart; the built page never explains itself.
4. The exact check of what remains. Its verdict is final.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from generator.access.edition import Edition, LessonEdition
from generator.catalogue.model import Course, Lesson
from generator.site.leaks import sources
from generator.site.leaks.check import explore, readings
from generator.site.leaks.known_names import Key
from generator.site.leaks.ledger import Ledger
from generator.site.leaks.names import Texts
from generator.site.leaks.private import PrivateName, Secrets
from generator.site.leaks.report import Hit
from generator.site.leaks.screen import Reading
from generator.site.leaks.units import SCHOOL, THEME, awaited_key, course_key, lesson_key
from generator.site.project import Project

_BATCH = 100  # suspects that are looked at together: one leak in a template makes every page a suspect
_FIRST_PAGES = 20  # whose texts are asked first whether they say a name


def settle(
    ledger: Ledger,
    public: Path,
    edition: Edition,
    secrets: Callable[[], Secrets],
    *,
    theme: Iterable[Path] | None = None,
    more: Iterable[str] = (),
) -> tuple[Hit, ...]:
    """The hits among the ledger's suspects: all, or those of the first hundred files that have any. Empty: nothing leaks.

    public: the folder of the public files, as the ledger was told. secrets: called only for the exact check.
    theme: as `Reading` was given it; the school's own and Material's, if None. more: as `Reading.school` was.
    """
    settling = _Settling(ledger, public, edition, theme, more)
    settling.read_untold()
    settling.names()
    cleared: set[str] = set()
    while suspects := [path for path in ledger.verdict().suspects if path not in cleared][:_BATCH]:
        settling.windows(suspects)
        remaining = set(suspects) & set(ledger.verdict().suspects)
        if remaining:
            _, hits, addresses = explore(public, secrets(), only=remaining)
            if hits:
                return hits
            settling.remember(addresses)
        cleared.update(suspects)
    return ()


class _Settling:
    def __init__(
        self,
        ledger: Ledger,
        public: Path,
        edition: Edition,
        theme: Iterable[Path] | None,
        more: Iterable[str],
    ) -> None:
        self._ledger = ledger
        self._public = public
        self._edition = edition
        self._theme = sources.default_theme(edition.school.root) if theme is None else tuple(theme)
        self._more = tuple(more)
        self._reading = Reading(self._theme)
        self._texts = lru_cache(maxsize=4 * _FIRST_PAGES)(self._texts_of)

    def read_untold(self) -> None:
        untold = self._ledger.untold()
        if untold:
            self._ledger.tell(
                {path: self._reading.file(path, (self._public / path).read_bytes()) for path in untold}
            )

    def names(self) -> None:
        by_name: defaultdict[Key, list[str]] = defaultdict(list)
        for path, name in self._ledger.names.open():
            by_name[name].append(path)
        said = {name for name, paths in by_name.items() if self._say(name, self._likely(paths))}
        by_path: defaultdict[str, list[Key]] = defaultdict(list)
        for name in by_name.keys() - said:
            for path in by_name[name]:
                by_path[path].append(name)
        held = {name for path in sorted(by_path) for name in self._held(path, by_path[path])}
        self._say_anywhere(held)

    def windows(self, suspects: Sequence[str]) -> None:
        """Render the suspects' own public Markdown, as far as it was not asked yet."""
        suspicious = set(self._ledger.files_with(self._ledger.unexplained()))
        for path in suspects:
            if path in suspicious and path in self._pages:
                self._explain(self._pages[path])

    def remember(self, addresses: Iterable[str]) -> None:
        """The exact check found that these pages' Markdown explains what was suspected."""
        for address in addresses:
            self._explain(self._pages[f"{address}index.html"])

    def _explain(self, key: str) -> None:
        unit = self._reading.public([self._render(self._markdown(key))])
        self._ledger.explain(key, unit.public)

    def _say(self, name: Key, keys: Iterable[str]) -> bool:
        for key in keys:
            if self._texts(key).hold(_named(name)):
                self._ledger.names.is_said(name, key)
                return True
        return False

    def _likely(self, paths: Iterable[str]) -> Iterator[str]:
        """Units that probably say a name that stands in these files."""
        yield from islice((self._pages[path] for path in paths if path in self._pages), _FIRST_PAGES)
        yield SCHOOL

    def _held(self, path: str, names: Sequence[Key]) -> list[Key]:
        """Those of the names that really stand in a file."""
        texts = Texts(readings(path, (self._public / path).read_bytes()))
        held = [name for name in names if texts.hold(_named(name))]
        for name in set(names).difference(held):
            self._ledger.names.is_absent(name, path)
        return held

    def _say_anywhere(self, names: Iterable[Key]) -> None:
        """Ask the theme, for titles and tags; then every unit."""
        left = {name for name in names if name[1] or not self._say(name, [THEME])}
        for key in (*self._courses, *self._lessons, *self._announced):
            left = {name for name in left if not self._say(name, [key])}
            if not left:
                return

    def _texts_of(self, key: str) -> Texts:
        if key == SCHOOL:
            school = sources.public_texts_of_school(self._edition.school, sorted(self._edition.public_files))
            return Texts((*school, *self._more))
        if key == THEME:
            return Texts(sources.theme_texts(self._theme))
        if key in self._courses:
            return Texts(sources.public_texts_of_course(self._courses[key]))
        if key in self._lessons:
            return Texts(sources.public_texts_of_lesson(self._lessons[key]))
        return Texts(sources.public_texts_of_announced(self._announced[key]))

    @cached_property
    def _courses(self) -> dict[str, Course]:
        return {course_key(course.id): course for course in self._edition.courses}

    @cached_property
    def _lessons(self) -> dict[str, LessonEdition]:
        return {lesson_key(id_): cut for id_, cut in self._edition.lessons.items()}

    @cached_property
    def _announced(self) -> dict[str, Lesson]:
        return {awaited_key(lesson.id): lesson for lesson in self._edition.upcoming}

    @cached_property
    def _pages(self) -> dict[str, str]:
        """Public file → key of the unit whose page it is."""
        addresses = {key: course.url for key, course in self._courses.items()}
        addresses |= {key: cut.lesson.url for key, cut in self._lessons.items()}
        return {f"{address}index.html": key for key, address in addresses.items()}

    @cached_property
    def _render(self) -> Callable[[str], str]:
        from generator.site.leaks.rendering import renderer  # slow to import and seldom needed

        return renderer(Project(root=self._edition.school.root.parent).settings)

    def _markdown(self, key: str) -> str:
        return self._courses[key].description if key in self._courses else self._lessons[key].public_markdown


def _named(name: Key) -> PrivateName:
    return PrivateName(lesson="", path="", text=name[0], is_file=name[1])
