"""What a release changes in who may read what, against the one that runs. Pure: two views → a difference.

Rules
- A rule opens an object to anonymous readers, to members, or to the owners of any of some products. One rule loses against another
  when somebody whom it lets in is kept out by the other: free → member → paid, and paid without a product that opened it before.
- A lesson that is no longer there is lost to whoever could read it. A lesson that keeps its id is the same lesson wherever it lies.
- A file that is no longer there is told, but not counted as lost: files are replaced under new names all the time, and the
  lesson that refers to a missing file does not build.
- A reader gains or loses if any object opens or closes to them, whatever else happens to them. Readers without an account are not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.contract.access import PUBLIC, Allowed, Entitlements, Rule, RuleKind, decide
from gatekeeper.contract.manifest import Manifest
from generator.access.edition import Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """lessons: id → rule; titles: id → title. files: path of a private file → rule. public: paths of public files, those of lessons at least.

    grants: product → what it grants, as the author wrote it.
    """

    lessons: Mapping[str, Rule]
    titles: Mapping[str, str]
    files: Mapping[str, Rule]
    public: Collection[str]
    grants: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChange:
    """before, after: `free`, `member`, `paid: <products>`, `nobody`; None where it did not or does not exist."""

    id: str
    title: str
    before: str | None
    after: str | None
    gains: bool
    loses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChange:
    """grants_before, grants_after: None where the product did not or does not exist. opens, closes: ids of lessons, to its owners."""

    id: str
    grants_before: tuple[str, ...] | None
    grants_after: tuple[str, ...] | None
    opens: tuple[str, ...]
    closes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadersAffected:
    """Of `readers` accounts, so many can read something afterwards that they could not before, and the other way round."""

    readers: int
    gain: int
    lose: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """So many readers own exactly these products now; without products: they only have an account."""

    products: frozenset[str]
    readers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDiff:
    """against: what it is compared with, in words. readers: None if the gatekeeper's figures could not be had; readers_note: why."""

    against: str
    lessons: tuple[AccessChange, ...] = ()
    files: tuple[AccessChange, ...] = ()
    products: tuple[ProductChange, ...] = ()
    readers: ReadersAffected | None = None
    readers_note: str = field(default="")

    @property
    def losses(self) -> tuple[str, ...]:
        """Ids of the lessons and paths of the files that somebody can no longer read."""
        return tuple(change.id for change in (*self.lessons, *self.files) if change.loses)

    @property
    def is_empty(self) -> bool:
        return not (self.lessons or self.files or self.products)


NOTHING = AccessView(lessons={}, titles={}, files={}, public=(), grants={})


def view_of_manifest(whole: Manifest, public: Collection[str]) -> AccessView:
    """public: the paths of the release's public files."""
    return AccessView(
        lessons={id_: lesson.access for id_, lesson in whole.lessons.items()},
        titles={id_: lesson.title for id_, lesson in whole.lessons.items()},
        files={path: entry.access for path, entry in whole.files.items()},
        public=frozenset(public),
        grants={id_: product.grants for id_, product in whole.products.items()},
    )


def view_of_edition(edition: Edition) -> AccessView:
    return AccessView(
        lessons={id_: lesson.rule for id_, lesson in edition.lessons.items()},
        titles={id_: lesson.lesson.title for id_, lesson in edition.lessons.items()},
        files={path.as_posix(): rule for path, rule in edition.private_files.items()},
        public=frozenset(path.as_posix() for path in edition.public_files),
        grants={id_: product.grants for id_, product in edition.school.products.items()},
    )


def access_diff(
    before: AccessView,
    after: AccessView,
    *,
    against: str,
    owners: Sequence[Owners] | None = None,
    note: str = "",
) -> AccessDiff:
    """owners: every reader once, by what they own; None if nobody could say, and then `note` says why."""
    titles = {**before.titles, **after.titles}
    rules = [
        (id_, before.lessons.get(id_), after.lessons.get(id_))
        for id_ in _sorted(before.lessons, after.lessons)
    ]
    lessons = [
        AccessChange(
            id=id_,
            title=titles[id_],
            before=_label(old),
            after=_label(new),
            gains=_loses(new, old),
            loses=_loses(old, new),
        )
        for id_, old, new in rules
        if old != new
    ]
    file_rules = [
        (path, _file_rule(before, path), _file_rule(after, path))
        for path in _sorted(before.files, after.files)
    ]
    files = [
        AccessChange(
            id=path,
            title="",
            before=_label(old),
            after=_label(new),
            gains=_loses(new, old),
            loses=new is not None and _loses(old, new),
        )
        for path, old, new in file_rules
        if old != new
    ]
    moved = [(old, new) for _, old, new in rules if old != new]
    moved += [(old, new) for _, old, new in file_rules if old != new and new is not None]
    return AccessDiff(
        against=against,
        lessons=tuple(lessons),
        files=tuple(files),
        products=_products(before, after),
        readers=None if owners is None else _affected(owners, moved),
        readers_note=note,
    )


def _products(before: AccessView, after: AccessView) -> tuple[ProductChange, ...]:
    changes = []
    for id_ in _sorted(before.grants, after.grants):
        opens = tuple(
            lesson
            for lesson, rule in sorted(after.lessons.items())
            if id_ in rule.products and not _opened_by(before.lessons.get(lesson), id_)
        )
        closes = tuple(
            lesson
            for lesson, rule in sorted(before.lessons.items())
            if id_ in rule.products and not _opened_by(after.lessons.get(lesson), id_)
        )
        old, new = before.grants.get(id_), after.grants.get(id_)
        if opens or closes or old is None or new is None or set(old) != set(new):
            changes.append(
                ProductChange(id=id_, grants_before=old, grants_after=new, opens=opens, closes=closes)
            )
    return tuple(changes)


def _affected(owners: Sequence[Owners], moved: Sequence[tuple[Rule | None, Rule | None]]) -> ReadersAffected:
    gain = lose = 0
    for group in owners:
        had = [(_allows(old, group.products), _allows(new, group.products)) for old, new in moved]
        gain += group.readers if any(now and not then for then, now in had) else 0
        lose += group.readers if any(then and not now for then, now in had) else 0
    return ReadersAffected(readers=sum(group.readers for group in owners), gain=gain, lose=lose)


def _file_rule(view: AccessView, path: str) -> Rule | None:
    return view.files.get(path) or (PUBLIC if path in view.public else None)


def _loses(old: Rule | None, new: Rule | None) -> bool:
    """Whether somebody whom `old` lets in is kept out by `new`; None lets nobody in."""
    if old is None or old.kind is RuleKind.NOBODY:
        return False
    if old.kind is RuleKind.PUBLIC:
        return new is None or new.kind is not RuleKind.PUBLIC
    if old.kind is RuleKind.MEMBER:
        return not _allows(new, frozenset())
    return any(not _opened_by(new, product) for product in old.products)


def _opened_by(rule: Rule | None, product: str) -> bool:
    return _allows(rule, frozenset({product}))


def _allows(rule: Rule | None, products: frozenset[str]) -> bool:
    """Whether a reader with an account and these products is let in."""
    if rule is None:
        return False
    owned = Entitlements(reader="", products=dict.fromkeys(products))
    return isinstance(decide(rule, owned, 0), Allowed)


def _label(rule: Rule | None) -> str | None:
    if rule is None:
        return None
    if rule.kind is RuleKind.PRODUCTS:
        return "paid: " + ", ".join(sorted(rule.products))
    return "free" if rule.kind is RuleKind.PUBLIC else rule.kind.value


def _sorted(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return sorted({*one, *other})
