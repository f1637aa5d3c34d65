//! The runs of one job, found part by part.
//!
//! Were the index by job ordered by nothing else, each job that runs would have a page of its own in it, and every second would
//! write all of those pages. So it is cut into parts of 262,144 ids, and only the pages of the newest part are written
//! (`docs/store.md`). Whoever looks for runs of one job looks into one part after the other, and first asks, for 256 of them at
//! a time, which ones hold any.

use crate::backend::{Store, run};
use crate::error::StoreError;
use crate::page::Cursor;
use crate::run_columns::PartOfRun;
use crate::schema::run;
use diesel::backend::Backend;
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType};
use diesel_async::RunQueryDsl;
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// A part has `1 << PART_BITS` ids; the migrations say the same in their way.
pub(crate) const PART_BITS: u32 = 18;
/// Parts that one question asks about; MariaDB counts to 1,000 at most in such a question.
const ASKED_AT_ONCE: i64 = 256;
/// Parts that somebody looks into who only wants to see the latest: 268 million ids.
pub(crate) const LATEST_PARTS: i64 = 1_024;

/// Asks which of these parts hold runs of a job; answers in no order.
#[derive(Debug, Clone, QueryId)]
struct PartsOfJob {
    job: i64,
    lowest: i64,
    highest: i64,
}

impl Query for PartsOfJob {
    type SqlType = BigInt;
}

impl<DB: Backend + HasSqlType<BigInt>> QueryFragment<DB> for PartsOfJob
where
    PartOfRun: QueryFragment<DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // A value and no condition, so that no database turns it into a join that reads all runs of these parts.
        out.push_sql("WITH RECURSIVE asked (part) AS (SELECT ");
        out.push_bind_param::<BigInt, _>(&self.lowest)?;
        out.push_sql(" + 0 UNION ALL SELECT part + 1 FROM asked WHERE part < ");
        out.push_bind_param::<BigInt, _>(&self.highest)?;
        out.push_sql(") SELECT asked.part FROM asked WHERE (SELECT run.id FROM run WHERE ");
        PartOfRun.walk_ast(out.reborrow())?;
        out.push_sql(" = asked.part AND run.job_id = ");
        out.push_bind_param::<BigInt, _>(&self.job)?;
        out.push_sql(" LIMIT 1) IS NOT NULL");
        Ok(())
    }
}

/// A walk through the parts that hold runs of one job, in the order of a [`Cursor`].
pub(crate) struct Walk<'a> {
    store: &'a Store,
    job: i64,
    upwards: bool,
    /// Parts that nobody asked about yet; empty: there are none.
    ahead: RangeInclusive<i64>,
    /// Parts to look into, in order.
    found: VecDeque<i64>,
}

impl Store {
    /// Begins a walk through the runs of a job: downwards from the newest or from below an id, or upwards from above an id. It
    /// ends after `most` parts, whether they hold runs of the job or not.
    pub(crate) async fn run_walk(&self, job: i64, cursor: Cursor, most: i64) -> Result<Walk<'_>, StoreError> {
        Ok(self.run_walk_between(self.run_parts().await?, job, cursor, most))
    }

    /// The same for whoever asks for several jobs and knows where the ledger begins and ends.
    pub(crate) fn run_walk_between(&self, ends: Option<(i64, i64)>, job: i64, cursor: Cursor, most: i64) -> Walk<'_> {
        let upwards = matches!(cursor, Cursor::After(_));
        let mut walk = Walk { store: self, job, upwards, ahead: ahead(ends, cursor, most), found: VecDeque::new() };
        // Most jobs that somebody looks at ran lately, so the first part is looked into without a question before.
        let first = walk.take(1);
        walk.found.extend(first.map(|first| *first.start()));
        walk
    }

    /// The parts of the oldest and of the newest run; `None`: there is no run.
    pub(crate) async fn run_parts(&self) -> Result<Option<(i64, i64)>, StoreError> {
        let ends: (Option<i64>, Option<i64>) = run!(self, read, async |conn| {
            // One question each: asked for both at once, SQLite walks through all runs.
            let low = run::table.select(min(run::id)).first(conn).await?;
            Ok((low, run::table.select(max(run::id)).first(conn).await?))
        })?;
        Ok(ends.0.map(part).zip(ends.1.map(part)))
    }
}

impl Walk<'_> {
    /// The next part that holds runs of the job, or may hold some.
    pub(crate) async fn next(&mut self) -> Result<Option<i64>, StoreError> {
        while self.found.is_empty() {
            let Some(asked) = self.take(ASKED_AT_ONCE) else { return Ok(None) };
            let asked = PartsOfJob { job: self.job, lowest: *asked.start(), highest: *asked.end() };
            let mut found: Vec<i64> = run!(self.store, read, async |conn| { Ok(asked.load(conn).await?) })?;
            found.sort_unstable();
            if !self.upwards {
                found.reverse();
            }
            self.found = found.into();
        }
        Ok(self.found.pop_front())
    }

    /// Takes the next parts, at most `most`, from those ahead.
    fn take(&mut self, most: i64) -> Option<RangeInclusive<i64>> {
        let (low, high) = (*self.ahead.start(), *self.ahead.end());
        if low > high {
            return None;
        }
        let most = most.min(high - low + 1);
        let (taken, left) = if self.upwards {
            (low..=low + most - 1, low + most..=high)
        } else {
            (high - most + 1..=high, low..=high - most)
        };
        self.ahead = left;
        Some(taken)
    }
}

/// The ids of a part.
pub(crate) fn ids_of(part: i64) -> RangeInclusive<i64> {
    let first = part << PART_BITS;
    first..=first | ((1 << PART_BITS) - 1)
}

/// The part of an id.
pub(crate) fn part(id: i64) -> i64 {
    id >> PART_BITS
}

/// The parts that a walk goes through, given those of the oldest and the newest run.
fn ahead(ends: Option<(i64, i64)>, cursor: Cursor, most: i64) -> RangeInclusive<i64> {
    let Some((oldest, newest)) = ends else { return RangeInclusive::new(0, -1) };
    let below = |first: i64| oldest.max(first.saturating_sub(most - 1))..=first;
    match cursor {
        Cursor::Newest => below(newest),
        Cursor::Before(id) => below(newest.min(part(id.saturating_sub(1)))),
        Cursor::After(id) => {
            let first = oldest.max(part(id.saturating_add(1)));
            first..=newest.min(first.saturating_add(most - 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_plan::plan_of;
    use crate::run_columns::{UnsuccessfulState, is_unsuccessful};

    #[test]
    fn a_walk_begins_where_the_cursor_is_and_ends_with_the_rows_or_the_patience() {
        let id_in = |part: i64| (part << PART_BITS) + 5;
        let ends = Some((3, 9));
        let cases = [
            (Cursor::Newest, i64::MAX, 3..=9),
            (Cursor::Newest, 2, 8..=9),
            (Cursor::Before(id_in(5)), i64::MAX, 3..=5),
            (Cursor::Before(5 << PART_BITS), 1, 4..=4),
            (Cursor::Before(id_in(50)), 1, 9..=9),
            (Cursor::After(id_in(5)), i64::MAX, 5..=9),
            (Cursor::After((6 << PART_BITS) - 1), 2, 6..=7),
            (Cursor::After(0), 1, 3..=3),
        ];
        for (cursor, most, expected) in cases {
            assert_eq!(ahead(ends, cursor, most), expected, "{cursor:?}, {most} parts");
        }
        for cursor in [Cursor::Before(id_in(2)), Cursor::Before(i64::MIN), Cursor::After(i64::MAX)] {
            assert!(ahead(ends, cursor, 4).is_empty(), "{cursor:?}");
        }
        assert!(ahead(None, Cursor::Newest, 4).is_empty());
    }

    #[test]
    fn the_ids_of_a_part_are_those_that_are_in_it() {
        for number in [0, 1, 7, 1 << 30] {
            let ids = ids_of(number);
            assert_eq!((part(*ids.start()), part(*ids.end())), (number, number));
            assert_eq!((part(ids.start() - 1), part(ids.end() + 1)), (number - 1, number + 1));
        }
    }

    #[test]
    fn failed_runs_of_a_job_are_found_among_those_of_the_part() {
        let failed = run::table.filter(is_unsuccessful()).filter(UnsuccessfulState.eq_any([Some(20i16), Some(30)]));
        let failed = failed.filter(run::id.between(1 << 18, 2 << 18)).filter(run::job_id.eq(7));
        let plan = plan_of(&failed.select(run::message).order(run::id.desc()).limit(50));
        assert!(plan.contains("INDEX run_unsuccessful (state=? AND rowid>? AND rowid<?)"), "{plan}");
    }

    #[test]
    fn the_runs_of_a_job_are_found_by_their_index_in_order() {
        let asked = PartsOfJob { job: 7, lowest: 3, highest: 4 };
        let of_job = run::table.filter(PartOfRun.eq(3)).filter(run::job_id.eq(7));
        let newest = of_job.order(run::id.desc()).limit(5);
        for plan in [plan_of(&asked), plan_of(&newest.select(run::message))] {
            assert!(plan.contains("INDEX run_job (<expr>=? AND job_id=?)"), "{plan}");
            assert!(!plan.contains("SCAN run") && !plan.contains("B-TREE"), "{plan}");
        }
    }
}
