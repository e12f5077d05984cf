-- Legal hold: why what a ticket's call left must not go; NULL: it may. And when it was decided that
-- the call's recording and journal go (purged by age, or erased for the caller).
ALTER TABLE tickets ADD COLUMN hold TEXT;
ALTER TABLE tickets ADD COLUMN files_gone_at INTEGER;

CREATE INDEX tickets_held ON tickets (number) WHERE hold IS NOT NULL;
