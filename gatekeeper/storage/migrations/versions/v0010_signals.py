"""What readers do, and what pseudonyms are made with.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=40)


def upgrade() -> None:
    op.create_table(
        "signals",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("reader", sa.String(length=32), nullable=True),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("event", NAME, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lesson", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("list", NAME, nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("variant", NAME, nullable=True),
        sa.Column("product", sa.String(length=200), nullable=True),
        sa.Column("entry", COUNTER, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sa.UniqueConstraint("browser", "event", name=op.f("uq_signals_browser_event")),
        sa.UniqueConstraint("entry", name=op.f("uq_signals_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_signals_reader"), "signals", ["reader"], unique=False)
    op.create_index(op.f("ix_signals_day_id"), "signals", ["day", "id"], unique=False)
    op.create_table(
        "signal_salts",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_salts")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("signal_salts")
    op.drop_table("signals")
