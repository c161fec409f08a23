"""A heading's id: its text in lower case, spaces as dashes, letters of every script kept, as GitHub and mdBook make it.

Named in mkdocs.yml. Unlike pymdownx's own, which takes `Vec<T>` for a tag, it keeps the T: links written for mdBook find `vect`.
"""

from __future__ import annotations

import re
import unicodedata

_DROPPED = re.compile(r"[^\w\- ]")


def slugify(text: str, separator: str) -> str:
    """text: without markup, entities decoded."""
    kept = _DROPPED.sub("", unicodedata.normalize("NFC", text)).strip().lower()
    return kept.replace(" ", separator)
