-- A hash of what was asked for under a key of "run now": whoever repeats the key must ask for the same. Absent for keys that
-- were used before this was kept.
ALTER TABLE run_request ADD COLUMN asked TEXT;
