-- Tickets under legal hold are few, and looked for by whoever watches over what is kept.
CREATE INDEX tickets_by_hold ON tickets (number) WHERE hold IS NOT NULL;
