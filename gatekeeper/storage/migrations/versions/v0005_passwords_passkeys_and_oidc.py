"""More ways to sign in: passwords, passkeys, accounts at other services.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "passwords",
        _reader(),
        sa.Column("phc", sa.String(length=200), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        _of_readers("passwords"),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_passwords")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=32), nullable=False),
        _reader(),
        sa.Column("credential", sa.String(length=1364), nullable=False),
        sa.Column("public_key", sa.String(length=4000), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        _of_readers("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkeys_credential")),
    )
    op.create_index(op.f("ix_passkeys_reader"), "passkeys", ["reader"], unique=False)
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        _reader(),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=254), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        _of_readers("identities"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
        sa.UniqueConstraint("id", name=op.f("uq_identities_id")),
    )
    op.create_index(op.f("ix_identities_reader"), "identities", ["reader"], unique=False)
    op.create_table(
        "spent_errands",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_spent_errands")),
    )
    op.create_index(op.f("ix_spent_errands_until"), "spent_errands", ["until"], unique=False)


def downgrade() -> None:
    for table in ("spent_errands", "identities", "passkeys", "passwords"):
        op.drop_table(table)


def _reader() -> sa.Column[str]:
    return sa.Column("reader", sa.String(length=32), nullable=False)


def _of_readers(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["reader"], ["readers.id"], name=op.f(f"fk_{table}_reader_readers"), ondelete="CASCADE"
    )
