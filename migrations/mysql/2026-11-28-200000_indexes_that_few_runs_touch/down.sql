DROP TABLE run_open;
ALTER TABLE run DROP INDEX run_job, DROP COLUMN part, ADD INDEX run_job (job_id, id),
  DROP INDEX run_unsuccessful, DROP COLUMN unsuccessful, ADD INDEX run_state (state, id);
