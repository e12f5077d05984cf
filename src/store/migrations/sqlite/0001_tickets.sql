-- One row a call. Times are milliseconds since 1970 UTC. What is filtered or sorted by has a
-- column; the rest is JSON. AUTOINCREMENT: a number told to a caller is never given again, not
-- even after its ticket was deleted.
CREATE TABLE tickets (
    number            INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id           TEXT    NOT NULL UNIQUE,
    revision          INTEGER NOT NULL,
    hotline           TEXT    NOT NULL,
    language          TEXT    NOT NULL,
    status            TEXT    NOT NULL,
    priority          TEXT    NOT NULL,
    caller_id         TEXT    NOT NULL,
    callback_number   TEXT    NOT NULL,
    consent           TEXT    NOT NULL,
    complete          INTEGER NOT NULL CHECK (complete IN (0, 1)),
    to_be_transcribed INTEGER NOT NULL CHECK (to_be_transcribed IN (0, 1)),
    rating            INTEGER,
    message           TEXT    NOT NULL,
    facts             TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    ended_at          INTEGER,
    hangup_cause      TEXT,
    duration_ms       INTEGER
) STRICT;

CREATE INDEX tickets_by_status ON tickets (status, number);
CREATE INDEX tickets_by_hotline ON tickets (hotline, number);
CREATE INDEX tickets_by_callback_number ON tickets (callback_number, number);

-- One row a slot, in the form's order. `parts` is a JSON list of [name, value], `audio` one of
-- {start, end} in samples of the recording.
CREATE TABLE slots (
    ticket     INTEGER NOT NULL REFERENCES tickets (number) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    slot       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    heard      TEXT    NOT NULL,
    confidence REAL    NOT NULL,
    parts      TEXT    NOT NULL,
    audio      TEXT    NOT NULL,
    PRIMARY KEY (ticket, position)
) STRICT, WITHOUT ROWID;
