"""Payment providers: what they call a payment, what they opened for an order, and what waits for its order.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("ledger", sa.Column("payment", sa.String(length=120), nullable=True))
    op.add_column("provider_events", sa.Column("reference", sa.String(length=120), nullable=True))
    op.create_index(
        op.f("ix_provider_events_provider_reference"),
        "provider_events",
        ["provider", "reference"],
        unique=False,
    )
    op.create_table(
        "payment_references",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("order_number", sa.String(length=24), nullable=True),
        sa.Column("payment", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_payment_references_order_number_orders")
        ),
        sa.PrimaryKeyConstraint("provider", "reference", name=op.f("pk_payment_references")),
    )
    op.create_index(
        op.f("ix_payment_references_order_number"), "payment_references", ["order_number"], unique=False
    )
    op.create_table(
        "checkouts",
        sa.Column("id", COUNTER, nullable=False),
        sa.Column("order_number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_checkouts_order_number_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
    )
    op.create_index(
        op.f("ix_checkouts_order_number_kind"), "checkouts", ["order_number", "kind"], unique=False
    )


def downgrade() -> None:
    op.drop_table("checkouts")
    op.drop_table("payment_references")
    op.drop_index(op.f("ix_provider_events_provider_reference"), table_name="provider_events")
    with op.batch_alter_table("provider_events") as events:
        events.drop_column("reference")
    with op.batch_alter_table("ledger") as ledger:
        ledger.drop_column("payment")
