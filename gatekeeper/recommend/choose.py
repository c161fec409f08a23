"""Which lessons an account sees, and which product fits: from what is owned, nothing else. Pure.

- What the lists of the owned products agree on comes first, a product after the other in turn; then what is popular.
- A lesson that the reader can open is no less worth reading, but its products are not offered again.
- Not more than half of the list is of one course while others have something to offer.
- The product that fits opens most of the lessons that the reader cannot open yet, two at least; of equal ones the one that opens fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from gatekeeper.contract.manifest import Manifest
from gatekeeper.recommend.school import Suggestion, Suggestions

SHOWN = 4
LEAST_OPENED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """fits: a product's id and how many of the suggested lessons it opens."""

    suggestions: tuple[Suggestion, ...]
    fits: tuple[str, int] | None


def choose(found: Suggestions, manifest: Manifest, owned: Collection[str]) -> Choice:
    """owned: ids of the products that are open to the reader now."""
    listed = [one for one in _in_turn(found, owned) if one.lesson in manifest.lessons]
    chosen = _spread(listed, manifest)
    return Choice(suggestions=tuple(chosen), fits=_fitting(chosen, manifest, owned))


def _in_turn(found: Suggestions, owned: Collection[str]) -> Iterator[Suggestion]:
    seen: set[str] = set()
    lists = [found.owners[product] for product in sorted(owned) if product in found.owners]
    for one in chain(chain.from_iterable(zip_longest(*lists)), found.popular):
        if one is not None and one.lesson not in seen:
            seen.add(one.lesson)
            yield one


def _spread(ranked: Sequence[Suggestion], manifest: Manifest) -> list[Suggestion]:
    counts: Counter[str] = Counter()
    chosen: list[Suggestion] = []
    for one in ranked:
        course = manifest.lessons[one.lesson].course
        if len(chosen) < SHOWN and counts[course] < SHOWN // 2:
            counts[course] += 1
            chosen.append(one)
    rest = [one for one in ranked if one not in chosen]
    return chosen + rest[: SHOWN - len(chosen)]


def _fitting(
    chosen: Sequence[Suggestion], manifest: Manifest, owned: Collection[str]
) -> tuple[str, int] | None:
    opened: Counter[str] = Counter()
    for one in chosen:
        products = set(manifest.lessons[one.lesson].access.products)
        if not products & set(owned):
            opened.update(product for product in products if _is_sold(manifest, product))
    if not opened:
        return None
    opens = Counter(product for lesson in manifest.lessons.values() for product in lesson.access.products)
    best = min(opened, key=lambda id_: (-opened[id_], opens[id_], id_))
    return (best, opened[best]) if opened[best] >= LEAST_OPENED else None


def _is_sold(manifest: Manifest, product: str) -> bool:
    return product in manifest.products and manifest.products[product].active
