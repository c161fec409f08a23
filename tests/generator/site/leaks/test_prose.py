"""How Markdown reads without rendering it."""

from __future__ import annotations

import pytest

from generator.site.leaks import prose
from generator.site.leaks.words import words


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("see [the docs](https://example.org/a_(b) \"Title\") now", "see the docs now"),
        ("see [the docs][ref] now\n\n[ref]: https://example.org/x", "see the docs now"),
        ("a note[^1] here", "a note here"),
        ("# Heading { #anchor .wide }", "heading"),
        ("![a lamp](lamp.svg) shines", "shines"),
        ("<span class=\"x\">word</span> <!-- not shown\nat all --> end", "word end"),
        ("1. first\n2. second\n- [x] third", "first second third"),
        ("!!! note inline \"Mind this\"\n    text", "mind this text"),
        ("=== \"Tab one\"\n\n    text", "tab one text"),
        ("/// tip | Mind this\ntext\n///", "mind this text"),
        ("```rust,ignore title=\"src/main.rs\"\nlet v: Vec<T> = x;\n```\nend", "src main rs let v vec t x end"),
        ("use `Vec<T>` and <b>bold</b>", "use vec t and bold"),
        ("~~~~ text\n```\n[not](a link)\n~~~~\nend", "not a link end"),
        ("a &lt;b&gt; &amp; c", "a b c"),
        ("open fence\n```\ncode [x](y)", "open fence code x y"),
    ],
)  # fmt: skip
def test_only_what_shows_is_read(markdown: str, shown: str) -> None:
    assert " ".join(words(prose.plain(markdown))) == shown


def test_the_source_itself_is_a_reading_too() -> None:
    assert next(iter(prose.readings("[a](b)"))) == "[a](b)"


def test_code_that_holds_markup_is_also_read_without_it() -> None:
    """A search index escapes it, and undoing that twice takes the tags away."""
    source = "```\n<b>INFO</b> watching &apos;home&apos;\n```"
    assert words(list(prose.readings(source))[-1]) == ["info", "watching", "home"]
