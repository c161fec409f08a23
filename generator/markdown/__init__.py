"""Python-Markdown with the same results at less cost, for whoever asks it thousands of times.

signs        which signs a text must hold for a pattern to match
inline       passes over inline patterns that cannot match
block_level  passes over block processors that cannot apply
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown import Markdown

__all__ = ["hasten"]


def hasten(md: Markdown) -> None:
    """Let `md`, with all its extensions in place, pass over what cannot match."""
    from generator.markdown import block_level, inline

    inline.hasten(md)
    block_level.hasten(md)
