-- What was done to one object, newest first, without a walk through what was done to all: the tab "Explain" of a job, and
-- which clearings there were.
CREATE INDEX operation_object ON operation (object_kind, object_id, id);
