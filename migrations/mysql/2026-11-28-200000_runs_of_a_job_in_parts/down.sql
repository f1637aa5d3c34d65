ALTER TABLE run DROP INDEX run_job, DROP COLUMN part, ADD INDEX run_job (job_id, id);
