-- The runs of a job, newest first. Ordered by job alone, each job that runs has a page of its own, and every second writes all
-- of them; in parts of 262,144 ids only the pages of the newest part are written. The part is a column, because MariaDB has no
-- index over an expression; it is stored, because an index over a column that is not is younger and less proven there.
-- One statement, so all or nothing of it; made only if it is not there yet, because a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'run' AND column_name = 'part') = 0,
  'ALTER TABLE run ADD COLUMN part BIGINT AS (id DIV 262144) STORED, DROP INDEX run_job, ADD INDEX run_job (part, job_id, id)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
