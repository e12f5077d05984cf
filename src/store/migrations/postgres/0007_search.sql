-- What tickets are found by: words of name, address and telephone numbers without marks, and the
-- district. Earlier tickets are found by their telephone number, and by the rest when they change.
ALTER TABLE tickets ADD COLUMN searched TEXT NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN district TEXT NOT NULL DEFAULT '';
UPDATE tickets SET searched = ' ' || replace(callback_number, '+', '') || ' ';
