-- Tokens for programs that call the API. Only the hash is kept: a stolen copy of the database lets nobody in. What a token may do is
-- never more than what its user may do at the time of the call; `executors` (a JSON list, or nothing for all) narrows it further.
CREATE TABLE IF NOT EXISTS api_token (
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  name VARCHAR(512) NOT NULL,
  token_hash VARCHAR(255) NOT NULL,
  role VARCHAR(64) NOT NULL,
  executors TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used_at BIGINT,
  PRIMARY KEY (id),
  UNIQUE KEY api_token_hash (token_hash),
  KEY api_token_user (user_id),
  CONSTRAINT api_token_user_id FOREIGN KEY (user_id) REFERENCES user_account (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO id_block (name, next) VALUES ('token', 1);
