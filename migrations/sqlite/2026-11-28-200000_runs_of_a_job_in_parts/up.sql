-- The runs of a job, newest first. Ordered by job alone, each job that runs has a page of its own, and every second writes all
-- of them; in parts of 262,144 ids only the pages of the newest part are written.
DROP INDEX run_job;
CREATE INDEX run_job ON run (id >> 18, job_id);
-- An index ends with the number of the row by itself: named, it stood there twice.
DROP INDEX run_executor;
CREATE INDEX run_executor ON run (executor_id);
DROP INDEX run_state;
CREATE INDEX run_state ON run (state) WHERE state <> 10;
