-- The page of runs, filtered by executor: newest first without a walk through everybody's runs.
CREATE INDEX run_executor ON run (executor_id, id);
