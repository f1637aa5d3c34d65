-- What a user may do (role) and on which executors: on all of them, or on those granted. Users that were there before may go on
-- doing everything. A password that somebody else chose or read is to be changed before anything else.
-- One statement, so all or nothing of it; made only if it is not there yet, because a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'user_account' AND column_name = 'all_executors') = 0,
  'ALTER TABLE user_account ADD COLUMN all_executors BOOLEAN NOT NULL DEFAULT TRUE,
   ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE,
   ADD COLUMN version BIGINT NOT NULL DEFAULT 1',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
-- A session holds for the version of its user that was logged in: whatever changes the user's password or rights ends it, also one that
-- is being opened at that moment.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'session' AND column_name = 'user_version') = 0,
  'ALTER TABLE session ADD COLUMN user_version BIGINT NOT NULL DEFAULT 1',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
CREATE TABLE IF NOT EXISTS user_grant (
  user_id BIGINT NOT NULL,
  executor_id BIGINT NOT NULL,
  PRIMARY KEY (user_id, executor_id),
  KEY user_grant_executor (executor_id),
  CONSTRAINT user_grant_user_id FOREIGN KEY (user_id) REFERENCES user_account (id),
  CONSTRAINT user_grant_executor_id FOREIGN KEY (executor_id) REFERENCES executor (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
