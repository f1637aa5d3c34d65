//! The runs of one job, found part by part.
//!
//! Were the index by job ordered by nothing else, each job that runs would have a page of its own in it, and every second would
//! write all of those pages. So it is cut into parts of 262,144 ids, and only the pages of the newest part are written
//! (`docs/store.md`). Whoever looks for runs of one job looks into one part after the other, and first asks, for 256 of them at
//! a time, which ones hold any. Parts without a run of any job are left out: where the numbers of runs have jumped, as after a
//! copy was put back, there are thousands of them.

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
/// Parts that the first question behind a gap asks about, and each further one about twice as many: where one gap is there may be
/// another one, and what lies in it would use up the patience.
const ASKED_BEHIND_A_GAP: i64 = 8;
/// Parts that somebody asks about who only wants to see the latest: 268 million ids, gaps without any run not counted.
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
    /// How many of them may be asked about.
    patience: i64,
    /// How many the next question asks about.
    width: i64,
    /// Parts to look into, in order.
    found: VecDeque<i64>,
}

impl Store {
    /// Begins a walk through the runs of a job: downwards from the newest or from below an id, or upwards from above an id. It
    /// ends after `most` parts, whether they hold runs of the job or not; a gap without any run costs nothing.
    pub(crate) async fn run_walk(&self, job: i64, cursor: Cursor, most: i64) -> Result<Walk<'_>, StoreError> {
        Ok(self.run_walk_between(self.run_parts().await?, job, cursor, most))
    }

    /// The same for whoever asks for several jobs and knows where the ledger begins and ends.
    pub(crate) fn run_walk_between(&self, ends: Option<(i64, i64)>, job: i64, cursor: Cursor, most: i64) -> Walk<'_> {
        let upwards = matches!(cursor, Cursor::After(_));
        let (ahead, found, width) = (ahead(ends, cursor), VecDeque::new(), ASKED_AT_ONCE);
        let mut walk = Walk { store: self, job, upwards, ahead, patience: most, width, found };
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
            self.skip_gap().await?;
            let Some(asked) = self.take(self.width) else { return Ok(None) };
            self.width = ASKED_AT_ONCE.min(self.width * 2);
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

    /// Whether it ended although there are parts that nobody asked about.
    pub(crate) fn is_cut(&self) -> bool {
        self.found.is_empty() && !self.ahead.is_empty()
    }

    /// Leaves out the next parts as far as they hold no run of any job.
    async fn skip_gap(&mut self) -> Result<(), StoreError> {
        if self.ahead.is_empty() || self.patience < 1 {
            return Ok(());
        }
        let (low, high, upwards) = (*self.ahead.start(), *self.ahead.end(), self.upwards);
        let next: Option<i64> = run!(self.store, read, async |conn| {
            let next = if upwards { ids_from(low).first(conn).await } else { ids_down_from(high).first(conn).await };
            Ok(next.optional()?)
        })?;
        let left = match next.map(part) {
            None => NOTHING,
            Some(next) if upwards => next..=high,
            Some(next) => low..=next,
        };
        if left != self.ahead {
            self.width = ASKED_BEHIND_A_GAP;
        }
        self.ahead = left;
        Ok(())
    }

    /// Takes the next parts, at most `most`, from those ahead.
    fn take(&mut self, most: i64) -> Option<RangeInclusive<i64>> {
        let (low, high) = (*self.ahead.start(), *self.ahead.end());
        let most = most.min(self.patience).min(high - low + 1);
        if most < 1 {
            return None;
        }
        let (taken, left) = if self.upwards {
            (low..=low + most - 1, low + most..=high)
        } else {
            (high - most + 1..=high, low..=high - most)
        };
        self.ahead = left;
        self.patience -= most;
        Some(taken)
    }
}

/// No part.
const NOTHING: RangeInclusive<i64> = RangeInclusive::new(0, -1);

/// The ids in a part or above it, the lowest first.
#[diesel::dsl::auto_type]
pub(crate) fn ids_from(part: i64) -> _ {
    let first: i64 = *ids_of(part).start();
    run::table.filter(run::id.ge(first)).order(run::id.asc()).select(run::id)
}

/// The ids in a part or below it, the highest first.
#[diesel::dsl::auto_type]
pub(crate) fn ids_down_from(part: i64) -> _ {
    let last: i64 = *ids_of(part).end();
    run::table.filter(run::id.le(last)).order(run::id.desc()).select(run::id)
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

/// The parts that a walk may go through, given those of the oldest and the newest run.
fn ahead(ends: Option<(i64, i64)>, cursor: Cursor) -> RangeInclusive<i64> {
    let Some((oldest, newest)) = ends else { return NOTHING };
    match cursor {
        Cursor::Newest => oldest..=newest,
        Cursor::Before(id) => oldest..=newest.min(part(id.saturating_sub(1))),
        Cursor::After(id) => oldest.max(part(id.saturating_add(1)))..=newest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_plan::plan_of;
    use crate::run_columns::{UnsuccessfulState, is_unsuccessful};

    #[test]
    fn a_walk_begins_where_the_cursor_is_and_ends_with_the_rows() {
        let id_in = |part: i64| (part << PART_BITS) + 5;
        let ends = Some((3, 9));
        let cases = [
            (Cursor::Newest, 3..=9),
            (Cursor::Before(id_in(5)), 3..=5),
            (Cursor::Before(5 << PART_BITS), 3..=4),
            (Cursor::Before(id_in(50)), 3..=9),
            (Cursor::After(id_in(5)), 5..=9),
            (Cursor::After((6 << PART_BITS) - 1), 6..=9),
            (Cursor::After(0), 3..=9),
        ];
        for (cursor, expected) in cases {
            assert_eq!(ahead(ends, cursor), expected, "{cursor:?}");
        }
        for cursor in [Cursor::Before(id_in(2)), Cursor::Before(i64::MIN), Cursor::After(i64::MAX)] {
            assert!(ahead(ends, cursor).is_empty(), "{cursor:?}");
        }
        assert!(ahead(None, Cursor::Newest).is_empty());
    }

    #[test]
    fn the_end_of_a_gap_is_found_by_one_look_at_the_key() {
        for plan in [plan_of(&ids_from(7)), plan_of(&ids_down_from(7))] {
            assert!(plan.starts_with("SEARCH run USING INTEGER PRIMARY KEY (rowid"), "{plan}");
        }
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
