"""Public files → sequences of word numbers, quickly.

Pages share most of their lines: head, header, navigation, footer. A line is read with its neighbours when it is new and
remembered once it has come back, so that the cost of a page is that of its own text.
"""

from __future__ import annotations

import re

import numpy as np

from generator.site.leaks import markup
from generator.site.leaks.containers import Leaf, printable, text_of
from generator.site.leaks.words import Numbers, Vocabulary

_PAGES = frozenset({".html", ".htm", ".xhtml"})
_GAP = np.zeros(1, np.int32)
_BLANK_LINES = re.compile(r"\n\s*\n")  # templates leave hundreds in a page
_LOCKED = '<section class="lyceum-part"'


class Reader:
    """Reads leaves with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._seen: set[int] = set()
        self._known: dict[str, tuple[bytes, bytes]] = {}

    def read(self, leaf: Leaf) -> tuple[Numbers, str]:
        """The word numbers of all readings of a leaf, one after the other, and the text that they are readings of."""
        text = text_of(leaf.data)
        if text is None:
            text = printable(leaf.data)
            return self._joined(markup.read(text, "")), text
        if leaf.suffix in _PAGES:
            return self._page(text), text
        return self._joined(markup.read(text, leaf.suffix)), text

    def _page(self, text: str) -> Numbers:
        # The author's words end where the locked section of the theme begins; no phrase runs across.
        text = text.replace(_LOCKED, markup.BREAK + _LOCKED)
        shown: list[bytes] = []  # joined as bytes: arrays by the hundred cost more than what they hold
        others: list[bytes] = [_GAP.tobytes()]
        fresh: list[str] = []
        seen, known = self._seen, self._known
        for line in _BLANK_LINES.sub("\n", text).split("\n"):
            remembered = known.get(line)
            if remembered is None:
                mark = hash(line)
                if mark not in seen:
                    seen.add(mark)
                    fresh.append(line)
                    continue
                remembered = known[line] = self._markup(line)
            if fresh:
                first, rest = self._markup("\n".join(fresh))
                shown.append(first)
                others.append(rest)
                fresh = []
            shown.append(remembered[0])
            others.append(remembered[1])
        if fresh:
            first, rest = self._markup("\n".join(fresh))
            shown.append(first)
            others.append(rest)
        return np.frombuffer(b"".join(shown + others), np.int32)

    def _markup(self, text: str) -> tuple[bytes, bytes]:
        """The numbers of what is shown, and of all other readings, each followed by a gap."""
        readings = markup.read_markup(text)
        shown = self._vocabulary.read(readings[0]).tobytes()
        return shown, self._joined(readings[1:]).tobytes() if len(readings) > 1 else b""

    def _joined(self, readings: list[str]) -> Numbers:
        return np.concatenate([self._vocabulary.read(markup.BREAK.join(readings)), _GAP])
