-- orders: the Walmart order as it was fetched, and the M3 records drafted from it.
-- The only place that holds the buyer's name and address; workflows refer to the row.
CREATE TABLE IF NOT EXISTS orders (
    pair              TEXT NOT NULL,
    purchase_order_id TEXT NOT NULL,
    document          TEXT NOT NULL,   -- Walmart's JSON
    draft             TEXT,            -- mappings.orders.OrderDraft as JSON
    fetched_at        TEXT NOT NULL,   -- UTC, ISO 8601
    PRIMARY KEY (pair, purchase_order_id)
) STRICT;

-- intents: a write to another system that may have happened. Written before the call, never
-- deleted: whoever finds its row looks in the other system before writing again.
CREATE TABLE IF NOT EXISTS intents (
    pair        TEXT NOT NULL,
    business_id TEXT NOT NULL,         -- purchaseOrderId, or purchaseOrderId/DLIX
    step        TEXT NOT NULL,         -- activity name
    intended_at TEXT NOT NULL,
    PRIMARY KEY (pair, business_id, step)
) STRICT;

-- links: which M3 record stands for which Walmart record. Never updated, never deleted.
CREATE TABLE IF NOT EXISTS links (
    pair       TEXT NOT NULL,
    kind       TEXT NOT NULL,          -- order
    walmart_id TEXT NOT NULL,          -- purchaseOrderId
    m3_id      TEXT NOT NULL,          -- ORNO
    linked_at  TEXT NOT NULL,
    PRIMARY KEY (pair, kind, walmart_id)
) STRICT;
