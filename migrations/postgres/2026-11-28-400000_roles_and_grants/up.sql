-- What a user may do (role) and on which executors: on all of them, or on those granted. Users that were there before may go on
-- doing everything.
ALTER TABLE user_account ADD COLUMN all_executors BOOLEAN NOT NULL DEFAULT TRUE;
-- A password that somebody else chose or read is to be changed before anything else.
ALTER TABLE user_account ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE user_account ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE user_account ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- A session holds for the version of its user that was logged in: whatever changes the user's password or rights ends it, also one that
-- is being opened at that moment.
ALTER TABLE session ADD COLUMN user_version BIGINT NOT NULL DEFAULT 1;
CREATE TABLE user_grant (
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  executor_id BIGINT NOT NULL REFERENCES executor (id),
  PRIMARY KEY (user_id, executor_id)
);
CREATE INDEX user_grant_executor ON user_grant (executor_id);
