DROP INDEX run_job;
CREATE INDEX run_job ON run (job_id, id);
DROP INDEX run_executor;
CREATE INDEX run_executor ON run (executor_id, id);
DROP INDEX run_state;
CREATE INDEX run_state ON run (state, id) WHERE state <> 10;
