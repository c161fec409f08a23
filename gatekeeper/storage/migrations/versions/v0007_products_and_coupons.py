"""Products and coupons: what an order was before its coupon, how many seats it has, its days of grace; and who uses a coupon.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("orders", sa.Column("seats", sa.Integer(), nullable=True))
    op.add_column("orders", sa.Column("coupon", sa.String(length=40), nullable=True))
    op.add_column("orders", sa.Column("discount_minor", COUNTER, nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("grace_days", sa.Integer(), nullable=True))
    op.add_column("ledger", sa.Column("grace_days", sa.Integer(), nullable=True))
    op.create_table(
        "coupons",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupons")),
    )
    op.create_table(
        "coupon_uses",
        sa.Column("order_number", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reader", sa.String(length=32), nullable=False),
        sa.Column("held_until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["code"], ["coupons.code"], name=op.f("fk_coupon_uses_code_coupons")),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_coupon_uses_order_number_orders")
        ),
        sa.ForeignKeyConstraint(["reader"], ["readers.id"], name=op.f("fk_coupon_uses_reader_readers")),
        sa.PrimaryKeyConstraint("order_number", name=op.f("pk_coupon_uses")),
    )
    op.create_index(op.f("ix_coupon_uses_code"), "coupon_uses", ["code"], unique=False)
    op.create_index(op.f("ix_coupon_uses_reader"), "coupon_uses", ["reader"], unique=False)


def downgrade() -> None:
    op.drop_table("coupon_uses")
    op.drop_table("coupons")
    op.drop_column("ledger", "grace_days")
    for name in ("grace_days", "discount_minor", "coupon", "seats"):
        op.drop_column("orders", name)
