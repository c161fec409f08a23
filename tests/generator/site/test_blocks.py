from __future__ import annotations

import pytest

from generator.site import blocks


def live(text: str) -> str:
    return blocks.read(text).live


@pytest.mark.parametrize(
    "text",
    [
        "text\n\n```md\nHERE\n```\n",
        "text\n\n~~~~\n```\nHERE\n~~~~\n",
        '=== "Tab"\n\n    ```md\n    HERE\n    ```\n',
        "> ```\n> HERE\n> ```\n",
        "a `HERE` b\n",
        "a ``x ` HERE`` b\n",
        "a `two\nHERE` lines\n",
        "text\n\n    HERE\n",
        "text\n\n\tHERE\n",
        "- item\n\n        HERE\n",
        "<!-- HERE -->\n",
        "<pre>\nHERE\n</pre>\n",
        "<script>\n\nHERE\n</script>\n",
    ],
)
def test_code_and_comments_are_not_live(text: str) -> None:
    read = live(text)
    assert "HERE" not in read
    assert len(read) == len(text)
    assert read.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "HERE\n",
        "text\n    HERE, lazily indented\n",
        "- item\n\n    HERE\n",
        "- item\n    - inner\n\n        HERE\n",
        '!!! tip "Title"\n    HERE\n',
        "!!! tip\n\n    text\n\n    HERE\n",
        '??? note "Title"\n\n    text\n\n    !!! tip\n\n        HERE\n',
        '=== "Tab"\n\n    HERE\n',
        "/// tip | Title\nHERE\n///\n",
        "[^1]: note\n\n    HERE\n",
        "Term\n:   text\n\n    HERE\n",
        "```md\nno end\n\nHERE\n",
        "a ` stray HERE\n",
        "```\ncode\n```\nHERE\n",
        "````\n```\n````\nHERE\n",
        "1. one\n\n    ```\n    code\n    ```\n\n    HERE\n",
    ],
)
def test_text_is_live_in_every_container(text: str) -> None:
    assert "HERE" in live(text)


def test_a_paragraph_after_a_list_ends_the_list() -> None:
    assert "HERE" not in live("- item\n\nparagraph\n\n    HERE\n")


def test_the_header_of_each_fence_is_found() -> None:
    text = '```rust,ignore\nx\n```\n\n    ```python title="a"\n    y\n    ```\n'
    found = [text[fence.info_start : fence.info_end] for fence in blocks.read("- l\n\n" + text).fences]
    assert len(found) == 2
    headers = [("- l\n\n" + text)[f.info_start : f.info_end] for f in blocks.read("- l\n\n" + text).fences]
    assert headers == ["rust,ignore", 'python title="a"']
