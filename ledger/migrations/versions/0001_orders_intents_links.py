"""Orders, intents and links: the tables of version 0.1.

A ledger of version 0.1 has them already and keeps them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create what is missing."""
    # The Walmart order as it was fetched, and the M3 records drafted from it. Workflows refer to
    # the row. Both texts are sealed, but for those version 0.1 wrote.
    op.create_table(
        "orders",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("purchase_order_id", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),  # Walmart's JSON
        sa.Column("draft", sa.Text),  # mappings.orders.OrderDraft as JSON
        sa.Column("fetched_at", sa.Text, nullable=False),  # UTC, ISO 8601
        sqlite_strict=True,
        if_not_exists=True,
    )
    # A write to another system that may have happened. Written before the call: whoever finds
    # its row looks in the other system before writing again.
    op.create_table(
        "intents",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("business_id", sa.Text, primary_key=True),  # purchase order, or with "/DLIX"
        sa.Column("step", sa.Text, primary_key=True),  # activity name
        sa.Column("intended_at", sa.Text, nullable=False),
        sqlite_strict=True,
        if_not_exists=True,
    )
    # Which M3 record stands for which Walmart record.
    op.create_table(
        "links",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),  # order
        sa.Column("walmart_id", sa.Text, primary_key=True),  # purchase order
        sa.Column("m3_id", sa.Text, nullable=False),  # ORNO
        sa.Column("linked_at", sa.Text, nullable=False),
        sqlite_strict=True,
        if_not_exists=True,
    )
