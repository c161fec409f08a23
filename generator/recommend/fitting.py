"""Which product fits: the one that opens most of what is recommended. Ties go to the one that opens fewer lessons of the school.

A whole-school subscription opens whatever is recommended, so of products that open as many of the list the smaller one fits better, and
of equal ones the one that stands first in school.yml. A product that opens a single lesson of a list is no news beside that lesson's own offer. A trial is no price, and a team is not for one reader:
neither is offered here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gatekeeper.contract.products import ProductKind
from generator.catalogue.model import Lesson, Product

LEAST = 2


def is_offered(product: Product) -> bool:
    """Whether it may be what fits a reader."""
    return (
        product.active and bool(product.prices) and product.kind not in (ProductKind.TRIAL, ProductKind.TEAM)
    )


def fitting(
    recommended: Iterable[Lesson], products: Mapping[str, Product], opens: Mapping[str, int]
) -> tuple[str, int] | None:
    """The product and how many of the recommended lessons it opens; None when none opens LEAST of them.

    opens: product → how many published lessons it opens.
    """
    opened = Counter(
        product
        for lesson in recommended
        for product in dict.fromkeys(lesson.products)
        if product in products and is_offered(products[product])
    )
    order = {id_: place for place, id_ in enumerate(products)}
    best = min(opened, key=lambda id_: (-opened[id_], opens.get(id_, 0), order[id_]), default=None)
    return None if best is None or opened[best] < LEAST else (best, opened[best])
