"""Why a reader may read a lesson, or why not: from the ledger's lines, one chain for each thing that opens or once opened a product, to
the decision that the gate makes of it.

- The decision is the gate's own (`contract.access.decide`) over what `entitlements` derives; nothing is reckoned here a second time.
- A chain is one order, gift, seat, code, trial or grant with its lines. Its end is said in one sentence: what it opens until when, or what
  ended it. It is read by itself, with the operator's revocations; several chains of one product add up in `owns`.
- People stand here by their ids. The reader may be named by address or id, also by an address or id that was joined with theirs.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from gatekeeper.accounts import readers
from gatekeeper.accounts.address import AddressError, normal_address
from gatekeeper.accounts.life.identities import all_of
from gatekeeper.accounts.readers import Reader
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.commerce import ledger
from gatekeeper.commerce.chains import Chain, chains_of, invitations_of
from gatekeeper.commerce.entitlements import Holding, Owned, State, entitlements
from gatekeeper.commerce.ledger import Entry
from gatekeeper.contract.access import Allowed, Entitlements, Reason, Rule, RuleKind, decide
from gatekeeper.contract.manifest import Manifest
from gatekeeper.errors import GatekeeperError
from gatekeeper.storage.engine import Database

_MOST_NEAR = 3
_MOST_COMPARED = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The way from the ledger to the decision. chains: of the products that the lesson's rule names; because: what they come to.

    joined: ids that were joined with the reader's. near: addresses that look like the one that nobody has.
    """

    lesson: str
    rule: Rule
    reader: Reader | None
    joined: tuple[str, ...]
    near: tuple[str, ...]
    chains: tuple[Chain, ...]
    holdings: tuple[Holding, ...]
    because: tuple[str, ...]
    reason: Reason | None

    @property
    def is_allowed(self) -> bool:
        return self.reason is None

    @property
    def entries(self) -> list[Entry]:
        return sorted((line for chain in self.chains for line in chain.lines), key=lambda line: line.id)

    def lines(self) -> list[str]:
        """For people, a word and a fact a line."""
        products = f" ({' or '.join(sorted(self.rule.products))})" if self.rule.products else ""
        lines = [f"lesson   {self.lesson}: {self.rule.kind.value}{products}"]
        if self.reader is None:
            near = f"; near: {', '.join(self.near)}" if self.near else ""
            lines.append(f"reader   has never signed in{near}")
        else:
            lines.append(f"reader   {self.reader.id}")
            lines += [f"joined   {other}" for other in self.joined]
        for chain in self.chains:
            lines += [f"ledger   {_line(entry)}" for entry in chain.lines]
            lines.append(f"so       {chain.product}: {chain.verdict}")
        for holding in self.holdings:
            end = "for good" if holding.until is None else f"until {holding.until:%Y-%m-%d %H:%M}"
            lines.append(
                f"owns     {holding.product}: {holding.state.value}, {end}, by {', '.join(holding.origins)}"
            )
        lines += [f"because  {sentence}" for sentence in self.because]
        lines.append("decision allowed" if self.is_allowed else f"decision refused: {self.reason}")
        return lines

    def as_json(self) -> dict[str, object]:
        return {
            "lesson": self.lesson,
            "rule": self.rule.kind.value,
            "products": sorted(self.rule.products),
            "reader": self.reader.id if self.reader else None,
            "joined": list(self.joined),
            "near": list(self.near),
            "ledger": [_entry_json(entry) for entry in self.entries],
            "chains": [
                {
                    "product": chain.product,
                    "by": chain.by,
                    "verdict": chain.verdict,
                    "is_open": chain.is_open,
                    "ledger": [entry.id for entry in chain.lines],
                }
                for chain in self.chains
            ],
            "holdings": [
                {
                    "product": holding.product,
                    "state": holding.state.value,
                    "until": holding.until.isoformat() if holding.until else None,
                    "origins": list(holding.origins),
                }
                for holding in self.holdings
            ],
            "because": list(self.because),
            "allowed": self.is_allowed,
            "reason": self.reason.value if self.reason else None,
        }


def why(database: Database, manifest: Manifest, reader: str, lesson: str, *, now: datetime) -> Why:
    """reader: an address or an id. Raises GatekeeperError for a lesson the release does not have, and for a text that is neither."""
    entry = manifest.lessons.get(lesson)
    if entry is None:
        raise GatekeeperError(
            f"there is no lesson {lesson!r}",
            where=f"release {manifest.release}",
            hint=_near_lessons(manifest, lesson),
        )
    with database.read() as connection:
        person = _find(connection, reader)
        entries = ledger.of_reader(connection, person.id) if person is not None else []
        joined = all_of(connection, person.id)[1:] if person is not None else []
        near = _near_readers(connection, reader) if person is None else []
        products = entry.access.products if entry.access.kind is RuleKind.PRODUCTS else frozenset[str]()
        chains = chains_of(connection, entries, products, now=now)
        invited = invitations_of(connection, person, products, now=now) if person is not None else []
    owned = entitlements(entries, now) if person is not None else Owned(holdings={}, pending=())
    known = Entitlements(reader=person.id, products=owned.ends) if person is not None else None
    decision = decide(entry.access, known, int(now.timestamp()))
    return Why(
        lesson=lesson,
        rule=entry.access,
        reader=person,
        joined=tuple(joined),
        near=tuple(near),
        chains=tuple(chains),
        holdings=tuple(holding for id_, holding in owned.holdings.items() if id_ in products),
        because=tuple(_because(manifest, lesson, person, owned, chains, invited)),
        reason=None if isinstance(decision, Allowed) else decision.reason,
    )


def _because(
    manifest: Manifest,
    lesson: str,
    person: Reader | None,
    owned: Owned,
    chains: Sequence[Chain],
    invited: Sequence[str],
) -> list[str]:
    entry = manifest.lessons[lesson]
    if entry.access.kind is RuleKind.PUBLIC:
        return ["the lesson is open to everybody"]
    if entry.access.kind is RuleKind.NOBODY:
        return ["the release's rule for this lesson is not understood, so nobody may read it"]
    if person is None:
        return ["nobody with this address has signed in or been given anything"]
    if entry.access.kind is RuleKind.MEMBER:
        return ["the lesson is open to everybody who is signed in"]
    opened = [chain for chain in chains if chain.is_open]
    if opened:
        return [f"{chain.product} opens this lesson: {chain.verdict}" for chain in opened]
    by_product: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        by_product[chain.product].append(chain.verdict)
    found = [f"{product}: {'; '.join(verdicts)}" for product, verdicts in sorted(by_product.items())]
    never = sorted(entry.access.products - set(by_product))
    if never:
        found.append(f"never had: {', '.join(never)}")
    found += invited
    for product in owned.pending:
        if product in entry.access.products:
            found.append(f"{product}: a payment is under way")
    for product, holding in owned.holdings.items():
        if holding.state is State.ACTIVE and product not in entry.access.products:
            found.append(_does_not_open(manifest, product, lesson))
    return found


def _does_not_open(manifest: Manifest, product: str, lesson: str) -> str:
    course = manifest.lessons[lesson].course
    entry = manifest.products.get(product)
    if entry is None:
        return f"owns {product}, which is in no product list of release {manifest.release} any more"
    if {"*", course, lesson} & set(entry.grants):
        return (
            f"owns {product}, whose grants name this lesson, but the lesson's own rule names other products"
        )
    return f"owns {product}, which does not open this lesson in release {manifest.release}"


def _find(connection: Connection, text: str) -> Reader | None:
    """The reader with this address or id. Raises for a text that is neither."""
    if "@" not in text:
        found = readers.find(connection, text.strip())
        if found is not None:
            return found
    try:
        return readers.find_by_address(connection, normal_address(text))
    except AddressError as error:
        raise GatekeeperError(
            f"{text!r} is neither an address nor the id of a reader",
            hint="write it like reader@example.org, or the 32 signs that `gatekeeper orders show --json` prints",
        ) from error


def _near_readers(connection: Connection, text: str) -> list[str]:
    """Addresses that look like this one: the same before or behind the `@`."""
    local, _, domain = text.strip().lower().rpartition("@")
    rows = connection.execute(
        select(ReaderRow.email)
        .where(
            or_(
                ReaderRow.email.startswith(f"{local}@", autoescape=True),
                ReaderRow.email.endswith(f"@{domain}", autoescape=True),
            )
        )
        .limit(_MOST_COMPARED)
    ).scalars()
    return _near(text.strip().lower(), [email for email in rows if not readers.is_nobody(email)])


def _near_lessons(manifest: Manifest, lesson: str) -> str:
    near = _near(lesson, manifest.lessons)
    if not near:
        _, _, last = lesson.rpartition("/")
        near = [id_ for id_ in sorted(manifest.lessons) if last and last in id_][:_MOST_NEAR]
    return f"did you mean {' or '.join(near)}?" if near else ""


def _near(text: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(text, list(known), n=_MOST_NEAR, cutoff=0.7)


def _line(entry: Entry) -> str:
    amount = f" {entry.amount_minor} {entry.currency}" if entry.amount_minor else ""
    until = f" until {entry.until:%Y-%m-%d %H:%M}" if entry.until is not None else ""
    of = entry.order or entry.source
    by = f" {entry.source}" if entry.order is not None else ""
    return f"{entry.at:%Y-%m-%d %H:%M} {entry.kind.value} {entry.product} {of}{by}{amount}{until}"


def _entry_json(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "kind": entry.kind.value,
        "product": entry.product,
        "reader": entry.reader,
        "order": entry.order,
        "source": entry.source,
        "amount_minor": entry.amount_minor,
        "currency": entry.currency,
        "until": entry.until.isoformat() if entry.until else None,
    }
