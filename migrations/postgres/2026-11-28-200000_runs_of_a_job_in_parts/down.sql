DROP INDEX run_job;
CREATE INDEX run_job ON run (job_id, id);
