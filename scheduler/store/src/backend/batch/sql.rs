//! The statements of a batch, in the words of each database. Each takes one parameter, marked `?`: rows as JSON.
//!
//! Rows with names are objects, whose absent fields are NULL; short ones are arrays. MySQL's texts are LONGTEXT here, since
//! JSON_TABLE would cut what a shorter type cannot hold; the table itself then refuses what is too long.

/// One set for one database.
pub(super) struct Sql {
    /// How many partitions there are below a number (the parameter), their lowest and their highest epoch. The first one is
    /// locked until the transaction ends: whoever takes them takes all, so that this one bars the way. No row: it is gone.
    pub(super) partitions: &'static str,
    /// (id, state) of the runs with these ids, locked in their order.
    pub(super) states: &'static str,
    /// (scheduled_at, job, kind, attempt, id, state) of the runs with these keys.
    pub(super) fires: &'static str,
    /// (job, key, run, its state if it is still there) of these requests.
    pub(super) requests: &'static str,
    /// Deletes runs with these ids.
    pub(super) withdraw: &'static str,
    /// Deletes debts: (job, version).
    pub(super) settle: &'static str,
    /// Inserts runs.
    pub(super) open: &'static str,
    /// Inserts keys of "run now".
    pub(super) keep_requests: &'static str,
    /// Changes runs; what is absent stays.
    pub(super) change: &'static str,
    /// Adds to the outcomes per hour.
    pub(super) count: &'static str,
    /// Raises the last ends of the jobs of these runs.
    pub(super) end: &'static str,
    /// Raises checkpoints.
    pub(super) checkpoint: &'static str,
    /// Raises a journal's mark.
    pub(super) mark: &'static str,
}

/// STRAIGHT_JOIN: rows are visited, and so locked, in the order of the JSON.
pub(super) const MYSQL: Sql = Sql {
    partitions: "SELECT a.many, LEAST(a.lowest, d.epoch), GREATEST(a.highest, d.epoch) \
        FROM (SELECT epoch FROM partition_lease WHERE id = 0 LOCK IN SHARE MODE) AS d, (SELECT COUNT(*) AS many, \
        MIN(epoch) AS lowest, MAX(epoch) AS highest FROM partition_lease WHERE id < CAST(? AS SIGNED)) AS a",
    states: "SELECT run.id, run.state FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$' ERROR ON ERROR)) AS v \
        STRAIGHT_JOIN run ON run.id = v.id FOR UPDATE",
    fires: "SELECT run.scheduled_at, run.job_id, run.kind, run.attempt, run.id, run.state \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (scheduled_at BIGINT PATH '$[0]', job_id BIGINT PATH '$[1]', \
        kind SMALLINT PATH '$[2]', attempt INTEGER PATH '$[3]')) AS v \
        STRAIGHT_JOIN run ON run.scheduled_at = v.scheduled_at AND run.job_id = v.job_id AND run.kind = v.kind \
        AND run.shard = 0 AND run.attempt = v.attempt",
    requests: "SELECT q.job_id, q.request_key, q.run_id, run.state \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT PATH '$[0]', request_key LONGTEXT PATH '$[1]')) AS v \
        STRAIGHT_JOIN run_request AS q ON q.job_id = v.job_id AND q.request_key = CAST(v.request_key AS BINARY) \
        LEFT JOIN run ON run.id = q.run_id",
    withdraw: "DELETE run FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$' ERROR ON ERROR)) AS v \
        STRAIGHT_JOIN run ON run.id = v.id",
    settle: "DELETE job_debt FROM JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT PATH '$[0]' ERROR ON ERROR, \
        version BIGINT PATH '$[1]' ERROR ON ERROR)) AS v \
        STRAIGHT_JOIN job_debt ON job_debt.job_id = v.job_id AND job_debt.version = v.version",
    open: "INSERT INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, node, \
        pinned, parameters, requested_by, created_at, sent_at, accepted_at, cancel_at, finished_at, code, message) \
        SELECT v.id, v.job_id, v.executor_id, v.kind, v.scheduled_at, v.shard, v.attempt, v.state, v.reason, \
        v.not_before, v.node, v.pinned, v.parameters, v.requested_by, v.created_at, v.sent_at, v.accepted_at, \
        v.cancel_at, v.finished_at, v.code, v.message \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id' ERROR ON ERROR, \
        job_id BIGINT PATH '$.job_id' ERROR ON ERROR, executor_id BIGINT PATH '$.executor_id' ERROR ON ERROR, \
        kind SMALLINT PATH '$.kind' ERROR ON ERROR, scheduled_at BIGINT PATH '$.scheduled_at' ERROR ON ERROR, \
        shard INTEGER PATH '$.shard' ERROR ON ERROR, attempt INTEGER PATH '$.attempt' ERROR ON ERROR, \
        state SMALLINT PATH '$.state' ERROR ON ERROR, reason SMALLINT PATH '$.reason' ERROR ON ERROR, \
        not_before BIGINT PATH '$.not_before' ERROR ON ERROR, node LONGTEXT PATH '$.node' ERROR ON ERROR, \
        pinned SMALLINT PATH '$.pinned' ERROR ON ERROR, parameters LONGTEXT PATH '$.parameters' ERROR ON ERROR, \
        requested_by LONGTEXT PATH '$.requested_by' ERROR ON ERROR, \
        created_at BIGINT PATH '$.created_at' ERROR ON ERROR, sent_at BIGINT PATH '$.sent_at' ERROR ON ERROR, \
        accepted_at BIGINT PATH '$.accepted_at' ERROR ON ERROR, cancel_at BIGINT PATH '$.cancel_at' ERROR ON ERROR, \
        finished_at BIGINT PATH '$.finished_at' ERROR ON ERROR, code INTEGER PATH '$.code' ERROR ON ERROR, \
        message LONGTEXT PATH '$.message' ERROR ON ERROR)) AS v",
    keep_requests: "INSERT INTO run_request (job_id, request_key, run_id, created_at, asked) \
        SELECT v.job_id, CAST(v.request_key AS BINARY), v.run_id, v.created_at, v.asked FROM JSON_TABLE(?, '$[*]' COLUMNS (\
        job_id BIGINT PATH '$.job_id' ERROR ON ERROR, request_key LONGTEXT PATH '$.request_key' ERROR ON ERROR, \
        run_id BIGINT PATH '$.run_id' ERROR ON ERROR, created_at BIGINT PATH '$.created_at' ERROR ON ERROR, \
        asked LONGTEXT PATH '$.asked' ERROR ON ERROR)) AS v",
    change: "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id' ERROR ON ERROR, \
        state SMALLINT PATH '$.state' ERROR ON ERROR, reason SMALLINT PATH '$.reason' ERROR ON ERROR, \
        node LONGTEXT PATH '$.node' ERROR ON ERROR, executor_id BIGINT PATH '$.executor_id' ERROR ON ERROR, \
        sent_at BIGINT PATH '$.sent_at' ERROR ON ERROR, accepted_at BIGINT PATH '$.accepted_at' ERROR ON ERROR, \
        cancel_at BIGINT PATH '$.cancel_at' ERROR ON ERROR, \
        finished_at BIGINT PATH '$.finished_at' ERROR ON ERROR, code INTEGER PATH '$.code' ERROR ON ERROR, \
        message LONGTEXT PATH '$.message' ERROR ON ERROR)) AS v STRAIGHT_JOIN run ON run.id = v.id \
        SET run.state = v.state, run.reason = v.reason, run.node = COALESCE(v.node, run.node), \
        run.executor_id = COALESCE(v.executor_id, run.executor_id), \
        run.sent_at = COALESCE(v.sent_at, run.sent_at), run.accepted_at = COALESCE(v.accepted_at, run.accepted_at), \
        run.cancel_at = COALESCE(v.cancel_at, run.cancel_at), \
        run.finished_at = COALESCE(v.finished_at, run.finished_at), run.code = COALESCE(v.code, run.code), \
        run.message = COALESCE(v.message, run.message)",
    count: "INSERT INTO run_stat (hour, state, runs) SELECT v.hour, v.state, v.runs \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (hour BIGINT PATH '$[0]' ERROR ON ERROR, \
        state SMALLINT PATH '$[1]' ERROR ON ERROR, runs BIGINT PATH '$[2]' ERROR ON ERROR)) AS v \
        ON DUPLICATE KEY UPDATE runs = run_stat.runs + v.runs",
    end: "INSERT INTO job_last_end (job_id, ended_at) SELECT run.job_id, v.at \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (run_id BIGINT PATH '$[0]' ERROR ON ERROR, \
        at BIGINT PATH '$[1]' ERROR ON ERROR)) AS v STRAIGHT_JOIN run ON run.id = v.run_id \
        ON DUPLICATE KEY UPDATE ended_at = GREATEST(job_last_end.ended_at, v.at)",
    checkpoint: "INSERT INTO job_checkpoint (job_id, planned_until) SELECT v.job_id, v.until \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT PATH '$[0]' ERROR ON ERROR, \
        until BIGINT PATH '$[1]' ERROR ON ERROR)) AS v \
        ON DUPLICATE KEY UPDATE planned_until = GREATEST(job_checkpoint.planned_until, v.until)",
    mark: "INSERT INTO journal_mark (journal, run_id) SELECT v.journal, v.run_id \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (journal BIGINT PATH '$[0]' ERROR ON ERROR, \
        run_id BIGINT PATH '$[1]' ERROR ON ERROR)) AS v \
        ON DUPLICATE KEY UPDATE run_id = GREATEST(journal_mark.run_id, v.run_id)",
};

/// The parameter is a text to the driver; `::text::json` makes it JSON on the server.
pub(super) const POSTGRES: Sql = Sql {
    partitions: "SELECT a.many, LEAST(a.lowest, d.epoch), GREATEST(a.highest, d.epoch) \
        FROM (SELECT epoch FROM partition_lease WHERE id = 0 FOR SHARE) AS d, (SELECT count(*) AS many, \
        min(epoch) AS lowest, max(epoch) AS highest FROM partition_lease WHERE id < ?::text::bigint) AS a",
    states: "SELECT id, state FROM run \
        WHERE id IN (SELECT v::bigint FROM json_array_elements_text(?::text::json) AS v) ORDER BY id FOR UPDATE",
    fires: "SELECT run.scheduled_at, run.job_id, run.kind, run.attempt, run.id, run.state \
        FROM json_array_elements(?::text::json) AS v JOIN run ON run.scheduled_at = (v ->> 0)::bigint \
        AND run.job_id = (v ->> 1)::bigint AND run.kind = (v ->> 2)::smallint AND run.shard = 0 \
        AND run.attempt = (v ->> 3)::integer",
    requests: "SELECT q.job_id, q.request_key, q.run_id, run.state FROM json_array_elements(?::text::json) AS v \
        JOIN run_request AS q ON q.job_id = (v ->> 0)::bigint AND q.request_key = v ->> 1 \
        LEFT JOIN run ON run.id = q.run_id",
    withdraw: "DELETE FROM run WHERE id IN (SELECT v::bigint FROM json_array_elements_text(?::text::json) AS v)",
    settle: "DELETE FROM job_debt USING json_array_elements(?::text::json) AS v \
        WHERE job_debt.job_id = (v ->> 0)::bigint AND job_debt.version = (v ->> 1)::bigint",
    open: "INSERT INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, node, \
        pinned, parameters, requested_by, created_at, sent_at, accepted_at, cancel_at, finished_at, code, message) \
        SELECT id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, node, \
        pinned <> 0, parameters, requested_by, created_at, sent_at, accepted_at, cancel_at, finished_at, code, message \
        FROM json_to_recordset(?::text::json) AS v (id bigint, job_id bigint, executor_id bigint, kind smallint, \
        scheduled_at bigint, shard integer, attempt integer, state smallint, reason smallint, not_before bigint, \
        node text, pinned smallint, parameters text, requested_by text, created_at bigint, sent_at bigint, \
        accepted_at bigint, cancel_at bigint, finished_at bigint, code integer, message text)",
    keep_requests: "INSERT INTO run_request (job_id, request_key, run_id, created_at, asked) \
        SELECT job_id, request_key, run_id, created_at, asked FROM json_to_recordset(?::text::json) \
        AS v (job_id bigint, request_key text, run_id bigint, created_at bigint, asked text)",
    change: "UPDATE run SET state = v.state, reason = v.reason, node = COALESCE(v.node, run.node), \
        executor_id = COALESCE(v.executor_id, run.executor_id), \
        sent_at = COALESCE(v.sent_at, run.sent_at), accepted_at = COALESCE(v.accepted_at, run.accepted_at), \
        cancel_at = COALESCE(v.cancel_at, run.cancel_at), finished_at = COALESCE(v.finished_at, run.finished_at), \
        code = COALESCE(v.code, run.code), message = COALESCE(v.message, run.message) \
        FROM json_to_recordset(?::text::json) AS v (id bigint, state smallint, reason smallint, node text, \
        executor_id bigint, sent_at bigint, accepted_at bigint, cancel_at bigint, finished_at bigint, code integer, message text) \
        WHERE run.id = v.id",
    count: "INSERT INTO run_stat (hour, state, runs) \
        SELECT (v ->> 0)::bigint, (v ->> 1)::smallint, (v ->> 2)::bigint FROM json_array_elements(?::text::json) AS v \
        ON CONFLICT (hour, state) DO UPDATE SET runs = run_stat.runs + EXCLUDED.runs",
    end: "INSERT INTO job_last_end (job_id, ended_at) SELECT run.job_id, max((v ->> 1)::bigint) \
        FROM json_array_elements(?::text::json) AS v JOIN run ON run.id = (v ->> 0)::bigint GROUP BY run.job_id \
        ON CONFLICT (job_id) DO UPDATE SET ended_at = GREATEST(job_last_end.ended_at, EXCLUDED.ended_at)",
    checkpoint: "INSERT INTO job_checkpoint (job_id, planned_until) \
        SELECT (v ->> 0)::bigint, (v ->> 1)::bigint FROM json_array_elements(?::text::json) AS v \
        ON CONFLICT (job_id) DO UPDATE SET planned_until = EXCLUDED.planned_until \
        WHERE job_checkpoint.planned_until < EXCLUDED.planned_until",
    mark: "INSERT INTO journal_mark (journal, run_id) \
        SELECT (v ->> 0)::bigint, (v ->> 1)::bigint FROM json_array_elements(?::text::json) AS v \
        ON CONFLICT (journal) DO UPDATE SET run_id = GREATEST(journal_mark.run_id, EXCLUDED.run_id)",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_has_exactly_one_parameter() {
        for sql in [&MYSQL, &POSTGRES] {
            let Sql { partitions, states, fires, requests, withdraw, settle, open, .. } = sql;
            let Sql { keep_requests, change, count, end, checkpoint, mark, .. } = sql;
            let asks = [partitions, states, fires, requests];
            for text in
                asks.into_iter().chain([withdraw, settle, open, keep_requests, change, count, end, checkpoint, mark])
            {
                assert_eq!(text.matches('?').count(), 1, "{text}");
            }
        }
    }
}
