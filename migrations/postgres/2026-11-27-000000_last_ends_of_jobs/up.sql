-- When a job with a fixed delay last ended a run: its next occurrence counts from there, also after its runs were cleared.
CREATE TABLE job_last_end (
  job_id BIGINT PRIMARY KEY NOT NULL,
  ended_at BIGINT NOT NULL
);
