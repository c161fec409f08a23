"""From which networks a reader was read within the hour, and the alarms that rang.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sightings",
        sa.Column("reader", sa.String(length=32), nullable=False),
        sa.Column("network", sa.String(length=32), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["reader"], ["readers.id"], name=op.f("fk_sightings_reader_readers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader", "network", name=op.f("pk_sightings")),
    )
    op.create_index(op.f("ix_sightings_seen_at"), "sightings", ["seen_at"], unique=False)
    op.create_table(
        "sharing_alarms",
        sa.Column("reader", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("networks", sa.Integer(), nullable=False),
        sa.Column("rang_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["reader"], ["readers.id"], name=op.f("fk_sharing_alarms_reader_readers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader", "day", name=op.f("pk_sharing_alarms")),
    )
    op.create_index(op.f("ix_sharing_alarms_rang_at"), "sharing_alarms", ["rang_at"], unique=False)


def downgrade() -> None:
    op.drop_table("sharing_alarms")
    op.drop_table("sightings")
