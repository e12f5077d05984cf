-- What was answered to requests that may be sent again: one row for each Idempotency-Key of a user,
-- for a day. `status` is null while the first request runs.
CREATE TABLE idempotency_keys (
    owner       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    at          BIGINT NOT NULL,
    status      BIGINT,
    etag        TEXT,
    body        TEXT,
    PRIMARY KEY (owner, key)
);

CREATE INDEX idempotency_keys_by_at ON idempotency_keys (at);
