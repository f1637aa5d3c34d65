-- Runs that nodes took, many in one row, until their own rows say so: after a crash they are not sent again.
CREATE TABLE run_taken (
  id BIGINT PRIMARY KEY NOT NULL,
  taken TEXT NOT NULL
);
