"""Codes that prove an address to somebody who is already here: for another address, a second account, an order, the deletion.

- The code is bound to its holder (a session, or a cookie of the browser that asked) and its purpose: it cannot be typed anywhere
  else, nor spent for anything else (attack case J08).
- It lives ten minutes, takes five tries, and ends when a newer one is asked for by the same holder for the same purpose.
- What it proved may be used once, within ten minutes of being proven: `spend` says so once.
- At rest there are keyed hashes only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, or_, select, update

from gatekeeper.accounts.life.tables import ProofRow
from gatekeeper.accounts.marks import Marker, is_same, new_id
from gatekeeper.accounts.sign_in import CODE_DIGITS, LIFETIME, MOST_TRIES, Verdict

USED_WITHIN = timedelta(minutes=10)


class Purpose(StrEnum):
    """Stored in the database: never rename."""

    ADDRESS = "address"  # an address that is to be the reader's: a new one, or that of their second account
    MERGE = "merge"  # the reader's own address, before two accounts become one
    DELETION = "deletion"  # the reader's own address
    RESTORE = "restore"  # the address of an order


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A request as its holder may see it. is_open: a code may be typed; is_proven: it was right, and may still be used."""

    id: str
    purpose: Purpose
    reader: str | None
    email: str
    detail: str
    tries_left: int
    is_open: bool
    is_proven: bool


def ask(
    connection: Connection,
    marker: Marker,
    *,
    holder: str,
    purpose: Purpose,
    email: str,
    now: datetime,
    reader: str | None = None,
    detail: str = "",
) -> tuple[str, str]:
    """A new request, in place of the holder's older ones for this purpose. Returns its id, and the code to be mailed and forgotten."""
    mark = _holder(marker, holder)
    connection.execute(
        update(ProofRow)
        .where(ProofRow.holder == mark, ProofRow.purpose == purpose.value, ProofRow.ended_at.is_(None))
        .values(ended_at=now)
    )
    id_ = new_id()
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    connection.execute(
        insert(ProofRow).values(
            id=id_,
            holder=mark,
            purpose=purpose.value,
            reader=reader,
            email=email,
            code=_code(marker, purpose, id_, code),
            detail=detail,
            created_at=now,
            expires_at=now + LIFETIME,
            tries=0,
            proven_at=None,
            ended_at=None,
        )
    )
    return id_, code


def find(
    connection: Connection, marker: Marker, *, holder: str, purpose: Purpose, now: datetime
) -> Proof | None:
    """The holder's newest request for this purpose, whatever its state."""
    row = connection.execute(
        select(ProofRow)
        .where(ProofRow.holder == _holder(marker, holder), ProofRow.purpose == purpose.value)
        .order_by(ProofRow.created_at.desc(), ProofRow.ended_at.is_not(None))
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    is_standing = row.ended_at is None
    return Proof(
        id=row.id,
        purpose=purpose,
        reader=row.reader,
        email=row.email,
        detail=row.detail,
        tries_left=max(0, MOST_TRIES - row.tries),
        is_open=is_standing and row.proven_at is None and now < row.expires_at and row.tries < MOST_TRIES,
        is_proven=is_standing and row.proven_at is not None and now < row.proven_at + USED_WITHIN,
    )


def try_code(connection: Connection, marker: Marker, proof: Proof, code: str, *, now: datetime) -> Verdict:
    """Spends one try by a conditional UPDATE before the code is looked at. PROVEN once."""
    spent = connection.execute(
        update(ProofRow)
        .where(
            ProofRow.id == proof.id,
            ProofRow.ended_at.is_(None),
            ProofRow.proven_at.is_(None),
            ProofRow.expires_at > now,
            ProofRow.tries < MOST_TRIES,
        )
        .values(tries=ProofRow.tries + 1)
        .returning(ProofRow.code)
    ).scalar_one_or_none()
    if spent is None:
        return Verdict.ENDED
    if not is_same(spent, _code(marker, proof.purpose, proof.id, code)):
        return Verdict.WRONG
    proven = connection.execute(
        update(ProofRow).where(ProofRow.id == proof.id, ProofRow.proven_at.is_(None)).values(proven_at=now)
    )
    return Verdict.PROVEN if proven.rowcount == 1 else Verdict.ENDED


def spend(connection: Connection, proof: Proof, *, now: datetime) -> bool:
    """Uses up what was proven. True once, and only while it is fresh."""
    spent = connection.execute(
        update(ProofRow)
        .where(
            ProofRow.id == proof.id,
            ProofRow.ended_at.is_(None),
            ProofRow.proven_at > now - USED_WITHIN,
        )
        .values(ended_at=now)
    )
    return spent.rowcount == 1


def end_of_reader(connection: Connection, reader: str, *emails: str, now: datetime) -> None:
    """Ends whatever this reader, or anybody for one of these addresses, has begun and not used."""
    connection.execute(
        update(ProofRow)
        .where(or_(ProofRow.reader == reader, ProofRow.email.in_(emails)), ProofRow.ended_at.is_(None))
        .values(ended_at=now)
    )


def forget_ended(connection: Connection, *, now: datetime) -> None:
    """Drops requests that ended a day ago."""
    connection.execute(delete(ProofRow).where(ProofRow.expires_at < now - timedelta(days=1)))


def _holder(marker: Marker, holder: str) -> str:
    return marker.mark("proof holder", holder)


def _code(marker: Marker, purpose: Purpose, id_: str, code: str) -> str:
    return marker.mark("proof", purpose.value, id_, code)
