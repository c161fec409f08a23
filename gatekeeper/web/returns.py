"""Where a reader may be sent after signing in: a path of this service, or a page of the school that the manifest lists.

An allow-list, not a block-list (attack cases R01, R02, R04, R06)
- A path starts with one slash; its parts are plain letters, digits and `-._~` or harmless percent-escapes; no empty part, no part that is
  only dots, so nothing can be read as `//host`; a query is plain too; no fragment, no backslash, no control character.
- An absolute address must be, after removing a fragment and decoding once, exactly the school's base address or one of its listed
  pages. What is returned is built from the manifest, not from the text that came in.
Everything else gives None.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from gatekeeper.contract.manifest import Manifest

LONGEST = 2000
# Escapes of control characters, `/` and `\` hide something; no address of ours has them in its path.
_ESCAPE = r"%(?!0|1|2[fF]|5[cC]|7[fF])[0-9A-Fa-f]{2}"
_PART = rf"(?!\.+(?:/|\?|$))(?:[A-Za-z0-9._~-]|{_ESCAPE})+"
_QUERY = r"\?(?:[A-Za-z0-9._~=&+/-]|%(?!0|1|7[fF])[0-9A-Fa-f]{2})*"
_PATH = re.compile(rf"/(?:{_PART}(?:/{_PART})*/?)?(?:{_QUERY})?", re.ASCII)
_FRAGMENT = re.compile(r"[A-Za-z0-9._~%-]{0,300}", re.ASCII)


def return_target(text: str, manifest: Manifest | None) -> str | None:
    """The address to go back to, if `text` is one that is allowed."""
    if not text or len(text) > LONGEST:
        return None
    if _PATH.fullmatch(text):
        return text
    return _page_of_school(text, manifest) if manifest is not None else None


def return_path(text: str) -> str | None:
    """`text` if it is an allowed path of this service."""
    return text if len(text) <= LONGEST and _PATH.fullmatch(text) else None


def _page_of_school(text: str, manifest: Manifest) -> str | None:
    address, hash_sign, fragment = text.partition("#")
    if not _FRAGMENT.fullmatch(fragment) or not address.isascii():
        return None
    wanted = unquote(address)
    pages = [""]
    pages += [course.url for course in manifest.courses.values()]
    pages += [lesson.url for lesson in manifest.lessons.values()]
    for page in pages:
        if unquote(manifest.site + page) == wanted:
            return manifest.site + quote(unquote(page)) + hash_sign + fragment
    return None
