-- Who may do what. Times are milliseconds since 1970 UTC; digests are SHA-256 as hex, so that what
-- is read here opens nothing. `status` is active, disabled or removed: a removed user's row keeps
-- nothing but the name, which is in the audit log and on tickets and is never given again.
CREATE TABLE users (
    name          TEXT    PRIMARY KEY,
    display_name  TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    languages     TEXT    NOT NULL,
    hotlines      TEXT    NOT NULL,
    personal_data INTEGER NOT NULL CHECK (personal_data IN (0, 1)),
    status        TEXT    NOT NULL,
    password      TEXT,
    totp          TEXT,
    totp_pending  TEXT,
    totp_step     INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    login_at      INTEGER
) STRICT;

-- Who holds the secret may choose the password: a user's, or, without a user, that of the first
-- administrator.
CREATE TABLE invitations (
    digest     TEXT    PRIMARY KEY,
    user_name  TEXT    REFERENCES users (name) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX invitations_by_user ON invitations (user_name);

CREATE TABLE recovery_codes (
    user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    digest    TEXT NOT NULL,
    PRIMARY KEY (user_name, digest)
) STRICT;

CREATE TABLE sessions (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     TEXT    NOT NULL UNIQUE,
    user_name  TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_name, number);

-- Browsers from which a user has logged in before: they are throttled by themselves.
CREATE TABLE devices (
    digest    TEXT    PRIMARY KEY,
    user_name TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    seen_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX devices_by_user ON devices (user_name);

-- Failed log-ins by whom they are counted against: a device, a name or an address.
CREATE TABLE login_failures (
    subject  TEXT    PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX login_failures_by_last_at ON login_failures (last_at);

CREATE TABLE api_tokens (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     TEXT    NOT NULL UNIQUE,
    user_name  TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    label      TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX api_tokens_by_user ON api_tokens (user_name, number);
