-- When a job with a fixed delay last ended a run: its next occurrence counts from there, also after its runs were cleared.
CREATE TABLE IF NOT EXISTS job_last_end (
  job_id BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (job_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
