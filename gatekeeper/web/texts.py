"""All words of the service's pages and mails: one file a language, `texts/<language>.toml`, with the same keys.

`say("zh", "sign_in.title")` gives the text; `{name}` in it is filled from the named facts. A key that is missing, or a fact that the text
does not get, is an error that tests find: every language has the same keys and the same facts in them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

LANGUAGES = ("zh", "en")
FALLBACK = "en"
NAMES = {"zh": "中文", "en": "English"}
HTML_LANGUAGES = {"zh": "zh-CN", "en": "en"}

_FOLDER = Path(__file__).parent / "texts"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905  (reads better)


class Texts:
    """language → key → text."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = texts

    @classmethod
    def load(cls) -> Texts:
        """The texts that come with the package."""
        return cls(
            {language: _flat((_FOLDER / f"{language}.toml").read_text("utf-8")) for language in LANGUAGES}
        )

    def keys(self, language: str) -> Mapping[str, str]:
        return self._texts[language]

    def say(self, language: str, key: str, **facts: object) -> str:
        """The text `key`, with its facts filled in. Plain text: whoever prints it into HTML escapes it."""
        text = self._texts[language if language in self._texts else FALLBACK][key]
        return text.format(**facts) if "{" in text else text

    def moment(self, language: str, moment: datetime, *, with_time: bool = False) -> str:
        """A date, and the time of day in UTC if wanted: `2026年11月22日 16:30 UTC`, `22 Nov 2026, 16:30 UTC`."""
        at = moment.astimezone(UTC)
        if language == "zh":
            date, clock = f"{at.year}年{at.month}月{at.day}日", f" {at:%H:%M} UTC"
        else:
            date, clock = f"{at.day} {_MONTHS[at.month - 1]} {at.year}", f", {at:%H:%M} UTC"
        return date + clock if with_time else date


def _flat(source: str) -> dict[str, str]:
    """`[section]` and `key` as `section.key`."""
    flat: dict[str, str] = {}
    for section, entries in tomllib.loads(source).items():
        for key, text in entries.items():
            if not isinstance(text, str):
                raise TypeError(f"{section}.{key} is not a text")
            flat[f"{section}.{key}"] = text
    return flat
