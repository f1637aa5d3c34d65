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
    /// Inserts keys of "run now".
    pub(super) keep_requests: &'static str,
    /// Adds to the outcomes per hour.
    pub(super) count: &'static str,
    /// Raises the last ends of the jobs of these runs.
    pub(super) end: &'static str,
    /// Keeps notes of runs that nodes took: (id, text).
    pub(super) take: &'static str,
    /// Deletes such notes.
    pub(super) untake: &'static str,
    /// Raises checkpoints.
    pub(super) checkpoint: &'static str,
    /// Keeps that runs are open: (run, job).
    pub(super) open: &'static str,
    /// Forgets that runs are open.
    pub(super) over: &'static str,
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
    keep_requests: "INSERT INTO run_request (job_id, request_key, run_id, created_at, asked) \
        SELECT v.job_id, CAST(v.request_key AS BINARY), v.run_id, v.created_at, v.asked FROM JSON_TABLE(?, '$[*]' COLUMNS (\
        job_id BIGINT PATH '$.job_id' ERROR ON ERROR, request_key LONGTEXT PATH '$.request_key' ERROR ON ERROR, \
        run_id BIGINT PATH '$.run_id' ERROR ON ERROR, created_at BIGINT PATH '$.created_at' ERROR ON ERROR, \
        asked LONGTEXT PATH '$.asked' ERROR ON ERROR)) AS v",
    count: "INSERT INTO run_stat (hour, state, runs) SELECT v.hour, v.state, v.runs \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (hour BIGINT PATH '$[0]' ERROR ON ERROR, \
        state SMALLINT PATH '$[1]' ERROR ON ERROR, runs BIGINT PATH '$[2]' ERROR ON ERROR)) AS v \
        ON DUPLICATE KEY UPDATE runs = run_stat.runs + v.runs",
    end: "INSERT INTO job_last_end (job_id, ended_at) SELECT run.job_id, v.at \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (run_id BIGINT PATH '$[0]' ERROR ON ERROR, \
        at BIGINT PATH '$[1]' ERROR ON ERROR)) AS v STRAIGHT_JOIN run ON run.id = v.run_id \
        ON DUPLICATE KEY UPDATE ended_at = GREATEST(job_last_end.ended_at, v.at)",
    take: "INSERT INTO run_taken (id, taken) SELECT v.id, v.taken FROM JSON_TABLE(?, '$[*]' COLUMNS (\
        id BIGINT PATH '$[0]' ERROR ON ERROR, taken LONGTEXT PATH '$[1]' ERROR ON ERROR)) AS v",
    untake: "DELETE run_taken FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$' ERROR ON ERROR)) AS v \
        STRAIGHT_JOIN run_taken ON run_taken.id = v.id",
    checkpoint: "INSERT INTO job_checkpoint (job_id, planned_until) SELECT v.job_id, v.until \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT PATH '$[0]' ERROR ON ERROR, \
        until BIGINT PATH '$[1]' ERROR ON ERROR)) AS v \
        ON DUPLICATE KEY UPDATE planned_until = GREATEST(job_checkpoint.planned_until, v.until)",
    open: "INSERT INTO run_open (run_id, job_id) SELECT v.run_id, v.job_id \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (run_id BIGINT PATH '$[0]' ERROR ON ERROR, \
        job_id BIGINT PATH '$[1]' ERROR ON ERROR)) AS v ON DUPLICATE KEY UPDATE job_id = run_open.job_id",
    over: "DELETE run_open FROM JSON_TABLE(?, '$[*]' COLUMNS (run_id BIGINT PATH '$' ERROR ON ERROR)) AS v \
        STRAIGHT_JOIN run_open ON run_open.run_id = v.run_id",
    mark: "INSERT INTO journal_mark (journal, run_id) SELECT v.journal, v.run_id \
        FROM JSON_TABLE(?, '$[*]' COLUMNS (journal BIGINT PATH '$[0]' ERROR ON ERROR, \
        run_id BIGINT PATH '$[1]' ERROR ON ERROR)) AS v \
        ON DUPLICATE KEY UPDATE run_id = GREATEST(journal_mark.run_id, v.run_id)",
};

/// The parameter is a text to the driver; `::text::json` makes it JSON on the server.
///
/// A statement's plan is made once for each connection, often on a ledger that is empty yet. A join with the rows of the JSON
/// would then read the whole ledger, and do so a million runs later; an array of ids, or a question for each row, does not.
pub(super) const POSTGRES: Sql = Sql {
    partitions: "SELECT a.many, LEAST(a.lowest, d.epoch), GREATEST(a.highest, d.epoch) \
        FROM (SELECT epoch FROM partition_lease WHERE id = 0 FOR SHARE) AS d, (SELECT count(*) AS many, \
        min(epoch) AS lowest, max(epoch) AS highest FROM partition_lease WHERE id < ?::text::bigint) AS a",
    states: "SELECT id, state FROM run \
        WHERE id = ANY (ARRAY(SELECT v::bigint FROM json_array_elements_text(?::text::json) AS v)) ORDER BY id FOR UPDATE",
    fires: "SELECT run.scheduled_at, run.job_id, run.kind, run.attempt, run.id, run.state \
        FROM json_array_elements(?::text::json) AS v CROSS JOIN LATERAL (SELECT * FROM run \
        WHERE scheduled_at = (v ->> 0)::bigint AND job_id = (v ->> 1)::bigint AND kind = (v ->> 2)::smallint \
        AND shard = 0 AND attempt = (v ->> 3)::integer LIMIT 1) AS run",
    requests: "SELECT q.job_id, q.request_key, q.run_id, run.state FROM json_array_elements(?::text::json) AS v \
        JOIN run_request AS q ON q.job_id = (v ->> 0)::bigint AND q.request_key = v ->> 1 \
        LEFT JOIN LATERAL (SELECT state FROM run WHERE id = q.run_id LIMIT 1) AS run ON true",
    withdraw: "DELETE FROM run \
        WHERE id = ANY (ARRAY(SELECT v::bigint FROM json_array_elements_text(?::text::json) AS v))",
    settle: "DELETE FROM job_debt USING json_array_elements(?::text::json) AS v \
        WHERE job_debt.job_id = (v ->> 0)::bigint AND job_debt.version = (v ->> 1)::bigint",
    keep_requests: "INSERT INTO run_request (job_id, request_key, run_id, created_at, asked) \
        SELECT job_id, request_key, run_id, created_at, asked FROM json_to_recordset(?::text::json) \
        AS v (job_id bigint, request_key text, run_id bigint, created_at bigint, asked text)",
    count: "INSERT INTO run_stat (hour, state, runs) \
        SELECT (v ->> 0)::bigint, (v ->> 1)::smallint, (v ->> 2)::bigint FROM json_array_elements(?::text::json) AS v \
        ON CONFLICT (hour, state) DO UPDATE SET runs = run_stat.runs + EXCLUDED.runs",
    end: "INSERT INTO job_last_end (job_id, ended_at) SELECT run.job_id, max((v ->> 1)::bigint) \
        FROM json_array_elements(?::text::json) AS v \
        CROSS JOIN LATERAL (SELECT job_id FROM run WHERE id = (v ->> 0)::bigint LIMIT 1) AS run GROUP BY run.job_id \
        ON CONFLICT (job_id) DO UPDATE SET ended_at = GREATEST(job_last_end.ended_at, EXCLUDED.ended_at)",
    take: "INSERT INTO run_taken (id, taken) \
        SELECT (v ->> 0)::bigint, v ->> 1 FROM json_array_elements(?::text::json) AS v",
    untake: "DELETE FROM run_taken \
        WHERE id = ANY (ARRAY(SELECT v::bigint FROM json_array_elements_text(?::text::json) AS v))",
    checkpoint: "INSERT INTO job_checkpoint (job_id, planned_until) \
        SELECT (v ->> 0)::bigint, (v ->> 1)::bigint FROM json_array_elements(?::text::json) AS v \
        ON CONFLICT (job_id) DO UPDATE SET planned_until = EXCLUDED.planned_until \
        WHERE job_checkpoint.planned_until < EXCLUDED.planned_until",
    open: "INSERT INTO run_open (run_id, job_id) \
        SELECT (v ->> 0)::bigint, (v ->> 1)::bigint FROM json_array_elements(?::text::json) AS v \
        ON CONFLICT (run_id) DO NOTHING",
    over: "DELETE FROM run_open \
        WHERE run_id = ANY (ARRAY(SELECT v::bigint FROM json_array_elements_text(?::text::json) AS v))",
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
            let Sql { partitions, states, fires, requests, withdraw, settle, .. } = sql;
            let Sql { keep_requests, count, end, take, untake, checkpoint, open, over, mark, .. } = sql;
            let asks = [partitions, states, fires, requests];
            let writes = [withdraw, settle, keep_requests, count, end, take, untake, checkpoint, open, over, mark];
            for text in asks.into_iter().chain(writes) {
                assert_eq!(text.matches('?').count(), 1, "{text}");
            }
        }
    }
}
