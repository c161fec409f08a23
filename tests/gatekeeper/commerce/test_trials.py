"""A free trial: lessons of a paid course for nothing, once for each reader."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.commerce import trials
from gatekeeper.contract.access import products_rule
from gatekeeper.contract.manifest import ProductEntry
from tests.support.shop import SITE, Browser, Shop, visible

TRIAL = "/buy/rust-taste?lesson=rust/traits"


@pytest.fixture
def reader(shop: Shop) -> Browser:
    """Signed in, where one lesson can be tried for 14 days."""
    manifest = shop.library.manifest
    lesson = manifest.lessons["rust/traits"]
    tried = replace(lesson, access=products_rule([*lesson.access.products, "rust-taste"]))
    taste = ProductEntry(
        kind="trial", title={"en": "Try Rust"}, grants=("rust/traits",), prices={}, days=14, giftable=False
    )
    shop.library.manifest = replace(
        manifest,
        lessons={**manifest.lessons, "rust/traits": tried},
        products={
            **manifest.products,
            "rust-taste": taste,
            "over": replace(taste, active=False),
        },
    )
    signed_in = shop.browser()
    signed_in.sign_in("ada@example.org")
    return signed_in


def test_a_trial_opens_its_lesson_for_its_days_and_then_ends_for_good(shop: Shop, reader: Browser) -> None:
    page = visible(reader.get(TRIAL))
    assert all(fact in page for fact in ("Try Rust", "14 days", "Once for each reader", "nothing is charged"))
    opened = reader.post(TRIAL, {}, form=TRIAL)
    assert "open to you until 6 Dec 2026" in visible(opened)
    assert f'href="{SITE}rust/traits/"' in opened.text
    end = int(shop.clock().timestamp()) + 14 * 86400
    assert shop.owned("ada@example.org").ends == {"rust-taste": end}
    shop.clock.advance(days=14)
    assert "Your trial has ended" in visible(reader.get(TRIAL))
    reader.post(TRIAL, {}, form="/account")
    assert shop.owned("ada@example.org").ends == {}
    with shop.database.read() as connection:
        assert not trials.is_taken(connection, "rust-taste", reader="somebody else")


def test_a_trial_is_no_purchase_and_needs_an_account(shop: Shop, reader: Browser) -> None:
    stranger = shop.browser()
    answer = stranger.get(TRIAL)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=%2Fbuy%2Frust-taste")
    assert reader.get("/buy/over").status_code == 404
    reader.buy("rust")
    assert "You own this already" in visible(reader.get(TRIAL))
