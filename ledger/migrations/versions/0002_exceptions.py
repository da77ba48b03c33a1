"""What orders that do not fit need: corrections, alerts, dead letters, and the seal."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    _create_seals()
    _create_corrections()
    _create_alerts()
    _create_dead_letters()


def _create_seals() -> None:
    # One text that every key of this ledger must open.
    op.create_table(
        "seals",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _create_corrections() -> None:
    # Which item a person said a SKU of one order is.
    op.create_table(
        "item_numbers",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("purchase_order_id", sa.Text, primary_key=True),
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("item_number", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    # The address a person gave in place of Walmart's; sealed.
    op.create_table(
        "addresses",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("purchase_order_id", sa.Text, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    # Orders that have buyer, address and items in common have the same key, which is a hash.
    op.create_table(
        "similar_orders",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("purchase_order_id", sa.Text, primary_key=True),
        sa.Column("customer_order_id", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _create_alerts() -> None:
    # An alert whose sending was begun. Deleted when it is known that it was not sent.
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("intended_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    # What each channel did last.
    op.create_table(
        "channel_results",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("ok", sa.Integer, nullable=False),  # 0 or 1
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _create_dead_letters() -> None:
    # Messages that proved their origin and belong to nothing. The same message again is counted.
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),  # walmart, ion
        sa.Column("pair", sa.Text, nullable=False),  # empty when it names none
        sa.Column("kind", sa.Text, nullable=False),  # event or document
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),  # one sentence that quotes nothing of it
        sa.Column("purchase_order_id", sa.Text, nullable=False),  # empty when unknown
        sa.Column("document_number", sa.Text, nullable=False),  # empty when unknown
        sa.Column("fingerprint", sa.Text, nullable=False),  # sha256
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("sealed_body", sa.Text, nullable=False),
        sa.Column("first_at", sa.Text, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),  # open, replayed, discarded
        sa.Column("closed_at", sa.Text),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.Column("closed_reason", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "pair", "fingerprint"),
        sqlite_strict=True,
        sqlite_autoincrement=True,  # a number a person has seen is never another letter's
    )
    op.create_index("dead_letters_by_state", "dead_letters", ["state", "last_at"])
