"""How Chinese is written down for Pagefind, which cuts text at spaces alone.

Each Chinese character becomes a word of its own together with the one after it: `数据库` is indexed as `数据 据库 库〆`. So

- any run of characters is found, wherever a dictionary would have cut it: Pagefind's extended edition cuts the pages with
  jieba and the query with the browser's `Intl.Segmenter`, and what the two cut differently is never found
  (Pagefind issue 1237);
- a word's place is its character's place, and its first character is the text: `decode` gives the text back;
- postings stay short, because pairs are rarer than characters; a single character is found as the beginning of pairs.

A character without a successor carries `〆`, a letter that no Chinese text uses; without it Pagefind, which falls back to the
longest known beginning of an unknown word, would find `库` for any unknown pair that begins with it. Punctuation stands
apart, so that it joins no word. theme/assets/javascripts/lyceum/search/words.js is the same for queries.
"""

from __future__ import annotations

import re

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
END = "\u3006"  # 〆
_MARKS = "\u2010-\u2027\u2030-\u205e\u3000-\u3004\u3008-\u303f\u30fb\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"

_RUN = re.compile(rf"[{HAN}]+")
_RUN_OR_MARK = re.compile(rf"([{HAN}]+)|([{_MARKS}])")
_PAIR = re.compile(rf"([{HAN}])[{HAN}{END}]")
_STOP = re.compile(rf"([{HAN}])\.(?= |$)")  # Pagefind's own, where a line ends without one
_CLOSE = re.compile(
    rf"(?<=[{HAN}{_MARKS}]) (?=[{HAN}{_MARKS}])|(?<=[{_MARKS}]) | (?=[{_MARKS}])|(?<=[{HAN}]) (?=[.,:;!?)\]])|(?<=[(\[]) (?=[{HAN}])"
)


def encode(text: str, follower: str = "") -> str:
    """`text` with its Chinese in pairs. follower: the Chinese character that continues it in the same line, or ""."""
    if text.isascii():
        return text

    def spaced(found: re.Match[str]) -> str:
        run = found[1]
        if run is None:
            return f" {found[2]} "
        after = follower if found.end() == len(text) and follower else END
        return f" {' '.join(map(''.join, zip(run, run[1:] + after, strict=True)))} "

    return _RUN_OR_MARK.sub(spaced, text)


def decode(text: str) -> str:
    """The readable text: as it was, but for the spaces between Chinese and other scripts."""
    return _CLOSE.sub("", _STOP.sub(r"\1。", _PAIR.sub(r"\1", " ".join(text.split()))))


def runs(text: str) -> list[str]:
    """The runs of Chinese characters in `text`."""
    return _RUN.findall(text)


def first_han(text: str) -> str:
    """The Chinese character that `text` begins with, or ""."""
    found = _RUN.match(text)
    return found[0][0] if found else ""
