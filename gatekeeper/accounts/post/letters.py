"""Writes letters from templates: one text and one HTML form of each, in the reader's language.

Templates lie in `templates/<name>.txt` and `.html`; all words come from `gatekeeper/web/texts/`. Values are escaped in HTML. Links are
built from the configured origin by the caller, never from a request (attack case H04).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gatekeeper.accounts.post.outbox import Letter
from gatekeeper.web.texts import Texts

SchoolName = Callable[[str], str]


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

    def write(self, name: str, language: str, **facts: object) -> Letter:
        """The letter `name` with these facts."""
        say = partial(self._texts.say, language)
        school = self._school(language)
        values = {
            "t": say,
            "language": language,
            "school": school,
            "moment": partial(self._texts.moment, language),
            **facts,
        }
        plain = {key: value for key, value in facts.items() if isinstance(value, str | int)}
        return Letter(
            subject=say(f"mail_{name}.subject", **{**plain, "school": school}),
            text=self._templates.get_template(f"{name}.txt").render(values),
            html=self._templates.get_template(f"{name}.html").render(values),
        )
