DROP TABLE user_grant;
ALTER TABLE session DROP COLUMN user_version;
ALTER TABLE user_account DROP COLUMN version, DROP COLUMN disabled, DROP COLUMN must_change, DROP COLUMN all_executors;
