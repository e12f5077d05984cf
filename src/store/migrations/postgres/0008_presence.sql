-- Who is there, as their consoles say each minute. `hotlines` is `*` or `/one/other/`.
CREATE TABLE presence (
    name     TEXT PRIMARY KEY,
    hotlines TEXT NOT NULL,
    state    TEXT NOT NULL,
    since    BIGINT NOT NULL,
    ticket   BIGINT,
    seen_at  BIGINT NOT NULL
);
