DROP TABLE job_request;
