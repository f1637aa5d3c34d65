-- The operation log as a chain: each entry has its place in it and a hash over itself and the entry before, so that one that is changed
-- or missing is found out. Entries from before have no place. From where it was done is the client's address.
-- One statement, so all or nothing of it; made only if it is not there yet, because a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'operation' AND column_name = 'place') = 0,
  'ALTER TABLE operation ADD COLUMN address VARCHAR(64), ADD COLUMN place BIGINT, ADD COLUMN hash VARCHAR(64),
   ADD UNIQUE KEY operation_place (place)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
-- The end of the chain, and a mark by which the key of this database is known.
CREATE TABLE IF NOT EXISTS operation_chain (
  id BIGINT NOT NULL PRIMARY KEY,
  place BIGINT NOT NULL,
  hash VARCHAR(64) NOT NULL,
  key_mark VARCHAR(64)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO operation_chain (id, place, hash) VALUES (1, 0, '');
-- The secret that an executor had before, good until a moment: its nodes need time to take over a new one.
CREATE TABLE IF NOT EXISTS executor_former_secret (
  executor_id BIGINT NOT NULL PRIMARY KEY,
  secret VARCHAR(512) NOT NULL,
  until_at BIGINT NOT NULL,
  CONSTRAINT executor_former_secret_executor_id FOREIGN KEY (executor_id) REFERENCES executor (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- By which secret a node last called in: 0 the present one, 1 the one before, 2 an older one.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'node' AND column_name = 'secret_age') = 0,
  'ALTER TABLE node ADD COLUMN secret_age SMALLINT NOT NULL DEFAULT 0',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
