-- What was done to one object, newest first, without a walk through what was done to all: the tab "Explain" of a job, and
-- which clearings there were.
-- Made only if it is not there yet: a definition is committed by itself, so a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.statistics
   WHERE table_schema = DATABASE() AND table_name = 'operation' AND index_name = 'operation_object') = 0,
  'CREATE INDEX operation_object ON operation (object_kind, object_id, id)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
