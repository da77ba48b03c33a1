"""Stock: what M3 has, what Walmart should show, and what Walmart last accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# 64 bits in either database.
Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# 0 nothing waits, 1 to zero, 2 downwards or unknown at Walmart, 3 upwards: the order of harm.
URGENCY = """
CASE WHEN wanted IS NULL OR wanted = accepted THEN 0
     WHEN wanted = 0 THEN 1
     WHEN accepted IS NULL OR wanted < accepted THEN 2
     ELSE 3 END
"""


def upgrade() -> None:
    """Create the tables."""
    _create_balances()
    _create_offers()
    _create_feeds()
    _create_budgets()


def _create_balances() -> None:
    # Allocatable net of an item in a warehouse, in millionths of its basic unit, as M3 last said.
    # Empty: M3 does not list it any more, so it is not known.
    op.create_table(
        "balances",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("warehouse", sa.Text, primary_key=True),
        sa.Column("item_number", sa.Text, primary_key=True),
        sa.Column("allocatable", Big),
        sa.Column("read_at", Big, nullable=False),  # milliseconds since 1970
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # What a reading of M3 has brought so far; compared as a whole when it is complete.
    op.create_table(
        "incoming_balances",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("warehouse", sa.Text, primary_key=True),
        sa.Column("item_number", sa.Text, primary_key=True),
        sa.Column("allocatable", Big),  # empty: not listed any more
        sa.Column("read_at", Big, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # When the last reading of each scope began.
    op.create_table(
        "readings",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("began_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _create_offers() -> None:
    # Which items a SKU is made of: one for most, several for a kit.
    op.create_table(
        "parts",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("item_number", sa.Text, primary_key=True),
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("quantity", sa.Text, nullable=False),  # decimal, EACH of the item in one SKU
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("parts_by_sku", "parts", ["pair", "sku"])
    # What of an item the formula needs besides its stock, where it is not the usual.
    op.create_table(
        "items",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("item_number", sa.Text, primary_key=True),
        sa.Column("unit_factor", sa.Text, nullable=False),  # EACH in one basic unit, decimal
        sa.Column("item_group", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    # A SKU as sold at one ship node.
    op.create_table(
        "offers",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("ship_node", sa.Text, primary_key=True),
        sa.Column("stale", sa.Integer, nullable=False),  # above 0: to be computed anew
        sa.Column("wanted", sa.Integer),  # empty: not known
        sa.Column("wanted_at", sa.Text, nullable=False),
        sa.Column("sent", sa.Integer),  # under way, or what was sent last
        sa.Column(
            "sent_by", sa.Text, nullable=False
        ),  # who carries it; empty: nothing is under way
        sa.Column("sent_at", sa.Text, nullable=False),
        sa.Column("accepted", sa.Integer),  # empty: not known
        sa.Column("accepted_at", sa.Text, nullable=False),
        sa.Column("not_before", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),  # in a row that were refused
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("urgency", sa.Integer, sa.Computed(URGENCY, persisted=True)),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "offers_stale",
        "offers",
        ["pair", "sku"],
        sqlite_where=sa.text("stale > 0"),
        postgresql_where=sa.text("stale > 0"),
    )
    idle = sa.text("urgency > 0 AND sent_by = ''")
    op.create_index(
        "offers_waiting",
        "offers",
        ["pair", "urgency", "wanted_at"],
        sqlite_where=idle,
        postgresql_where=idle,
    )
    op.create_index(
        "offers_under_way",
        "offers",
        ["pair", "sent_by"],
        sqlite_where=sa.text("sent_by <> ''"),
        postgresql_where=sa.text("sent_by <> ''"),
    )
    # Units of Walmart orders that M3 does not have yet.
    op.create_table(
        "held_units",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("ship_node", sa.Text, primary_key=True),
        sa.Column("purchase_order_id", sa.Text, primary_key=True),
        sa.Column("quantity", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("held_units_by_order", "held_units", ["pair", "purchase_order_id"])


def _create_feeds() -> None:
    # Feeds that were submitted, or may have been: recorded before they are sent.
    op.create_table(
        "feeds",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("carrier", sa.Text, primary_key=True),  # our own id, in offers.sent_by
        sa.Column("feed_type", sa.Text, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("feed_id", sa.Text, nullable=False),  # Walmart's; empty: not known
        sa.Column("state", sa.Text, nullable=False),  # intended, submitted, settled, lost
        sa.Column("submitted_at", sa.Text, nullable=False),
        sa.Column("look_at", sa.Text, nullable=False),  # when to ask Walmart next
        sqlite_strict=True,
    )


def _create_budgets() -> None:
    # A token bucket per kind of call; every worker of the pair takes from the same.
    op.create_table(
        "budgets",
        sa.Column("pair", sa.Text, primary_key=True),
        sa.Column("call", sa.Text, primary_key=True),
        sa.Column("tokens", Big, nullable=False),  # millionths
        sa.Column("filled_at", Big, nullable=False),  # microseconds since 1970
        sqlite_strict=True,
    )
