-- The whole model of the first version. Times are epoch milliseconds (UTC), ids come from blocks leased in id_block,
-- enumerations are the numbers and words of the `scheduler` crate, `spec` is the JSON of a checked definition.
-- A deleted job or executor keeps its row (deleted_at), so that runs and operations can still say whose they were.

CREATE TABLE id_block (
  name TEXT PRIMARY KEY NOT NULL,
  next BIGINT NOT NULL
);
INSERT INTO id_block (name, next) VALUES
  ('job', 1), ('executor', 1), ('node', 1), ('run', 1), ('user', 1), ('operation', 1);

-- Jobs are hashed to partitions; whoever owns a partition holds its epoch, and the journal checks it in its transaction.
CREATE TABLE partition_lease (
  id BIGINT PRIMARY KEY NOT NULL,
  owner TEXT,
  epoch BIGINT NOT NULL,
  lease_until BIGINT NOT NULL
);

CREATE TABLE executor (
  id BIGINT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  app_key TEXT NOT NULL UNIQUE,
  app_secret TEXT,
  registration TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT
);

CREATE TABLE node (
  id BIGINT PRIMARY KEY NOT NULL,
  executor_id BIGINT NOT NULL REFERENCES executor (id),
  address TEXT NOT NULL,
  registration TEXT NOT NULL,
  agent TEXT,
  instance TEXT,
  state SMALLINT NOT NULL,
  first_seen_at BIGINT NOT NULL,
  last_seen_at BIGINT,
  UNIQUE (executor_id, address)
);

CREATE TABLE job (
  id BIGINT PRIMARY KEY NOT NULL,
  executor_id BIGINT NOT NULL REFERENCES executor (id),
  partition_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  handler TEXT NOT NULL,
  owner TEXT NOT NULL,
  spec TEXT NOT NULL,
  enabled BOOLEAN NOT NULL,
  anchor_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX job_executor ON job (executor_id, id);

-- The last occurrence of a job that has a row, written in batches. Everything after it is found in `run` beyond the
-- journal's mark: all rows up to and including that id are reflected here.
CREATE TABLE job_checkpoint (
  job_id BIGINT PRIMARY KEY NOT NULL,
  planned_until BIGINT NOT NULL
);
CREATE TABLE journal_mark (
  journal BIGINT PRIMARY KEY NOT NULL,
  run_id BIGINT NOT NULL
);

-- The ledger: one row per fire and attempt. The unique key is what makes a second one impossible.
CREATE TABLE run (
  id BIGINT PRIMARY KEY NOT NULL,
  job_id BIGINT NOT NULL,
  executor_id BIGINT NOT NULL,
  kind SMALLINT NOT NULL,
  scheduled_at BIGINT NOT NULL,
  shard INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  state SMALLINT NOT NULL,
  reason SMALLINT NOT NULL,
  not_before BIGINT NOT NULL,
  node TEXT,
  pinned BOOLEAN NOT NULL,
  parameters TEXT,
  requested_by TEXT,
  created_at BIGINT NOT NULL,
  sent_at BIGINT,
  accepted_at BIGINT,
  cancel_at BIGINT,
  finished_at BIGINT,
  code INTEGER,
  message TEXT,
  UNIQUE (scheduled_at, job_id, kind, shard, attempt)
);
CREATE INDEX run_job ON run (job_id, id);
CREATE INDEX run_state ON run (state, id);

-- "Run now" repeated with the same key finds the run it made the first time.
CREATE TABLE run_request (
  job_id BIGINT NOT NULL,
  request_key TEXT NOT NULL,
  run_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (job_id, request_key)
);

-- Outcomes per hour, counted in the transaction that writes them; clearing runs does not change history.
CREATE TABLE run_stat (
  hour BIGINT NOT NULL,
  state SMALLINT NOT NULL,
  runs BIGINT NOT NULL,
  PRIMARY KEY (hour, state)
);

CREATE TABLE user_account (
  id BIGINT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Only the hash of a session's token is kept: a stolen copy of the database logs nobody in.
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  address TEXT NOT NULL
);
CREATE INDEX session_user_id ON session (user_id);

-- What people did: who, when, to which object, field by field.
CREATE TABLE operation (
  id BIGINT PRIMARY KEY NOT NULL,
  at BIGINT NOT NULL,
  user_name TEXT NOT NULL,
  action TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object_id BIGINT NOT NULL,
  object_name TEXT NOT NULL,
  changes TEXT NOT NULL
);
