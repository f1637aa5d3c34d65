-- The runs of a job, newest first. Ordered by job alone, each job that runs has a page of its own, and every second writes all
-- of them; in parts of 262,144 ids only the pages of the newest part are written. The part is a column, because MariaDB has no
-- index over an expression; it is stored, because an index over a column that is not is younger and less proven there.
-- Nobody looks for runs that succeeded by their state, and open ones are those beyond the journal's mark and those that were
-- open when it passed: a run that succeeds never touches the index.
-- (MariaDB has no index over some of the rows: there a run is entered once, without a value, and stays so when it succeeds.)
-- One statement, so all or nothing of it; made only if it is not there yet, because a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'run' AND column_name = 'part') = 0,
  'ALTER TABLE run ADD COLUMN part BIGINT AS (id DIV 262144) STORED, DROP INDEX run_job, ADD INDEX run_job (part, job_id, id),
   ADD COLUMN unsuccessful SMALLINT AS (IF(state > 10, state, NULL)) STORED, DROP INDEX run_state,
   ADD INDEX run_unsuccessful (unsuccessful, id)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
-- Runs that were still open when the journal's mark passed them. One that ended meanwhile goes when the mark moves again.
CREATE TABLE IF NOT EXISTS run_open (
  run_id BIGINT NOT NULL,
  job_id BIGINT NOT NULL,
  PRIMARY KEY (run_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO run_open (run_id, job_id) SELECT id, job_id FROM run WHERE state < 10 ON DUPLICATE KEY UPDATE job_id = run_open.job_id;
