ALTER TABLE run RESET (fillfactor);
DROP INDEX run_unsuccessful;
CREATE INDEX run_unsuccessful ON run (state, id) WHERE state > 10;
ALTER TABLE run DROP COLUMN unsuccessful;
