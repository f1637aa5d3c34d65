DROP TABLE job_debt;
