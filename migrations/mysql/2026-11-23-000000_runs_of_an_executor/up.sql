-- The page of runs, filtered by executor: newest first without a walk through everybody's runs.
-- Made only if it is not there yet: a definition is committed by itself, so a crash may have left it without its record.
-- (MySQL has no CREATE INDEX IF NOT EXISTS.)
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.statistics
   WHERE table_schema = DATABASE() AND table_name = 'run' AND index_name = 'run_executor') = 0,
  'CREATE INDEX run_executor ON run (executor_id, id)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
