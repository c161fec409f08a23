"""Products → offer cards: what is for sale for a lesson, a course, the school.

The cheapest purchase comes first, subscriptions after the purchases, then teams: neither a month's rate nor a seat's is a price to
compare with one paid once. What can be tried for nothing comes last; it is no price at all. A product that is no longer sold makes no card, though it still opens what it opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gatekeeper.contract import routes
from gatekeeper.contract.products import ProductKind
from generator.access.edition import Edition
from generator.catalogue.model import Language, Product, in_language
from generator.site import money

Offer = dict[str, object]  # the `offer` of the page meta: written into front matter as it is


class Offers:
    """The cards of one edition. gatekeeper_url: origin without a final slash, or "".

    opens: product → how many published lessons it opens, where the edition is only a part of the school.
    """

    def __init__(self, edition: Edition, gatekeeper_url: str, opens: Mapping[str, int] | None = None) -> None:
        self._products = edition.school.products
        self._gatekeeper = gatekeeper_url
        self._opens = opened_lessons(edition) if opens is None else opens

    def of(self, products: Iterable[str], language: Language, lesson: str | None = None) -> list[Offer]:
        """Cards for those of `products` that are sold, cheapest first. lesson: where the buyer goes back to."""
        sold = [self._products[id_] for id_ in products if id_ in self._products]
        return [
            self._card(product, language, lesson)
            for product in sorted((p for p in sold if p.active), key=lambda p: _order(p, language))
        ]

    def wholesale(self, language: Language) -> list[Offer]:
        """Cards for what the school sells beside single courses."""
        return self.of(
            (
                id_
                for id_, product in self._products.items()
                if product.kind != ProductKind.COURSE and not product.is_trial
            ),
            language,
        )

    def from_price(self, products: Iterable[str], language: Language) -> str | None:
        """The cheapest purchase's price as text, or a subscription's when nothing is sold otherwise."""
        cards = self.of(products, language)
        for card in cards:
            prices = card["prices"]
            if isinstance(prices, list) and prices:
                return str(prices[0]["text"])
        return None

    def _card(self, product: Product, language: Language, lesson: str | None) -> Offer:
        card: Offer = {
            "product": product.id,
            "kind": product.kind,
            "title": in_language(product.title, language),
            "summary": in_language(product.summary, language),
            "includes": list(product.includes.get(language) or next(iter(product.includes.values()), ())),
            "prices": [
                {
                    "currency": currency,
                    "amount_minor": amount,
                    "text": money.price_text(amount, currency, language),
                }
                for currency, amount in money.ordered(product.prices, language)
            ],
            "lessons": self._opens[product.id],
            "refund_days": product.refund_days,
            "buy": self._gatekeeper + routes.buy_path(product.id, lesson),
        }
        if product.interval:
            card["interval"] = product.interval
        if product.seats is not None:
            card["seats"] = {"min": product.seats.least, "max": product.seats.most}
        if product.days is not None:
            card["days"] = product.days
        return card


def opened_lessons(edition: Edition) -> dict[str, int]:
    """Product → how many published lessons it opens."""
    opened = Counter(
        product for course in edition.courses for lesson in course.lessons for product in lesson.products
    )
    return {product: opened[product] for product in edition.school.products}


def _order(product: Product, language: Language) -> tuple[int, bool, int, str]:
    home, amount = next(iter(money.ordered(product.prices, language)), ("", 0))
    rank = 3 if product.is_trial else 2 if product.seats is not None else int(product.interval is not None)
    return rank, not money.is_home(home, language), amount, product.id
