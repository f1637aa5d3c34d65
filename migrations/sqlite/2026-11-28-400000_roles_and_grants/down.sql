DROP TABLE user_grant;
ALTER TABLE session DROP COLUMN user_version;
ALTER TABLE user_account DROP COLUMN version;
ALTER TABLE user_account DROP COLUMN disabled;
ALTER TABLE user_account DROP COLUMN must_change;
ALTER TABLE user_account DROP COLUMN all_executors;
