-- Where a user's own telephone is rung, when the user calls somebody back.
ALTER TABLE users ADD COLUMN extension TEXT NOT NULL DEFAULT '';
