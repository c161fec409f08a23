"""Where the time of a build goes: the slowest lessons, Markdown extensions and templates.

Seconds are wall time in one process; an extension's are those of its processors, so inline markup counts for the inline processor.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import markdown

Seconds = defaultdict[str, float]

_SHOWN = 10


class Profile:
    """What was measured, by name, in seconds."""

    def __init__(self) -> None:
        self.pages: Seconds = defaultdict(float)
        self.extensions: Seconds = defaultdict(float)
        self.templates: Seconds = defaultdict(float)

    @contextmanager
    def timed(self, counter: Seconds, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            counter[name] += time.perf_counter() - started

    def watch(self, md: markdown.Markdown) -> None:
        """Measure the processors of `md`, each under the module that it comes from."""
        for registry in (md.preprocessors, md.parser.blockprocessors, md.treeprocessors, md.postprocessors):
            for processor in registry:
                setattr(processor, "run", self._watched(processor.run, type(processor).__module__))  # noqa: B010 - a method

    def _watched(self, run: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            with self.timed(self.extensions, name):
                return run(*arguments, **options)

        return watched

    def lines(self) -> Iterator[str]:
        """A table for each kind, slowest first."""
        for title, counter in (
            ("lessons and pages", self.pages),
            ("Markdown extensions", self.extensions),
            ("templates", self.templates),
        ):
            yield f"slowest {title}"
            for name, seconds in sorted(counter.items(), key=lambda one: -one[1])[:_SHOWN]:
                yield f"{seconds * 1000:10.1f} ms  {name}"
