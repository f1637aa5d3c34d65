-- A row that changes nothing an index knows gets its new version beside the old one, and no index is written: "heap-only
-- tuples". A state that stands in an index, be it only as its condition, forbids that, whatever the state is; so the index of
-- what ended otherwise than well has a column of its own, which has no value before and none for a run that succeeds. And the
-- page needs room: each row changes once or twice, shortly after it was written.
ALTER TABLE run ADD COLUMN unsuccessful SMALLINT GENERATED ALWAYS AS (CASE WHEN state > 10 THEN state END) STORED;
DROP INDEX run_unsuccessful;
CREATE INDEX run_unsuccessful ON run (unsuccessful, id) WHERE unsuccessful IS NOT NULL;
ALTER TABLE run SET (fillfactor = 50);
