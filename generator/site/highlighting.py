"""Code is highlighted once: the same block in the same language, asked for again, is the same HTML.

Highlighting takes a third to a half of a lesson's time. A preview that renders a lesson at each save, and a course whose lessons
carry the same listing on, meet the same blocks again and again. pymdownx lets an extension name its highlighter class; this is
its own class with a memory.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import markdown
from pymdownx.highlight import Highlight

_KEPT_CHARACTERS = 32 * 1024 * 1024
_KEPT_LEXERS = 500


class _Memory:
    """The blocks that were asked for last, with their HTML."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._characters = 0

    def get(self, key: tuple[str, ...]) -> str | None:
        known = self._made.get(key)
        if known is not None:
            self._made.move_to_end(key)
        return known

    def put(self, key: tuple[str, ...], made: str) -> None:
        self._made[key] = made
        self._characters += len(made) + len(key[0])
        while self._characters > _KEPT_CHARACTERS:
            old, lost = self._made.popitem(last=False)
            self._characters -= len(lost) + len(old[0])


_memory = _Memory()
_lexers: dict[tuple[str, bool, str], Any] = {}


class RememberingHighlight(Highlight):  # type: ignore[misc]  # pymdownx is untyped
    """pymdownx's highlighter; `highlight` of a block looks into the memory first."""

    def get_lexer(self, src: str, language: str, inline: bool, stripnl: bool) -> Any:
        """The lexer of a language is looked up once; one that is guessed depends on the text."""
        if self.guess_lang or not language or self.extend_pygments_lang:
            return super().get_lexer(src, language, inline, stripnl)
        key = (language, stripnl, self.default_lang)
        if key not in _lexers:
            if len(_lexers) > _KEPT_LEXERS:  # an author invents languages
                _lexers.clear()
            _lexers[key] = super().get_lexer(src, language, inline, stripnl)
        return _lexers[key]

    def highlight(self, src: str, language: str, *arguments: Any, **options: Any) -> Any:
        if options.get("inline") or arguments[1:] or self.title_mode == "html":
            return super().highlight(src, language, *arguments, **options)
        settings = {name: value for name, value in vars(self).items() if name != "md"}
        told = dict(options)
        if not (self.line_spans or self.line_anchors):
            told.pop("code_block_count", None)  # it stands only in the ids of lines
        key = (src, language or "", repr(arguments), repr(told), repr(settings))
        made: Any = _memory.get(key)
        if made is None:
            made = super().highlight(src, language, *arguments, **options)
            if isinstance(made, str):
                _memory.put(key, made)
        return made


def remember_code(md: markdown.Markdown) -> None:
    """Let `md`, which has not converted anything yet, use the memory."""
    for extension in md.registeredExtensions:
        if getattr(extension, "get_pymdownx_highlighter", None):
            extension.get_pymdownx_highlighter = lambda: RememberingHighlight  # type: ignore[attr-defined]
