-- What people and replays make of calls. `judged` and `scored` hold nothing that was said; `words`
-- does, and is emptied with the call's files.
CREATE TABLE reviews (
    ticket   BIGINT PRIMARY KEY,
    version  BIGINT NOT NULL,
    reviewed BIGINT NOT NULL DEFAULT 0,
    marked   BIGINT NOT NULL DEFAULT 0,
    judged   TEXT NOT NULL DEFAULT '',
    by_whom  TEXT NOT NULL DEFAULT '',
    at       BIGINT,
    scored   TEXT NOT NULL DEFAULT '',
    words    TEXT NOT NULL DEFAULT ''
);
