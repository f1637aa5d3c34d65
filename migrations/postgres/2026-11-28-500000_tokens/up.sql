-- Tokens for programs that call the API. Only the hash is kept: a stolen copy of the database lets nobody in. What a token may do is
-- never more than what its user may do at the time of the call; `executors` (a JSON list, or nothing for all) narrows it further.
CREATE TABLE api_token (
  id BIGINT PRIMARY KEY NOT NULL,
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  name TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  executors TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE INDEX api_token_user ON api_token (user_id);
INSERT INTO id_block (name, next) VALUES ('token', 1);
