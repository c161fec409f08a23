"""Which lessons an account sees, and which product fits: from what is owned and the page's language, nothing else. Pure.

- What the lists of the owned products agree on comes first, a product after the other in turn; then what is popular.
- A lesson that the reader can open is no less worth reading, but its products are not offered again.
- Lessons in the reader's languages (the page's, and those of owned products that open one language alone) come before all others; where the lists have too few of
  them, the courses in these languages are named by their first lessons. Only then come other languages.
- Not more than half of the list is of one course while others have something to offer.
- The product that fits opens most of the lessons that the reader cannot open yet, two at least; of equal ones the one that opens fewer. A trial is
  no price and a team is not for one reader: neither is offered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from gatekeeper.contract.manifest import Manifest
from gatekeeper.contract.products import ProductKind
from gatekeeper.recommend.school import Suggestion, Suggestions

SHOWN = 4
LEAST_OPENED = 2
_NOT_OFFERED = (ProductKind.TRIAL, ProductKind.TEAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """fits: a product's id and how many of the suggested lessons it opens."""

    suggestions: tuple[Suggestion, ...]
    fits: tuple[str, int] | None


def choose(found: Suggestions, manifest: Manifest, owned: Collection[str], language: str) -> Choice:
    """owned: ids of the products that are open to the reader now. language: the page's."""
    languages = {language} | _languages(manifest, owned)

    def is_own(one: Suggestion) -> bool:
        return manifest.courses[manifest.lessons[one.lesson].course].language in languages

    listed = [one for one in _in_turn(found, owned) if one.lesson in manifest.lessons]
    named = {one.lesson for one in listed}
    starts = [one for one in found.starts if one.lesson in manifest.lessons and one.lesson not in named]
    chosen = _spread([one for one in (*listed, *starts) if is_own(one)], manifest, SHOWN)
    chosen += _spread([one for one in listed if not is_own(one)], manifest, SHOWN - len(chosen))
    return Choice(suggestions=tuple(chosen), fits=_fitting(chosen, manifest, owned))


def _languages(manifest: Manifest, owned: Collection[str]) -> set[str]:
    """What is bought in one language is read in it; a subscription to the whole school says nothing."""
    found: dict[str, set[str]] = {product: set() for product in owned}
    for lesson in manifest.lessons.values() if found else ():
        for product in found.keys() & lesson.access.products:
            found[product].add(manifest.courses[lesson.course].language)
    return {next(iter(languages)) for languages in found.values() if len(languages) == 1}


def _in_turn(found: Suggestions, owned: Collection[str]) -> Iterator[Suggestion]:
    seen: set[str] = set()
    lists = [found.owners[product] for product in sorted(owned) if product in found.owners]
    for one in chain(chain.from_iterable(zip_longest(*lists)), found.popular):
        if one is not None and one.lesson not in seen:
            seen.add(one.lesson)
            yield one


def _spread(ranked: Sequence[Suggestion], manifest: Manifest, length: int) -> list[Suggestion]:
    counts: Counter[str] = Counter()
    chosen: list[Suggestion] = []
    for one in ranked:
        course = manifest.lessons[one.lesson].course
        if len(chosen) < length and counts[course] < SHOWN // 2:
            counts[course] += 1
            chosen.append(one)
    rest = [one for one in ranked if one not in chosen]
    return chosen + rest[: length - len(chosen)]


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
    entry = manifest.products.get(product)
    return entry is not None and entry.active and bool(entry.prices) and entry.kind not in _NOT_OFFERED
