"""Every letter, in both languages: text and HTML say the same, nothing breaks out of its place, links are ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from gatekeeper.web.texts import LANGUAGES, Texts
from tests.support.letters import LONG, NAMES, PLAIN, sample

FACTS = {"plain": PLAIN, "long": LONG}


class _Words(HTMLParser):
    """The text of a letter's body, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._is_head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._is_head = tag == "head" or (self._is_head and tag != "body")
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        if not self._is_head:
            self.text.append(data)


def words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\s:：>]+", text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("facts", FACTS)
def test_text_and_html_say_the_same(name: str, language: str, facts: str) -> None:
    letter = sample(name, language, FACTS[facts])
    page = _Words()
    page.feed(letter.html)
    shown = " ".join(page.text).replace("Test School & Söhne", "", 1)  # the head of the page
    assert words(shown) == words(letter.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_what_others_wrote_stays_text_and_subjects_are_one_line(name: str, language: str) -> None:
    letter = sample(name, language, LONG)
    page = _Words()
    page.feed(letter.html)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert "\n" not in letter.subject
    assert letter.subject.strip()
    assert "49" not in letter.text.replace("042917", "")
    for link in page.links:
        assert link.startswith("https://gate.example.test/")  # an address of ours, whole
        assert link in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_texts_are_tidy(name: str, language: str) -> None:
    letter = sample(name, language)
    assert "\n\n\n" not in letter.text
    assert letter.text == letter.text.strip("\n") + "\n" or letter.text == letter.text.strip("\n")
    assert all(line == line.rstrip() for line in letter.text.splitlines())
    assert f'lang="{language}"' in letter.html


def test_every_section_of_the_texts_is_a_letter() -> None:
    sections = {key.partition(".")[0] for key in Texts.load().keys("en") if key[:5] == "mail_"}
    assert {f"mail_{name}" for name in NAMES} == sections - {"mail_stop"}
