DROP TABLE job_last_end;
