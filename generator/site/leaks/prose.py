"""Markdown about as it reads once rendered, without rendering it.

Only used to know what is public anyway and to find text of lessons that nobody has rendered; so it may be rough, but it has
to be quick. Left out is what never shows as text: link targets, pictures, fence languages, comments, tags, attribute lists, list numbers,
footnote marks. Code is kept as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.site.leaks.markup import decode_entities, without_tags

_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<mark>`{3,}|~{3,})(?P<info>[^\n`]*)$", re.MULTILINE)
_FENCE_TITLE = re.compile(r"""title\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DEFINITION = re.compile(r"^[ ]{0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\S+.*$", re.MULTILINE)
_LEADING = re.compile(
    # In front of a list item, a task, the title of an admonition, of a tab and of a block (`/// tip | title`).
    r"^(?P<before>[ \t>]*)(?:\d{1,9}[.)][ \t]|[-*+][ \t]\[[ xX]\][ \t]|(?:!!!|\?\?\?\+?)[ \t]+(?:[\w-]+[ \t]+)*(?=\")|===[!+]?[ \t]+(?=\")|/{3,}[ \t]*[\w-]+[ \t]*\|)",
    re.MULTILINE,
)
_INLINE = re.compile(
    r"""
    (?P<code>(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))
    | !\[[^\]\n]*(?=\])
    | \](?:\((?:<[^>\n]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\) | \[[^\]\n]*\])
    | \[\^[^\]\n]+\]:?
    | \{:?[ ]*[#.][^{}\n]*\}
    | <(?!https?:)/?[a-zA-Z][^<>]*>
    """,
    re.VERBOSE | re.DOTALL,
)


def readings(text: str) -> Iterator[str]:
    """Markdown as written, about as it reads once rendered, and without the tags that stand in its code."""
    yield decode_entities(text)
    shown = plain(text)
    yield shown
    if "</" in shown:
        yield decode_entities(without_tags(shown))


def plain(text: str) -> str:
    pieces: list[str] = []
    place = 0
    opened = ""
    for fence in _FENCE.finditer(text):
        mark = fence["mark"]
        if opened:
            if mark[0] != opened[0] or len(mark) < len(opened) or fence["info"].strip():
                continue
            pieces.append(text[place : fence.start()])
            opened = ""
        else:
            pieces.append(_prose(text[place : fence.start()]))
            title = _FENCE_TITLE.search(fence["info"])
            pieces.append((title[1] or title[2] or "") if title else "")
            opened = mark
        place = fence.end()
    rest = text[place:]
    pieces.append(rest if opened else _prose(rest))
    return "\n".join(pieces)


def _prose(text: str) -> str:
    if "<!--" in text:
        text = _COMMENT.sub(" ", text)
    text = _LEADING.sub(r"\g<before>", _DEFINITION.sub(" ", text))
    return decode_entities(_INLINE.sub(_kept, text))


def _kept(found: re.Match[str]) -> str:
    return found["code"] or " "
