-- Many jobs created in one request: an item with a key that is repeated finds the job that it made the first time.
CREATE TABLE job_request (
  request_key TEXT PRIMARY KEY NOT NULL,
  job_id BIGINT NOT NULL,
  -- A hash of what was asked for under the key.
  asked TEXT NOT NULL
);
