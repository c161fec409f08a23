"""Fenced code is where pymdownx.superfences sees it, for every text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from generator.access.fences import fences, normalized

_LINES = st.sampled_from(
    [
        *(
            "```",
            "~~~",
            "````",
            "```python",
            "``` foo bar",
            "~~~ {.py}",
            '```py title="a" hl_lines="1"',
            "```   ",
            "``` {x=1",
            "```{",
        ),
        *(
            "    ```",
            "  ```",
            "   ~~~",
            "\t```",
            "> ```",
            "> > ```",
            ">  ~~~",
            "> text",
            ">",
            "> > x",
            ">```",
        ),
        *("", "   ", "text", "    text", "  a", "```inline``` x", "` ```", "- ```", "text ```"),
    ]
)


@given(st.lists(_LINES, min_size=1, max_size=12))
@settings(max_examples=1500, deadline=None)
def test_fences_are_where_superfences_sees_them(written: list[str]) -> None:
    lines = normalized("\n".join(written))
    found = fences(lines)
    expected, is_open = _superfences(lines)
    assert [(fence.start, fence.end) for fence in found.found] == expected
    assert (found.unclosed is not None) == is_open


def _superfences(lines: list[str]) -> tuple[list[tuple[int, int]], bool]:
    md = Markdown(
        extensions=["pymdownx.highlight", "pymdownx.superfences"],
        extension_configs={
            "pymdownx.superfences": {"relaxed_headers": True},
            "pymdownx.highlight": {"use_pygments": False},
        },
    )
    processor: Any = md.preprocessors["fenced_code_block"]
    spans: list[tuple[int, int]] = []
    keep = processor.reassemble

    def reassemble(given: list[str]) -> list[str]:
        spans.extend((start, end) for _, start, end in processor.stack)
        result: list[str] = keep(given)
        return result

    processor.reassemble = reassemble
    processor.run(lines)
    return spans, processor.fence is not None


@pytest.mark.parametrize(
    ("text", "spans", "unclosed"),
    [
        ("```\nx\n```", [(0, 3)], None),
        ("```\nx\n~~~\n```", [(0, 4)], None),
        ("````\n```\n````", [(0, 3)], None),
        ("- a\n\n    ```\n    x\n    ```", [(2, 5)], None),
        ("- a\n\n    ```\nout", [], None),
        ("```\nx", [], 0),
        ("```\nx\n```python\ny", [], 0),
        ("> ```\n> x\n> ```", [(0, 3)], None),
    ],
)
def test_fences_of_well_known_shapes(text: str, spans: list[tuple[int, int]], unclosed: int | None) -> None:
    found = fences(normalized(text))
    assert ([(fence.start, fence.end) for fence in found.found], found.unclosed) == (spans, unclosed)
