"""Products, and which of them open a paid lesson.

What opens a lesson is said by the lesson's own `products`, else by the course's, else by every product whose grants hold the
course, the lesson or `*`. A trial opens the lessons it names, whatever these say, and nothing else. The answer is always in the order
of school.yml. A paid lesson that nothing but a trial opens is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gatekeeper.contract.products import GRACE_DAYS, ProductKind, Seats
from generator.catalogue import kinds
from generator.catalogue.document import Document
from generator.catalogue.fields import SchoolFields
from generator.catalogue.findings import Findings, did_you_mean
from generator.catalogue.model import LocalText, Product

EVERYTHING = kinds.EVERYTHING


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
        kinds.check(entry, document, index, findings)
        is_once = entry.interval is None and entry.kind not in {ProductKind.TRIAL, ProductKind.TEAM}
        found[entry.id] = Product(
            id=entry.id,
            kind=entry.kind.value,
            title=frozen(entry.title),
            summary=frozen(entry.summary),
            includes=MappingProxyType({language: tuple(lines) for language, lines in entry.includes.items()}),
            grants=tuple(dict.fromkeys(entry.grants)) or kinds.grants_unless_said(entry),
            prices=MappingProxyType(dict(entry.prices)),
            interval=entry.interval,
            refund_days=entry.refund_days,
            active=entry.active,
            grace_days=GRACE_DAYS if entry.grace_days is None else entry.grace_days,
            seats=None if entry.seats is None else Seats(least=entry.seats.min, most=entry.seats.max),
            giftable=is_once if entry.giftable is None else entry.giftable,
            days=entry.days,
        )
    return found


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
        self._trials: dict[str, set[str]] = {}
        self._sold = {id_ for id_, product in products.items() if not product.is_trial}
        for product in products.values():
            for grant in product.grants:
                opening = self._trials if product.is_trial else self._by_grant
                opening.setdefault(grant, set()).add(product.id)

    def of(self, course: str, lesson: str) -> tuple[str, ...]:
        return self.sorted(
            self._by_grant.get(EVERYTHING, set())
            | self._by_grant.get(course, set())
            | self._by_grant.get(lesson, set())
        )

    def with_trials(self, lesson: str, products: Sequence[str]) -> tuple[str, ...]:
        """The products that open a paid lesson, and the trials of it."""
        return self.sorted({*products, *self._trials.get(lesson, ())})

    def sorted(self, products: Sequence[str] | set[str]) -> tuple[str, ...]:
        return tuple(sorted(set(products), key=lambda id_: self._order.get(id_, len(self._order))))

    def known(
        self, chosen: Sequence[str] | None, document: Document, findings: Findings
    ) -> tuple[str, ...] | None:
        """The explicit `products` of a file, in school order; None when it gives none. Unknown ones are reported."""
        if chosen is None:
            return None
        for index, id_ in enumerate(chosen):
            if id_ in self._order and id_ not in self._sold:
                findings.error(
                    document.path,
                    document.line("products", index),
                    f"'{id_}' is a trial, which opens the lessons that it grants and no others",
                    "take it out here, or name the lesson in the trial's 'grants'",
                )
            elif id_ not in self._order and self.complete:
                findings.error(
                    document.path,
                    document.line("products", index),
                    f"there is no product '{id_}'",
                    did_you_mean(id_, self._order, otherwise="products are listed in school.yml"),
                )
        return self.sorted([id_ for id_ in chosen if id_ in self._sold])
