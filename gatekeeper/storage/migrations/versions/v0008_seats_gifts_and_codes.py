"""Gifts, and seats of teams; codes know their batch, what they were made for, and that they were cancelled.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("codes", sa.Column("batch", sa.String(length=20), server_default="", nullable=False))
    op.add_column("codes", sa.Column("note", sa.String(length=200), server_default="", nullable=False))
    op.add_column("codes", sa.Column("cancelled_at", MOMENT, nullable=True))
    op.create_index(op.f("ix_codes_batch"), "codes", ["batch"], unique=False)
    op.create_table(
        "gifts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_number", sa.String(length=24), nullable=False),
        sa.Column("buyer", sa.String(length=32), nullable=False),
        sa.Column("interval", sa.String(length=8), nullable=True),
        sa.Column("giver", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("send_at", MOMENT, nullable=True),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_gifts_order_number_orders")
        ),
        sa.ForeignKeyConstraint(["buyer"], ["readers.id"], name=op.f("fk_gifts_buyer_readers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gifts")),
        sa.UniqueConstraint("mark", name=op.f("uq_gifts_mark")),
        sa.UniqueConstraint("order_number", name=op.f("uq_gifts_order_number")),
    )
    op.create_index(op.f("ix_gifts_buyer"), "gifts", ["buyer"], unique=False)
    op.create_index(op.f("ix_gifts_due_at"), "gifts", ["due_at"], unique=False)
    op.create_index(op.f("ix_gifts_told_at_created_at"), "gifts", ["told_at", "created_at"], unique=False)
    op.create_table(
        "seats",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_number", sa.String(length=24), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("invited_at", MOMENT, nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["holder"], ["readers.id"], name=op.f("fk_seats_holder_readers")),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_seats_order_number_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
    )
    op.create_index(op.f("ix_seats_holder"), "seats", ["holder"], unique=False)
    op.create_index(
        op.f("ix_seats_order_number_ended_at"), "seats", ["order_number", "ended_at"], unique=False
    )
    op.create_index(op.f("ix_seats_email_ended_at"), "seats", ["email", "ended_at"], unique=False)


def downgrade() -> None:
    op.drop_table("seats")
    op.drop_table("gifts")
    op.drop_index(op.f("ix_codes_batch"), table_name="codes")
    with op.batch_alter_table("codes") as codes:
        codes.drop_column("cancelled_at")
        codes.drop_column("note")
        codes.drop_column("batch")
