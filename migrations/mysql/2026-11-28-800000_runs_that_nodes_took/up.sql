-- Runs that nodes took, many in one row, until their own rows say so: after a crash they are not sent again.
CREATE TABLE IF NOT EXISTS run_taken (
  id BIGINT NOT NULL,
  taken TEXT NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
