ALTER TABLE run_request DROP COLUMN asked;
