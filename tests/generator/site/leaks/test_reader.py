"""How a public page is read: in one run where the author's words run on, cut where the theme's locked section begins."""

from __future__ import annotations

import pytest

from generator.site.leaks.containers import Leaf
from generator.site.leaks.reader import Reader
from generator.site.leaks.words import Vocabulary

PRIVATE = "one two three four five six seven eight"


def windows_in(page: str) -> int:
    vocabulary = Vocabulary()
    vocabulary.learn(PRIVATE)
    vocabulary.close()
    numbers, _ = Reader(vocabulary).read(Leaf(name="index.html", data=page.encode(), is_file=True))
    return len(vocabulary.windows(numbers))


@pytest.mark.parametrize(
    "page",
    [
        "<p>one two three four</p>\n<p>five six seven eight</p>",
        "<p>one two three four</p>\n\n  \n\t\n<ul>\n\n<li>five six</li>\n\n\n<li>seven eight</li></ul>",
        '<section class="lyceum-part"><p>one two three four</p>\n<p>five six seven eight</p></section>',
    ],
    ids=["two paragraphs", "blank lines between", "inside the locked section"],
)
def test_a_phrase_is_found_across_tags_and_blank_lines(page: str) -> None:
    assert windows_in(page) == 1


def test_no_phrase_runs_from_the_lead_in_into_the_locked_section() -> None:
    """The end of a public lead-in and the theme's own words after it are nobody's private phrase."""
    page = '<p>one two three four</p>\n<section class="lyceum-part"><p>five six seven eight</p></section>'
    assert windows_in(page) == 0
