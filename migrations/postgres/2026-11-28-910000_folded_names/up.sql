-- The name of a user as it is whatever its letters are written like, which the program works out (no database can) and fills in at its
-- start: empty until then. Users from before whose names are one keep both; all but one of them have their own number as `twin`, and
-- no further one comes to them.
ALTER TABLE user_account ADD COLUMN folded TEXT;
ALTER TABLE user_account ADD COLUMN twin BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX user_account_folded ON user_account (folded, twin);
