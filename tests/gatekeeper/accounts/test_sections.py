"""Sections that rooms add to the account page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import Markup

from gatekeeper.accounts import sections
from gatekeeper.accounts.sections import Section
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as shop:
        yield shop


def test_sections_stand_in_their_order_and_know_the_reader(shop: Shop) -> None:
    def named(word: str) -> sections.Render:
        return lambda who, _connection: Markup("<section>{} {}</section>").format(word, who.reader.email)

    sections.add(shop.app, Section(key="late", order=900, render=named("second")))
    sections.add(shop.app, Section(key="early", order=1, render=named("first")))
    sections.add(shop.app, Section(key="silent", order=500, render=lambda _who, _connection: Markup()))
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    text = reader.get("/account").text
    assert 0 < text.index("first ada@example.org") < text.index("second ada@example.org")


def test_two_sections_cannot_have_one_key() -> None:
    app = Flask(__name__)
    section = Section(key="twice", order=1, render=lambda _who, _connection: Markup())
    sections.add(app, section)
    with pytest.raises(ValueError, match="twice"):
        sections.add(app, section)
