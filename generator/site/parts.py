"""Private halves → HTML fragments, with the public site's own Markdown configuration and link resolution.

Rendered without any plugin's page hooks: a plugin that collects pages can then never carry private text into a public file
(rule R1).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File
from mkdocs.structure.pages import Page

from generator.errors import Problem, Severity
from generator.site.engine import Engine, listening
from generator.site.fragment import FragmentExtension
from generator.site.stage import Half

_ID = re.compile(r'\sid="([^"]+)"')  # in code the quotes are entities, so this is an element's


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A rendered private half.

    ids: what can be linked to in it. anchors: staged path → fragment → link as staged, for what it links to.
    messages: what MkDocs said about it.
    """

    html: bytes
    ids: frozenset[str]
    anchors: Mapping[str, Mapping[str, str]]
    messages: tuple[str, ...]
    problems: tuple[Problem, ...]


def render(half: Half, engine: Engine, page: Page) -> Part:
    """The half as a fragment for insertion into `page`, the rendered public page of its lesson, by a whole MkDocs build."""
    reserved = frozenset(page.present_anchor_ids or ())
    extension = FragmentExtension(reserved, str(page.title or ""))
    config = copy.copy(engine.config)
    config["markdown_extensions"] = [*engine.config["markdown_extensions"], extension]
    rendered = _page(half, config)
    with listening() as heard:
        rendered.render(config, engine.files)
    ids = frozenset(rendered.present_anchor_ids or ())
    anchors = {
        (half.page if file is rendered.file else file.src_uri): dict(links)
        for file, links in (rendered.links_to_anchors or {}).items()
    }
    return part_of(half, rendered.content or "", ids, anchors, extension, reserved, heard.texts)


def part_of(
    half: Half,
    html: str,
    ids: frozenset[str],
    anchors: Mapping[str, Mapping[str, str]],
    extension: FragmentExtension,
    reserved: frozenset[str],
    messages: Iterable[str],
) -> Part:
    """The part that a rendered half makes. ids: those that MkDocs has seen. reserved: those of the page around it."""
    # MkDocs has seen the elements' ids before they were renamed, the stand-ins, and those of raw HTML.
    raw_ids = ids - extension.ids_before - reserved
    return Part(
        html=f"{html}\n".encode(),
        ids=extension.ids | raw_ids,
        anchors=anchors,
        messages=tuple(messages),
        problems=tuple(
            Problem(
                half.source.as_posix(),
                f"the id {id_!r} stands both before and after the paywall",
                "give one of them another name; links to it lead to the first",
                Severity.WARNING,
            )
            for id_ in sorted({*extension.clashes, *reserved.intersection(_ID.findall(html))})
        ),
    )


def _page(half: Half, config: MkDocsConfig) -> Page:
    """A page of MkDocs that stands where the lesson's stands, but that no collection of pages knows."""
    file = File(
        half.page, src_dir=None, dest_dir=config.site_dir, use_directory_urls=config.use_directory_urls
    )
    file.content_string = half.markdown
    page = Page(None, file, config)
    page.markdown, page.meta = half.markdown, {}
    return page
