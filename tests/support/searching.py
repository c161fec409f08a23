"""The search stage for a site that a test has built, and Material's search put into a school's settings."""

from __future__ import annotations

import hashlib
from pathlib import Path

from generator.site.search import SearchReport, build_index

HOUSE = Path(__file__).resolve().parents[2]
MATERIALS_SEARCH = r"""plugins:
  search:
    lang: [en, zh]
    separator: '[\s\u200b\u3000\-_,:!?=()\[\]"`/，。、：；！？（）《》“”‘’…—]+|\.(?!\d)|&[lg]t;'
    pipeline: [stopWordFilter]
  tags:
    export: false
"""


def digests(site: Path) -> dict[str, str]:
    """Every HTML page of a site → SHA-256 of its bytes."""
    return {
        path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(site.rglob("*.html"))
    }


def index_site(site: Path, cache: Path) -> SearchReport:
    return build_index(site, digests(site), cache=cache)


def settings_with_materials_search() -> str:
    """The house's mkdocs.yml as a school keeps it that wants Material's search."""
    text = (HOUSE / "mkdocs.yml").read_text("utf-8")
    start = text.index("plugins:")
    end = text.index("validation:")
    return text[:start] + MATERIALS_SEARCH + "\n" + text[end:]
