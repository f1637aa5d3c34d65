-- The name of a user as it is whatever its letters are written like, which the program works out (no database can) and fills in at its
-- start: empty until then. Users from before whose names are one keep both; all but one of them have their own number as `twin`, and
-- no further one comes to them.
-- One statement, so all or nothing of it; made only if it is not there yet, because a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'user_account' AND column_name = 'folded') = 0,
  'ALTER TABLE user_account ADD COLUMN folded VARCHAR(512), ADD COLUMN twin BIGINT NOT NULL DEFAULT 0,
   ADD UNIQUE KEY user_account_folded (folded, twin)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
