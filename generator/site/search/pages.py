"""A built page → what Pagefind reads of it, and nothing else.

The theme marks with Pagefind's own attributes what is the author's text (`data-pagefind-body`), what inside it is not
(`data-pagefind-ignore`) and what the results say of a page (`data-pagefind-filter`: course, access, language, label). A page
without a marked text, because its front matter says `search: {exclude: true}` or because it is a catalogue, a list of tags, a
redirect or an error page, has no extract. An extract keeps headings with their ids, and tags without attributes, so
that it changes exactly when the text of the page does.
"""

from __future__ import annotations

import re
from html import unescape

from generator.site.search import words

_BODY = "data-pagefind-body"
_IGNORED = (
    "data-pagefind-ignore",
    'class="headerlink',
    'class="footnote-ref',
    'class="footnote-backref',
    'class="linenos',
    'class="lyceum-sr',
    'class="lyceum-diagram',
)
_DRAWN = re.compile(r"<(svg|script|style|noscript)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_SPAN = re.compile(r"</?span\b[^>]*>")  # the colours of code, which must not cut its words
_TAG = re.compile(r"(<(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>)")
_FORMULA = re.compile(r"\\[()\[\]]")  # what pymdownx.arithmatex puts around TeX
_NAME = re.compile(r"</?\s*([a-zA-Z][a-zA-Z0-9-]*)")
_ANCHOR = re.compile(r"\bid=(?:\"[^\"]*\"|'[^']*')")
_FACTS = re.compile(r"\bdata-[a-z-]+=(?:\"[^\"]*\"|'[^']*')")
_LABEL = re.compile(r'\bdata-label="([^"]*)"')
_H1 = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)
_INLINE = frozenset(
    """
    a abbr b bdi bdo cite code data del dfn em i ins kbd mark q s samp small strong sub sup time u var
    """.split()  # noqa: SIM905 - a list of quoted words reads worse
)
# Pagefind leaves these out by itself; the theme says by `data-pagefind-ignore` which of them are not the author's
_SHOWN = {"nav": "div", "footer": "div", "form": "div"}
_CELLS = frozenset({"td", "th", "dt", "dd"})  # whose words Pagefind would join to those of the next
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def extract(html: str) -> str | None:
    """The page that Pagefind is given for `html`, or None for a page that is not to be found."""
    opening = _next_tag(html, 0, _BODY)
    if opening is None:
        return None
    tag = html[opening]
    text = _without_ignored(_DRAWN.sub(" ", html[opening.stop : _end(html, opening)]))
    body = _title(tag, text) + _respaced(_SPAN.sub("", text))
    facts = " ".join(_FACTS.findall(tag))
    return f'<!doctype html><html lang="en"><body data-pagefind-body {facts}>{body}</body></html>\n'


def _title(opening: str, body: str) -> str:
    """The page's title as a heading, where the text has another one or none: a lesson is found by the name that lists show."""
    label = _LABEL.search(opening)
    if label is None:
        return ""
    heading = _H1.search(body)
    shown = _TAG.sub("", heading[1]) if heading else ""
    if unescape(label[1]).split() == unescape(shown).split():
        return ""
    return f'<h1 data-pagefind-meta="title">{words.encode(label[1])}</h1>'


def _next_tag(html: str, place: int, mark: str) -> slice | None:
    """The next tag from `place` on in which `mark` stands as a whole word. (A pattern would be ten times as slow.)"""
    while (found := html.find(mark, place)) >= 0:
        place = found + len(mark)
        start = html.rfind("<", 0, found)
        is_in_tag = start >= 0 and ">" not in html[start:found]  # and not in a text that speaks of it
        if is_in_tag and not (html[place : place + 1].isalnum() or html[place : place + 1] in "-_"):
            return slice(start, html.find(">", place) + 1 or len(html))
    return None


def _end(html: str, opening: slice) -> int:
    """Where the content of the element ends that the tag opens; the end of the page if it is never closed."""
    depth = 1
    pattern = re.compile(rf"<(/?){_name(html[opening])}\b")
    for tag in pattern.finditer(html, opening.stop):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.start()
    return len(html)


def _without_ignored(body: str) -> str:
    for mark in _IGNORED:
        kept: list[str] = []
        place = 0
        while opening := _next_tag(body, place, mark):
            kept.append(body[place : opening.start])
            place = body.find(">", _end(body, opening)) + 1 or len(body)
        body = " ".join([*kept, body[place:]])
    return body


def _respaced(body: str) -> str:
    """Chinese in pairs, across tags within a line; other tags bare."""
    pieces = _TAG.split(_FORMULA.sub(" ", body))
    follower, ends = "", True
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        if index % 2:
            name = _name(piece)
            if name not in _INLINE:
                follower, ends = "", True
            pieces[index] = _bare(piece, name)
        elif piece:
            text = words.encode(piece, follower)
            # Pagefind puts a stop where a line ends in a letter; a space of ours would hide that.
            pieces[index] = text.rstrip() if ends and not piece[-1].isspace() else text
            follower, ends = words.first_han(piece), False
    return "".join(pieces)


def _name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""


def _bare(tag: str, name: str) -> str:
    if not name:
        return " "
    anchor = _ANCHOR.search(tag) if name in _HEADINGS else None
    slash = "/" if tag.startswith("</") else ""
    if slash and name in _CELLS:
        return f" </{name}>"
    return f"<{slash}{_SHOWN.get(name, name)}{f' {anchor[0]}' if anchor else ''}>"
