-- What statistics count, beside the two documents it is derived from; and one index that holds all
-- of it, so that a year is counted without reading the tickets themselves.
ALTER TABLE tickets ADD COLUMN complete INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN bot_rating INTEGER;
ALTER TABLE tickets ADD COLUMN branch TEXT NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN referred_at INTEGER;
ALTER TABLE tickets ADD COLUMN reached_at INTEGER;

UPDATE tickets SET
    complete = coalesce(json_extract(intake, '$.complete'), 0),
    bot_rating = json_extract(intake, '$.rating'),
    referred_at = CASE stage WHEN 'referred' THEN updated_at END,
    reached_at = CASE stage WHEN 'done' THEN closed_at END;

DROP INDEX tickets_by_received_at;
CREATE INDEX tickets_statistics ON tickets (received_at, hotline, need, branch, office, language,
    stage, priority, due_at, complete, bot_rating, referred_at, reached_at);

-- Calls that agents answered, and calls given up before anybody did, by the hour they came in:
-- only the PBX knows them.
CREATE TABLE answered_calls (
    hotline   TEXT NOT NULL,
    hour      INTEGER NOT NULL,
    answered  INTEGER NOT NULL,
    abandoned INTEGER NOT NULL,
    PRIMARY KEY (hotline, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX answered_calls_by_hour ON answered_calls (hour);

-- What callers thought of the help they got: one row for each ticket that ended.
CREATE TABLE ratings (
    ticket  INTEGER PRIMARY KEY REFERENCES tickets (number) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    score   INTEGER NOT NULL CHECK (score BETWEEN 1 AND 5),
    rater   TEXT NOT NULL
) STRICT;

-- Who is told of changes by HTTP. The cursor is the last audit entry looked at for this one.
CREATE TABLE webhooks (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT NOT NULL UNIQUE,
    url            TEXT NOT NULL,
    format         TEXT NOT NULL,
    kinds          TEXT NOT NULL,
    secret         TEXT NOT NULL,
    credentials    TEXT,
    active         INTEGER NOT NULL,
    problem        TEXT,
    cursor_seal    INTEGER NOT NULL,
    cursor_id      INTEGER NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT;

-- What each of them is still to be told, was told, or could not be told. While a node sends one,
-- `next_at` is when another node may take it over.
CREATE TABLE webhook_deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook     INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       INTEGER NOT NULL,
    ticket      INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    last_status INTEGER,
    last_error  TEXT,
    UNIQUE (webhook, event)
) STRICT;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, next_at, id)
    WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, next_at);
