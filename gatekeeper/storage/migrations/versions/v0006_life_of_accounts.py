"""The life of accounts: identities, guests, proofs of addresses, changes of address, deletions; optional mail.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ID = sa.String(length=32)
MARK = sa.String(length=64)
ADDRESS = sa.String(length=254)


def upgrade() -> None:
    op.create_table(
        "joined_readers",
        sa.Column("identity", ID, nullable=False),
        sa.Column("reader", ID, nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _to_readers("joined_readers", "identity"),
        _to_readers("joined_readers", "reader"),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_joined_readers")),
    )
    op.create_index(op.f("ix_joined_readers_reader"), "joined_readers", ["reader"])
    op.create_table(
        "guests",
        sa.Column("reader", ID, nullable=False),
        sa.Column("email", ADDRESS, nullable=False),
        sa.Column("browser", MARK, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _to_readers("guests", "reader"),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_guests")),
    )
    op.create_index(op.f("ix_guests_email"), "guests", ["email"])
    op.create_index(op.f("ix_guests_browser"), "guests", ["browser"])
    op.create_table(
        "address_proofs",
        sa.Column("id", ID, nullable=False),
        sa.Column("holder", MARK, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("reader", ID, nullable=True),
        sa.Column("email", ADDRESS, nullable=False),
        sa.Column("code", MARK, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("proven_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        _to_readers("address_proofs", "reader"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_proofs")),
    )
    op.create_index(op.f("ix_address_proofs_holder_purpose"), "address_proofs", ["holder", "purpose"])
    for column in ("reader", "email", "expires_at"):
        op.create_index(op.f(f"ix_address_proofs_{column}"), "address_proofs", [column])
    op.create_table(
        "address_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("reader", ID, nullable=False),
        sa.Column("old_email", ADDRESS, nullable=False),
        sa.Column("new_email", ADDRESS, nullable=False),
        sa.Column("undo", MARK, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("undo_until", MOMENT, nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        _to_readers("address_changes", "reader"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("undo", name=op.f("uq_address_changes_undo")),
    )
    op.create_index(op.f("ix_address_changes_reader"), "address_changes", ["reader"])
    op.create_index(op.f("ix_address_changes_old_email"), "address_changes", ["old_email"])
    op.create_table(
        "deletions",
        sa.Column("reader", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_deletions")),
    )
    op.create_table(
        "mail_refusals",
        sa.Column("address", MARK, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_mail_refusals")),
    )
    op.add_column("outbox", sa.Column("unsubscribe", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("outbox", "unsubscribe")
    for table in (
        "mail_refusals",
        "deletions",
        "address_changes",
        "address_proofs",
        "guests",
        "joined_readers",
    ):
        op.drop_table(table)


def _to_readers(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["readers.id"], name=op.f(f"fk_{table}_{column}_readers"))
