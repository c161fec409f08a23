"""What keeping the books looks for: a provider's orders of some days, and messages by the time they came.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_orders_provider_created_at"), "orders", ["provider", "created_at"], unique=False)
    op.create_index(op.f("ix_provider_events_received_at"), "provider_events", ["received_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_provider_events_received_at"), table_name="provider_events")
    op.drop_index(op.f("ix_orders_provider_created_at"), table_name="orders")
