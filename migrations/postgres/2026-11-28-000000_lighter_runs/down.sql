DROP INDEX run_state;
CREATE INDEX run_state ON run (state, id);
