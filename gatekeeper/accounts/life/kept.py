"""What is kept about a reader, table by table, and what becomes of it: in the export, when accounts are joined, at deletion.

Every table with a column that names a reader or holds an address has a line here; a test reads all tables and fails for one that has none.
A room that adds such a table adds its line:

    Kept(table="passkeys", column="reader", part="passkeys", hidden=("credential", "public_key"), at_merge=AtMerge.MOVE)

- `part` names the heading in the export (`export.part_<part>` in the texts). Without it the table is not exported, and `why` says why.
- `hidden` columns are left out of the export: secrets, marks, keys. The reader's own column is left out, too.
- `at_merge`: MOVE changes the column to the surviving reader (a row that would be there twice is dropped), DROP removes the rows, STAY
  leaves them: they are found through `identities`, because their room asks with `belongs_to`.
- `at_deletion`: DROP removes the rows. STAY keeps them under the reader's id, which then leads to nobody; `why` says why; `blanked`
  columns are overwritten with the given values.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Table

from gatekeeper.storage.columns import Base


class By(StrEnum):
    READER = "reader"
    ADDRESS = "address"


class AtMerge(StrEnum):
    MOVE = "move"
    DROP = "drop"
    STAY = "stay"


class AtDeletion(StrEnum):
    DROP = "drop"
    STAY = "stay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One column that says whose the row is; see the module. why: needed without a part, and for what stays."""

    table: str
    column: str
    by: By = By.READER
    part: str | None = None
    hidden: tuple[str, ...] = ()
    at_merge: AtMerge = AtMerge.STAY
    at_deletion: AtDeletion = AtDeletion.DROP
    blanked: Mapping[str, object] = field(default_factory=dict)
    why: str = ""

    @property
    def rows(self) -> Table:
        return Base.metadata.tables[self.table]


# Where the tables are; a table is known only once its module has been imported.
MODULES = (
    "gatekeeper.accounts.tables",
    "gatekeeper.accounts.life.tables",
    "gatekeeper.accounts.oidc.tables",
    "gatekeeper.accounts.passkeys.tables",
    "gatekeeper.accounts.passwords.tables",
    "gatekeeper.commerce.tables",
    "gatekeeper.commerce.gifts.tables",
    "gatekeeper.commerce.seats.tables",
    "gatekeeper.commerce.sandbox.tables",
    "gatekeeper.limits.tables",
    "gatekeeper.signals.tables",
)

LEDGER = "money and access are an append-only ledger (rule R8); its reader is a number that leads to nobody after a deletion"

KEPT = (
    Kept(
        table="readers",
        column="id",
        part="account",
        hidden=(),
        at_deletion=AtDeletion.STAY,
        why="orders and the ledger point to the id; address and language are overwritten (`deletion.py`)",
    ),
    Kept(
        table="readers",
        column="email",
        by=By.ADDRESS,
        at_deletion=AtDeletion.STAY,
        why="the same row, found by its id; the address is overwritten (`deletion.py`)",
    ),
    Kept(
        table="joined_readers",
        column="reader",
        part="joined",
        hidden=("identity",),
    ),
    Kept(
        table="joined_readers",
        column="identity",
        why="the same row from the other end; exported by its reader",
    ),
    Kept(
        table="guests",
        column="reader",
        why="only as long as nobody has proven the address; then it is dropped",
    ),
    Kept(table="guests", column="email", by=By.ADDRESS, part="guest_purchases", hidden=("browser",)),
    Kept(
        table="address_proofs",
        column="reader",
        at_merge=AtMerge.DROP,
        why="codes of the last day, as keyed hashes",
    ),
    Kept(table="address_proofs", column="email", by=By.ADDRESS, why="codes of the last day, as keyed hashes"),
    Kept(
        table="address_changes",
        column="reader",
        part="address_changes",
        hidden=("id", "undo"),
        at_merge=AtMerge.MOVE,
    ),
    Kept(table="address_changes", column="old_email", by=By.ADDRESS, why="exported by its reader"),
    Kept(table="address_changes", column="new_email", by=By.ADDRESS, why="exported by its reader"),
    Kept(
        table="deletions",
        column="reader",
        at_deletion=AtDeletion.STAY,
        why="a number that leads to nobody, so that a restored backup can be told of the deletion again",
    ),
    Kept(
        table="sign_ins",
        column="email",
        by=By.ADDRESS,
        part="sign_ins",
        hidden=("id", "browser", "code", "link"),
    ),
    Kept(
        table="sessions", column="reader", part="sessions", hidden=("mark", "handle"), at_merge=AtMerge.DROP
    ),
    Kept(
        table="outbox",
        column="recipient",
        by=By.ADDRESS,
        part="mails",
        hidden=("id", "key", "html", "unsubscribe", "leased_until"),
    ),
    Kept(
        table="mail_refusals",
        column="address",
        at_deletion=AtDeletion.STAY,
        why="a keyed hash, so that somebody who refused mail and left gets none after all",
    ),
    Kept(
        table="passwords", column="reader", part="password", hidden=("phc", "failures"), at_merge=AtMerge.DROP
    ),
    Kept(
        table="passkeys",
        column="reader",
        part="passkeys",
        hidden=("id", "credential", "public_key", "sign_count"),
        at_merge=AtMerge.MOVE,
    ),
    Kept(table="identities", column="reader", part="linked", hidden=("id",), at_merge=AtMerge.MOVE),
    Kept(table="sightings", column="reader", part="networks", hidden=("network",), at_merge=AtMerge.DROP),
    Kept(table="sharing_alarms", column="reader", part="sharing_alarms", at_merge=AtMerge.MOVE),
    Kept(table="signals", column="reader", part="signals", hidden=("id", "browser", "event", "day", "entry")),
    Kept(
        table="coupon_uses",
        column="reader",
        part="coupons",
        hidden=("held_until",),
        at_deletion=AtDeletion.STAY,
        why="a use of a coupon stays a use; its order leads to nobody any more",
    ),
    Kept(
        table="gifts",
        column="buyer",
        part="gifts",
        hidden=("id", "mark", "version"),
        at_deletion=AtDeletion.STAY,
        blanked={"giver": "", "recipient": "", "message": "", "due_at": None},
        why="the code belongs to whoever was given it; what the giver wrote goes",
    ),
    Kept(
        table="gifts",
        column="recipient",
        by=By.ADDRESS,
        at_deletion=AtDeletion.STAY,
        blanked={"recipient": "", "due_at": None},
        why="the giver's letter; it is exported by the giver",
    ),
    Kept(
        table="seats",
        column="holder",
        part="seats",
        hidden=("id",),
        at_deletion=AtDeletion.STAY,
        blanked={"email": ""},
        why="the history of the team's seats, without the address",
    ),
    Kept(
        table="seats",
        column="email",
        by=By.ADDRESS,
        part="seat_invitations",
        hidden=("id", "holder"),
        at_deletion=AtDeletion.STAY,
        blanked={"email": ""},
        why="the history of the team's seats, without the address",
    ),
    Kept(table="orders", column="reader", part="orders", at_deletion=AtDeletion.STAY, why=LEDGER),
    Kept(
        table="ledger",
        column="reader",
        part="ledger",
        hidden=("id",),
        at_deletion=AtDeletion.STAY,
        why=LEDGER,
    ),
)


def lines() -> tuple[Kept, ...]:
    """All lines, with their tables known."""
    for module in MODULES:
        importlib.import_module(module)
    return KEPT
