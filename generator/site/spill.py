"""Many large values that are made one after another and needed one after another: kept on disk meanwhile.

A build of ten thousand lessons makes a few hundred megabytes of window hashes before the leak check asks for the first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from generator.site.leaks import FileReading, Unit

Value = TypeVar("Value")


class Spilled(Mapping[str, Value | None], Generic[Value]):
    """A growing map of keys to values or None. dumps, loads: a value to bytes and back."""

    def __init__(self, dumps: Callable[[Value], bytes], loads: Callable[[bytes], Value]) -> None:
        self._dumps = dumps
        self._loads = loads
        self._file = tempfile.TemporaryFile(prefix="lyceum-")  # noqa: SIM115 - closed with this object
        self._places: dict[str, tuple[int, int] | None] = {}

    def put(self, key: str, value: Value | None) -> None:
        if value is None:
            self._places[key] = None
            return
        data = self._dumps(value)
        start = self._file.seek(0, 2)
        self._file.write(data)
        self._places[key] = (start, len(data))

    def present(self) -> list[str]:
        """The keys that have a value."""
        return [key for key, place in self._places.items() if place is not None]

    def __getitem__(self, key: str) -> Value | None:
        place = self._places[key]
        if place is None:
            return None
        self._file.seek(place[0])
        return self._loads(self._file.read(place[1]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        self._file.close()


class Kept(dict[str, Value | None]):
    """The same for a few values: in memory."""

    def put(self, key: str, value: Value | None) -> None:
        self[key] = value

    def present(self) -> list[str]:
        return [key for key, value in self.items() if value is not None]

    def close(self) -> None:
        """Nothing to close."""


Store = Spilled[Value] | Kept[Value]


def stores() -> tuple[Spilled[Unit], Spilled[FileReading]]:
    """For the units and the readings of a build."""
    from generator.site.leaks import FileReading, Unit

    return Spilled(Unit.dumps, Unit.loads), Spilled(FileReading.dumps, FileReading.loads)


def lesson_key(id_: str) -> str:
    """The key of a lesson's unit."""
    from generator.site.leaks import lesson_key as key

    return key(id_)
