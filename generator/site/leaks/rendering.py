"""Public Markdown as the site's own extensions render it: the last word on whether a phrase is public anyway.

`prose` guesses how Markdown reads; where its guess differs from the renderer, a public phrase would look like a private one.
Rendering is slow, so only suspicious lessons get here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from markdown import Markdown
from mkdocs.config.base import Config
from mkdocs.config.config_options import MarkdownExtensions, Private
from mkdocs.utils.yaml import yaml_load

from generator.site.leaks.markup import decode_entities, without_tags


class _Extensions(Config):  # type: ignore[no-untyped-call]  # MkDocs leaves __init_subclass__ untyped
    markdown_extensions = MarkdownExtensions(builtins=["toc", "tables", "fenced_code"])
    mdx_configs = Private[dict[str, dict[str, object]]]()


def renderer(settings: Path) -> Callable[[str], str]:
    """A function Markdown → the text that is shown. settings: the mkdocs.yml whose extensions are used."""
    with settings.open("rb") as file:
        raw = yaml_load(file) or {}
    config = _Extensions()
    config.load_dict({"markdown_extensions": raw.get("markdown_extensions", [])})
    config.validate()
    markdown = Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs or {})

    def render(text: str) -> str:
        return decode_entities(without_tags(markdown.reset().convert(text)))

    return render
