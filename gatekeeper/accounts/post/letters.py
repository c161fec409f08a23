"""Writes letters: one text and one HTML form of each, in the reader's language.

Most are made of pieces (`catalogue`), which is the way to add one; the receipt has templates of its own. All words come from
`gatekeeper/web/texts/`. Values are escaped in HTML, and are one line in texts. Links are built from the configured origin by the caller, never
from a request (attack case H04).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gatekeeper.accounts.post.catalogue import CATALOGUE, Code, Form, Link, Paragraph, Quote, Rows
from gatekeeper.accounts.post.outbox import Letter
from gatekeeper.web.texts import Texts

SchoolName = Callable[[str], str]
Say = Callable[..., str]


class LetterWriter:
    """texts: all words; school: language → the school's name, which may change with a release."""

    def __init__(self, texts: Texts, school: SchoolName) -> None:
        self._texts = texts
        self._school = school
        self._templates = Environment(
            loader=PackageLoader("gatekeeper.accounts.post"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, name: str, language: str, *, unsubscribe: str = "", **facts: object) -> Letter:
        """The letter `name` with these facts. unsubscribe: where this kind of mail can be refused, for optional mail alone."""
        say = partial(self._texts.say, language)
        moment = partial(self._texts.moment, language)
        school = self._school(language)
        values: dict[str, Any] = {
            "t": say,
            "language": language,
            "school": school,
            "moment": moment,
            "unsubscribe": unsubscribe,
            **facts,
        }
        plain = {
            key: _one_line(moment(value, with_time=True) if isinstance(value, datetime) else value)
            for key, value in facts.items()
            if isinstance(value, str | int | datetime)
        }
        plain["school"] = school
        form, template = CATALOGUE.get(name), name
        if form is not None:
            template = "pieces"
            texts = partial(_text, say, name, plain)
            values["pieces"] = list(_pieces(form, say, texts, facts, plain))
            values["foot"] = [texts(form.foot)] if form.foot else []
        return Letter(
            subject=say(f"mail_{name}.subject", **plain),
            text=self._templates.get_template(f"{template}.txt").render(values),
            html=self._templates.get_template(f"{template}.html").render(values),
            unsubscribe=unsubscribe,
        )


def _pieces(
    form: Form, say: Say, text: Say, facts: Mapping[str, object], plain: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    for piece in form.pieces:
        match piece:
            case Paragraph() if piece.only_if is None or facts.get(piece.only_if):
                yield {"kind": "text", "text": text(piece.text)}
            case Link() if piece.only_if is None or facts.get(piece.only_if):
                yield {"kind": "link", "text": text(piece.text), "address": plain[piece.fact]}
            case Code():
                yield {"kind": "code", "text": plain[piece.fact]}
            case Quote() if facts[piece.fact]:
                yield {"kind": "quote", "lines": str(facts[piece.fact]).splitlines()}
            case Rows():
                rows = [(say(label), plain[fact]) for label, fact in piece.rows if plain.get(fact)]
                if rows:
                    yield {"kind": "rows", "rows": rows}


def _text(say: Say, name: str, plain: Mapping[str, str], key: str) -> str:
    return say(f"mail_{name}.{key}", **plain)


def _one_line(value: object) -> str:
    return " ".join(str(value).split())
