-- What a definition that is over may still owe: rows for occurrences that were due before it was changed, stopped or deleted.
-- Written in the transaction of the change, gone in the transaction that writes the rows.
CREATE TABLE job_debt (
  job_id BIGINT NOT NULL,
  -- The version of the job that is over.
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  anchor_at BIGINT NOT NULL,
  -- Everything up to here surely has its rows; absent: nothing is known.
  floor_at BIGINT,
  -- The moment of the change: the last one that may be owed.
  until_at BIGINT NOT NULL,
  PRIMARY KEY (job_id, version)
);
