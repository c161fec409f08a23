"""Products, and which of them open a paid lesson.

What opens a lesson is said by the lesson's own `products`, else by the course's, else by every product whose grants hold the
course, the lesson or `*`. The answer is always in the order of school.yml. A paid lesson that nothing opens is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from generator.catalogue.document import Document
from generator.catalogue.fields import ProductFields, SchoolFields
from generator.catalogue.findings import Findings, did_you_mean
from generator.catalogue.model import LocalText, Product

EVERYTHING = "*"


def products(fields: SchoolFields, document: Document, findings: Findings) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for index, entry in enumerate(fields.products):
        line = document.line("products", index, "id")
        if entry.id in found:
            findings.error(
                document.path, line, f"the product id '{entry.id}' is given twice", "ids are never used again"
            )
            continue
        if "/" in entry.id:
            findings.error(document.path, line, f"the product id '{entry.id}' holds a '/'", "use '-'")
        if (entry.kind == "subscription") != (entry.interval is not None):
            _wrong_interval(entry, document, index, findings)
        found[entry.id] = Product(
            id=entry.id,
            kind=entry.kind,
            title=frozen(entry.title),
            summary=frozen(entry.summary),
            includes=MappingProxyType({language: tuple(lines) for language, lines in entry.includes.items()}),
            grants=tuple(dict.fromkeys(entry.grants)),
            prices=MappingProxyType(dict(entry.prices)),
            interval=entry.interval,
            refund_days=entry.refund_days,
            active=entry.active,
        )
    return found


def _wrong_interval(entry: ProductFields, document: Document, index: int, findings: Findings) -> None:
    if entry.interval is None:
        line = document.line("products", index, "kind")
        findings.error(
            document.path,
            line,
            f"the subscription '{entry.id}' has no interval",
            "add 'interval: month' or year",
        )
    else:
        line = document.line("products", index, "interval")
        findings.error(
            document.path,
            line,
            f"'{entry.id}' has an interval and is no subscription",
            "add 'kind: subscription'",
        )


def frozen(texts: Mapping[Any, str]) -> LocalText:
    """A text in several languages as the model keeps it."""
    return MappingProxyType(dict(texts))


class Openings:
    """Answers which products open what, from the grants of all of them."""

    def __init__(self, products: Mapping[str, Product], *, complete: bool = True) -> None:
        """complete: False when school.yml could not be read, so that nothing can be said about what is missing."""
        self.complete = complete
        self._order = {id_: place for place, id_ in enumerate(products)}
        self._by_grant: dict[str, set[str]] = {}
        for product in products.values():
            for grant in product.grants:
                self._by_grant.setdefault(grant, set()).add(product.id)

    def of(self, course: str, lesson: str) -> tuple[str, ...]:
        return self.sorted(
            self._by_grant.get(EVERYTHING, set())
            | self._by_grant.get(course, set())
            | self._by_grant.get(lesson, set())
        )

    def sorted(self, products: Sequence[str] | set[str]) -> tuple[str, ...]:
        return tuple(sorted(set(products), key=lambda id_: self._order.get(id_, len(self._order))))

    def known(
        self, chosen: Sequence[str] | None, document: Document, findings: Findings
    ) -> tuple[str, ...] | None:
        """The explicit `products` of a file, in school order; None when it gives none. Unknown ones are reported."""
        if chosen is None:
            return None
        for index, id_ in enumerate(chosen):
            if id_ not in self._order and self.complete:
                findings.error(
                    document.path,
                    document.line("products", index),
                    f"there is no product '{id_}'",
                    did_you_mean(id_, self._order, otherwise="products are listed in school.yml"),
                )
        return self.sorted([id_ for id_ in chosen if id_ in self._order])
