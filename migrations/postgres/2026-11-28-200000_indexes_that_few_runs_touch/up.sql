-- The runs of a job, newest first. Ordered by job alone, each job that runs has a page of its own, and every second writes all
-- of them; in parts of 262,144 ids only the pages of the newest part are written.
DROP INDEX run_job;
CREATE INDEX run_job ON run ((id >> 18), job_id, id);
-- Nobody looks for runs that succeeded by their state, and open ones are those beyond the journal's mark and those that were
-- open when it passed: a run that succeeds never touches the index.
DROP INDEX run_state;
CREATE INDEX run_unsuccessful ON run (state, id) WHERE state > 10;
-- Runs that were still open when the journal's mark passed them. One that ended meanwhile goes when the mark moves again.
CREATE TABLE run_open (
  run_id BIGINT PRIMARY KEY NOT NULL,
  job_id BIGINT NOT NULL
);
INSERT INTO run_open (run_id, job_id) SELECT id, job_id FROM run WHERE state < 10;
