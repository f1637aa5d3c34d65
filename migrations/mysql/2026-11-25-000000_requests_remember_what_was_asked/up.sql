-- A hash of what was asked for under a key of "run now": whoever repeats the key must ask for the same. Absent for keys that
-- were used before this was kept.
-- Added only if it is not there yet: a definition is committed by itself, so a crash may have left it without its record.
-- (MySQL has no ADD COLUMN IF NOT EXISTS.)
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'run_request' AND column_name = 'asked') = 0,
  'ALTER TABLE run_request ADD COLUMN asked VARCHAR(64)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
