-- The whole model of the first version. Times are epoch milliseconds (UTC), ids come from blocks leased in id_block,
-- enumerations are the numbers and words of the `scheduler` crate, `spec` is the JSON of a checked definition.
-- A deleted job or executor keeps its row (deleted_at), so that runs and operations can still say whose they were.
--
-- Definitions are not transactional here: every statement can be repeated after a crash half way.
-- Texts compare byte by byte (utf8mb4_bin); keys are VARCHAR because an index needs a length; what may be long is
-- MEDIUMTEXT (16 MiB).

CREATE TABLE IF NOT EXISTS id_block (
  name VARCHAR(64) NOT NULL,
  next BIGINT NOT NULL,
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO id_block (name, next) VALUES
  ('job', 1), ('executor', 1), ('node', 1), ('run', 1), ('user', 1), ('operation', 1)
  ON DUPLICATE KEY UPDATE next = next;

-- Jobs are hashed to partitions; whoever owns a partition holds its epoch, and the journal checks it in its transaction.
CREATE TABLE IF NOT EXISTS partition_lease (
  id BIGINT NOT NULL,
  owner VARCHAR(255),
  epoch BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS executor (
  id BIGINT NOT NULL,
  name VARCHAR(512) NOT NULL,
  app_key VARCHAR(255) NOT NULL,
  app_secret VARCHAR(512),
  registration VARCHAR(32) NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (id),
  UNIQUE KEY executor_app_key (app_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS node (
  id BIGINT NOT NULL,
  executor_id BIGINT NOT NULL,
  address VARCHAR(512) NOT NULL,
  registration VARCHAR(32) NOT NULL,
  agent MEDIUMTEXT,
  instance MEDIUMTEXT,
  state SMALLINT NOT NULL,
  first_seen_at BIGINT NOT NULL,
  last_seen_at BIGINT,
  PRIMARY KEY (id),
  UNIQUE KEY node_address (executor_id, address),
  CONSTRAINT node_executor FOREIGN KEY (executor_id) REFERENCES executor (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS job (
  id BIGINT NOT NULL,
  executor_id BIGINT NOT NULL,
  partition_id BIGINT NOT NULL,
  name VARCHAR(512) NOT NULL,
  handler VARCHAR(512) NOT NULL,
  owner VARCHAR(512) NOT NULL,
  spec MEDIUMTEXT NOT NULL,
  enabled BOOLEAN NOT NULL,
  anchor_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (id),
  KEY job_executor (executor_id, id),
  CONSTRAINT job_executor_id FOREIGN KEY (executor_id) REFERENCES executor (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The last occurrence of a job that has a row, written in batches. Everything after it is found in `run` beyond the
-- journal's mark: all rows up to and including that id are reflected here.
CREATE TABLE IF NOT EXISTS job_checkpoint (
  job_id BIGINT NOT NULL,
  planned_until BIGINT NOT NULL,
  PRIMARY KEY (job_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS journal_mark (
  journal BIGINT NOT NULL,
  run_id BIGINT NOT NULL,
  PRIMARY KEY (journal)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The ledger: one row per fire and attempt. The unique key is what makes a second one impossible.
CREATE TABLE IF NOT EXISTS run (
  id BIGINT NOT NULL,
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
  parameters MEDIUMTEXT,
  requested_by TEXT,
  created_at BIGINT NOT NULL,
  sent_at BIGINT,
  accepted_at BIGINT,
  cancel_at BIGINT,
  finished_at BIGINT,
  code INTEGER,
  message MEDIUMTEXT,
  PRIMARY KEY (id),
  UNIQUE KEY run_fire (scheduled_at, job_id, kind, shard, attempt),
  KEY run_job (job_id, id),
  KEY run_state (state, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- "Run now" repeated with the same key finds the run it made the first time. The key is bytes (UTF-8), because to a text
-- two keys that differ in spaces at their end are the same.
CREATE TABLE IF NOT EXISTS run_request (
  job_id BIGINT NOT NULL,
  request_key VARBINARY(1020) NOT NULL,
  run_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (job_id, request_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Outcomes per hour, counted in the transaction that writes them; clearing runs does not change history.
CREATE TABLE IF NOT EXISTS run_stat (
  hour BIGINT NOT NULL,
  state SMALLINT NOT NULL,
  runs BIGINT NOT NULL,
  PRIMARY KEY (hour, state)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS user_account (
  id BIGINT NOT NULL,
  name VARCHAR(255) NOT NULL,
  password_hash TEXT NOT NULL,
  role VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY user_account_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Only the hash of a session's token is kept: a stolen copy of the database logs nobody in.
CREATE TABLE IF NOT EXISTS session (
  token_hash VARCHAR(255) NOT NULL,
  user_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (token_hash),
  KEY session_user (user_id),
  CONSTRAINT session_user_id FOREIGN KEY (user_id) REFERENCES user_account (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What people did: who, when, to which object, field by field.
CREATE TABLE IF NOT EXISTS operation (
  id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  user_name VARCHAR(512) NOT NULL,
  action VARCHAR(64) NOT NULL,
  object_kind VARCHAR(64) NOT NULL,
  object_id BIGINT NOT NULL,
  object_name TEXT NOT NULL,
  changes MEDIUMTEXT NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
