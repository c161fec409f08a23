"""`:material-lock:` → the icon itself, in the page; `:smile:` → the character. Nothing is fetched from anywhere.

Named in mkdocs.yml as the emoji extension's generator; Material's own would put a CDN's pictures on the page.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from markdown import Markdown
from material.extensions import emoji


def in_page(
    index: str,
    shortname: str,
    alias: str,
    uc: str | None,
    alt: str,
    title: str,
    category: str,
    options: dict[str, object],
    md: Markdown,
) -> Element | str:
    """The signature is pymdownx.emoji's. uc: the character's code points, None for an icon; alt: the character itself."""
    if uc:
        return str(md.htmlStash.store(alt))
    icon: Element = emoji.to_svg(index, shortname, alias, uc, alt, title, category, options, md)
    return icon
