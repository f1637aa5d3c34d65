//! Jobs written straight into the database while no admin runs, for crowds that would take minutes through the API.
//!
//! One job of each crowd is made through the API and stays stopped. Its row, as the admin wrote it, is the template; copies
//! differ in number, name, schedule and anchor, and are as a start through the API leaves them. What the API writes beside
//! them, the operations log, is left out: nothing but a page reads it.

use std::fmt::Write as _;

use hzm_job_test_rig::clock::now_ms;
use serde_json::Value;

use crate::crowd::Crowd;
use crate::ledger::{Ledger, Template};
use crate::text;
use crate::verify::JobFacts;

/// Rows of one statement.
const PIECE: u32 = 1_000;
/// The version of a job that was created and started.
const STARTED: i64 = 2;
/// Jobs are divided among so many partitions; the rule is part of the stored data.
const PARTITIONS: u32 = 64;

/// Copies the template as often as the crowd wants it: the first number, and when the firing ones are due.
///
/// # Errors
/// When the database refuses, or the template is not what the admin writes.
pub fn fill(ledger: &mut Ledger, template: i64, crowd: Crowd) -> Result<(i64, Vec<JobFacts>), String> {
    let template = ledger.template(template)?;
    let first = ledger.lease_ids("job", u64::from(crowd.many))?;
    let mut facts = Vec::new();
    for from in (0..crowd.many).step_by(PIECE as usize) {
        let numbers = from..crowd.many.min(from + PIECE);
        let now = now_ms();
        ledger.execute(&statement(&template, crowd, first, numbers.clone(), now)?)?;
        facts.extend(
            numbers
                .filter_map(|number| crowd.rhythm.facts(first + i64::from(number), crowd.rhythm.anchor(number, now))),
        );
    }
    Ok((first, facts))
}

/// One statement that inserts the jobs of these numbers; the first of the crowd has the id `first`.
fn statement(
    template: &Template,
    crowd: Crowd,
    first: i64,
    numbers: std::ops::Range<u32>,
    now: i64,
) -> Result<String, String> {
    let mut spec: Value = serde_json::from_str(&template.spec).map_err(text)?;
    let Template { executor_id, handler, owner, .. } = template;
    let mut sql =
        "INSERT INTO job (id, executor_id, partition_id, name, handler, owner, spec, enabled, anchor_at, version, \
         created_at, updated_at) VALUES"
            .to_owned();
    for number in numbers {
        let id = first + i64::from(number);
        let (name, partition, anchor) = (format!("bench {id}"), partition(id), crowd.rhythm.anchor(number, now));
        let schedule = crowd.rhythm.schedule(number);
        *spec.get_mut("name").ok_or("the definition has no name")? = name.as_str().into();
        *spec.pointer_mut("/schedule/expression").ok_or("the definition has no expression")? =
            schedule.get("expression").cloned().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(
            sql,
            "{}({id},{executor_id},{partition},'{name}','{handler}','{owner}','{spec}',TRUE,{anchor},{STARTED},{anchor},{anchor})",
            if sql.ends_with(')') { "," } else { " " }
        );
    }
    if sql.contains('\\') || [handler, owner, &template.spec].iter().any(|part| part.contains('\'')) {
        return Err("the definition has characters that plain SQL would misread".to_owned());
    }
    Ok(sql)
}

/// The partition of a job: the top six bits of its number times 2^64 divided by the golden ratio.
fn partition(job: i64) -> u64 {
    job.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PARTITIONS.trailing_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::Rhythm;

    fn template(handler: &str) -> Template {
        let spec = r#"{"name":"x","schedule":{"kind":"cron","expression":"?","zone":"UTC"}}"#.to_owned();
        Template { executor_id: 3, handler: handler.to_owned(), owner: String::new(), spec }
    }

    #[test]
    fn partitions_are_those_that_the_admin_published() {
        let known = [(0, 0), (1, 39), (2, 15), (3, 54), (4, 30), (5, 5), (1_000, 2), (1_000_000, 63)];
        assert_eq!(known.map(|(job, _)| (job, partition(job))), known);
    }

    #[test]
    fn a_statement_has_a_row_for_each_number() {
        let crowd = Crowd { many: 9, rhythm: Rhythm::EverySecond };
        let sql = statement(&template("bench"), crowd, 100, 2..4, 7).unwrap();
        let (_, rows) = sql.split_once("VALUES ").unwrap();
        let expected = |id: i64, partition: u64| {
            format!(
                "({id},3,{partition},'bench {id}','bench','','{{\"name\":\"bench {id}\",\"schedule\":\
                 {{\"expression\":\"* * * * * ?\",\"kind\":\"cron\",\"zone\":\"UTC\"}}}}',TRUE,7,2,7,7)"
            )
        };
        assert_eq!(rows, [expected(102, partition(102)), expected(103, partition(103))].join(","));
    }

    #[test]
    fn characters_that_sql_would_misread_are_refused() {
        let crowd = Crowd { many: 1, rhythm: Rhythm::Spread };
        assert!(statement(&template("it's"), crowd, 1, 0..1, 7).is_err());
        assert!(statement(&template("a\\b"), crowd, 1, 0..1, 7).is_err());
    }
}
