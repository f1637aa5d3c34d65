-- Many jobs created in one request: an item with a key that is repeated finds the job that it made the first time.
CREATE TABLE IF NOT EXISTS job_request (
  request_key VARBINARY(1020) NOT NULL,
  job_id BIGINT NOT NULL,
  -- A hash of what was asked for under the key.
  asked VARCHAR(64) NOT NULL,
  PRIMARY KEY (request_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
