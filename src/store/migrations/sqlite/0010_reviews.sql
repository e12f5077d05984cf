-- What people and replays make of calls. `judged` and `scored` hold nothing that was said; `words`
-- does, and is emptied with the call's files.
CREATE TABLE reviews (
    ticket   INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL,
    reviewed INTEGER NOT NULL DEFAULT 0,
    marked   INTEGER NOT NULL DEFAULT 0,
    judged   TEXT NOT NULL DEFAULT '',
    by_whom  TEXT NOT NULL DEFAULT '',
    at       INTEGER,
    scored   TEXT NOT NULL DEFAULT '',
    words    TEXT NOT NULL DEFAULT ''
) STRICT;
