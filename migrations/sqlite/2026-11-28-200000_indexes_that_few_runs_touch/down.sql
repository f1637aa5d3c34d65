DROP TABLE run_open;
DROP INDEX run_unsuccessful;
CREATE INDEX run_state ON run (state, id) WHERE state <> 10;
DROP INDEX run_executor;
CREATE INDEX run_executor ON run (executor_id, id);
DROP INDEX run_job;
CREATE INDEX run_job ON run (job_id, id);
