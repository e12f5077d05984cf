-- Who is there, as their consoles say each minute. `hotlines` is `*` or `/one/other/`.
CREATE TABLE presence (
    name     TEXT PRIMARY KEY,
    hotlines TEXT NOT NULL,
    state    TEXT NOT NULL,
    since    INTEGER NOT NULL,
    ticket   INTEGER,
    seen_at  INTEGER NOT NULL
) STRICT;
