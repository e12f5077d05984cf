-- A ticket is one row: what the caller told (`intake`) and what came of it (`callback`) as JSON,
-- and beside them the columns that the queue, lists and statistics select by, always written
-- together with the two. Times are milliseconds since 1970 UTC.
CREATE TABLE callbacks (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id         TEXT    NOT NULL UNIQUE,
    node            TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    hotline         TEXT    NOT NULL,
    language        TEXT    NOT NULL,
    callback_number TEXT    NOT NULL,
    need            TEXT    NOT NULL,
    stage           TEXT    NOT NULL,
    priority        INTEGER NOT NULL,
    received_at     INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    wakes_at        INTEGER,
    held_by         TEXT,
    office          TEXT,
    closed_at       INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    hangup_cause    TEXT,
    duration_ms     INTEGER,
    intake          TEXT    NOT NULL,
    callback        TEXT    NOT NULL
) STRICT;

INSERT INTO callbacks
SELECT t.number, t.call_id, '', t.revision, 1, t.hotline, t.language, t.callback_number,
    coalesce((SELECT json_extract(p.value, '$[1]') FROM slots s, json_each(s.parts) p
        WHERE s.ticket = t.number AND json_extract(p.value, '$[0]') = 'category' LIMIT 1), ''),
    CASE t.status WHEN 'closed' THEN 'put_through' ELSE t.status END,
    CASE t.priority WHEN 'emergency' THEN 2 WHEN 'high' THEN 1 ELSE 0 END,
    t.created_at, t.created_at + 172800000,
    CASE t.status WHEN 'open' THEN t.created_at END, NULL, NULL,
    CASE t.status WHEN 'closed' THEN coalesce(t.ended_at, t.updated_at) END,
    t.created_at, t.updated_at, t.ended_at, t.hangup_cause, t.duration_ms,
    json_object(
        'call_id', t.call_id, 'revision', t.revision, 'hotline', t.hotline,
        'language', t.language, 'caller_id', t.caller_id, 'callback_number', t.callback_number,
        'consent', t.consent, 'priority', t.priority, 'status', t.status,
        'slots', json(coalesce((
            SELECT json_group_array(json_object(
                'slot', s.slot, 'status', s.status, 'value', s.value, 'parts', json(s.parts),
                'heard', s.heard, 'confidence', s.confidence, 'audio', json(s.audio)))
            FROM (SELECT * FROM slots WHERE ticket = t.number ORDER BY position) s), '[]')),
        'complete', json(CASE t.complete WHEN 1 THEN 'true' ELSE 'false' END),
        'to_be_transcribed', json(CASE t.to_be_transcribed WHEN 1 THEN 'true' ELSE 'false' END),
        'message', json(t.message), 'rating', t.rating, 'facts', json(t.facts)),
    json_object(
        'stage', CASE t.status WHEN 'closed' THEN 'put_through' ELSE t.status END,
        'own', json_object('priority', t.priority, 'received_at',
            strftime('%Y-%m-%dT%H:%M:%S', t.created_at / 1000, 'unixepoch') ||
            printf('.%03dZ', t.created_at % 1000)))
FROM tickets t ORDER BY t.number;

DROP TABLE slots;
DROP TABLE tickets;
ALTER TABLE callbacks RENAME TO tickets;

CREATE INDEX tickets_queue ON tickets (hotline, priority DESC, received_at, number)
    WHERE stage = 'open';
CREATE INDEX tickets_by_wakes_at ON tickets (wakes_at) WHERE wakes_at IS NOT NULL;
CREATE INDEX tickets_by_stage ON tickets (stage, number);
CREATE INDEX tickets_by_hotline ON tickets (hotline, number);
CREATE INDEX tickets_by_callback_number ON tickets (callback_number, number);
CREATE INDEX tickets_by_received_at ON tickets (received_at);

-- The audit log: one row for each change, without personal data. A seal closes a run of rows with
-- a hash over them and over the seal before, so that nothing can be changed or left out later.
CREATE TABLE seals (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    events  INTEGER NOT NULL,
    hash    TEXT    NOT NULL
) STRICT;

CREATE TABLE events (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    seal    INTEGER REFERENCES seals (number),
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    act     TEXT    NOT NULL,
    ticket  INTEGER,
    detail  TEXT    NOT NULL
) STRICT;

CREATE INDEX events_unsealed ON events (id) WHERE seal IS NULL;
CREATE INDEX events_by_seal ON events (seal, id);
CREATE INDEX events_by_ticket ON events (ticket, id);
