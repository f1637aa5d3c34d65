-- The operation log as a chain: each entry has its place in it and a hash over itself and the entry before, so that one that is changed
-- or missing is found out. Entries from before have no place. From where it was done is the client's address.
ALTER TABLE operation ADD COLUMN address TEXT;
ALTER TABLE operation ADD COLUMN place BIGINT;
ALTER TABLE operation ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX operation_place ON operation (place);
-- The end of the chain, and a mark by which the key of this database is known.
CREATE TABLE operation_chain (
  id BIGINT NOT NULL PRIMARY KEY,
  place BIGINT NOT NULL,
  hash TEXT NOT NULL,
  key_mark TEXT
);
INSERT INTO operation_chain (id, place, hash) VALUES (1, 0, '');
-- The secret that an executor had before, good until a moment: its nodes need time to take over a new one.
CREATE TABLE executor_former_secret (
  executor_id BIGINT NOT NULL PRIMARY KEY REFERENCES executor (id),
  secret TEXT NOT NULL,
  until_at BIGINT NOT NULL
);
-- By which secret a node last called in: 0 the present one, 1 the one before, 2 an older one.
ALTER TABLE node ADD COLUMN secret_age SMALLINT NOT NULL DEFAULT 0;
