"""Which lesson another system means: by its id, its address on this site, or an address that it had before."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from generator.catalogue.model import School


class LessonNames:
    """others: names of the other system → id or address here, for lessons that nothing else would lead to."""

    def __init__(self, school: School, others: Mapping[str, str] | None = None) -> None:
        self._base = [part for part in unquote(urlsplit(school.base_url).path).split("/") if part]
        self._known: dict[str, str] = {}
        for lesson in school.lessons:
            for address in lesson.moved_from:
                self._known.setdefault(address.strip("/"), lesson.id)
        for lesson in school.lessons:
            self._known[lesson.url.strip("/")] = lesson.id
        for lesson in school.lessons:
            self._known[lesson.id] = lesson.id
        self._others = dict(others or {})

    def find(self, name: str) -> str | None:
        """The lesson's id; None if this school has none of that name. name: an id, a path, or a whole address."""
        name = self._others.get(name, name)
        if name in self._known:
            return self._known[name]
        parts = [part for part in unquote(urlsplit(name).path).split("/") if part]
        if parts[-1:] == ["index.html"]:
            parts.pop()
        for rest in (parts, parts[len(self._base) :] if parts[: len(self._base)] == self._base else []):
            if rest and (found := self._known.get("/".join(rest))):
                return found
        return None
