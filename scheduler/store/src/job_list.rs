//! Lists of jobs for pages and API, and counts.

use crate::backend::{Store, run};
use crate::columns::storable;
use crate::error::StoreError;
use crate::job_row::{JobRow, StoredJob};
use crate::page::{Cursor, Page, size};
use crate::schema::job;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::{ExecutorId, JobId};

#[diesel::declare_sql_function]
extern "SQL" {
    /// The text in small letters.
    fn lower(text: Text) -> Text;
}

/// Which jobs a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this executor.
    pub executor: Option<ExecutorId>,
    /// Whose name, handler or owner contains this text; letters of ASCII in either case.
    pub text: Option<String>,
    /// Started or stopped ones only.
    pub enabled: Option<bool>,
    /// Of these executors only: what the reader may see. `None`: all.
    pub within: Option<Vec<ExecutorId>>,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// All of them.
    pub all: i64,
    /// Those that are started.
    pub enabled: i64,
}

fn counts(by_state: &[(bool, i64)]) -> JobCounts {
    let all = by_state.iter().map(|(_, jobs)| jobs).sum();
    let enabled = by_state.iter().filter(|(enabled, _)| *enabled).map(|(_, jobs)| jobs).sum();
    JobCounts { all, enabled }
}

impl Store {
    /// Jobs, newest first, a page at a time. A job whose definition cannot be read any more is left out and logged.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_page(
        &self,
        filter: JobFilter,
        cursor: Cursor,
        wanted: i64,
    ) -> Result<Page<StoredJob>, StoreError> {
        let limit = size(wanted);
        let rows: Vec<JobRow> = run!(self, read, async |conn| {
            let mut wanted = job::table.filter(job::deleted_at.is_null()).select(JobRow::as_select()).into_boxed();
            if let Some(executor) = filter.executor {
                wanted = wanted.filter(job::executor_id.eq(executor.0));
            }
            if let Some(within) = &filter.within {
                wanted = wanted.filter(job::executor_id.eq_any(within.iter().map(|executor| executor.0)));
            }
            if let Some(enabled) = filter.enabled {
                wanted = wanted.filter(job::enabled.eq(enabled));
            }
            if let Some(text) = filter.text.map(storable) {
                let text = &text;
                // LIKE minds the case on some databases; what `lower` does beyond ASCII differs too, hence both ways.
                let (as_is, small) = (contains(text), contains(&text.to_ascii_lowercase()));
                let found = job::name.like(as_is.clone()).escape('\\');
                let found = found.or(lower(job::name).like(small.clone()).escape('\\'));
                let found = found.or(job::handler.like(as_is.clone()).escape('\\'));
                let found = found.or(lower(job::handler).like(small.clone()).escape('\\'));
                let found = found.or(job::owner.like(as_is).escape('\\'));
                wanted = wanted.filter(found.or(lower(job::owner).like(small).escape('\\')));
            }
            let query = match cursor {
                Cursor::Newest => wanted.order(job::id.desc()),
                Cursor::Before(id) => wanted.filter(job::id.lt(id)).order(job::id.desc()),
                Cursor::After(id) => wanted.filter(job::id.gt(id)).order(job::id.asc()),
            };
            Ok(query.limit(limit + 1).load(conn).await?)
        })?;
        let page = Page::cut(rows, cursor, limit as usize, |row| row.id);
        let Page { rows, newer, older } = page;
        Ok(Page { rows: rows.into_iter().filter_map(|row| self.readable(row.stored())).collect(), newer, older })
    }

    /// How many jobs there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_counts(&self) -> Result<JobCounts, StoreError> {
        // One walk for both figures: with a million jobs it takes a good part of a second.
        let by_state: Vec<(bool, i64)> = run!(self, read, async |conn| {
            let there = job::table.filter(job::deleted_at.is_null()).group_by(job::enabled);
            Ok(there.select((job::enabled, diesel::dsl::count_star())).load(conn).await?)
        })?;
        Ok(counts(&by_state))
    }

    /// How many jobs these executors have.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_counts_of(&self, executors: Vec<ExecutorId>) -> Result<JobCounts, StoreError> {
        let by_state: Vec<(bool, i64)> = run!(self, read, async |conn| {
            let there = job::table.filter(job::deleted_at.is_null());
            let there = there.filter(job::executor_id.eq_any(executors.iter().map(|executor| executor.0)));
            Ok(there.group_by(job::enabled).select((job::enabled, diesel::dsl::count_star())).load(conn).await?)
        })?;
        Ok(counts(&by_state))
    }

    /// How many jobs each executor has, started or not.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_counts_by_executor(&self) -> Result<Vec<(ExecutorId, i64)>, StoreError> {
        run!(self, read, async |conn| {
            let rows: Vec<(i64, i64)> = job::table
                .filter(job::deleted_at.is_null())
                .group_by(job::executor_id)
                .select((job::executor_id, diesel::dsl::count_star()))
                .load(conn)
                .await?;
            Ok(rows.into_iter().map(|(id, jobs)| (ExecutorId(id), jobs)).collect())
        })
    }

    /// The names of these jobs, deleted ones included: runs outlive their job.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_names(&self, ids: Vec<JobId>) -> Result<Vec<(JobId, String)>, StoreError> {
        run!(self, read, async |conn| {
            let wanted = job::table.filter(job::id.eq_any(ids.iter().map(|id| id.0)));
            let rows: Vec<(i64, String)> = wanted.select((job::id, job::name)).load(conn).await?;
            Ok(rows.into_iter().map(|(id, name)| (JobId(id), name)).collect())
        })
    }

    /// Takes what can be read and logs what cannot, so that one damaged row does not hide all others.
    pub(crate) fn readable<T>(&self, read: Result<T, StoreError>) -> Option<T> {
        read.map_err(|error| slog::error!(self.log, "a stored row was left out"; "error" => %error)).ok()
    }
}

/// A LIKE pattern for "contains `text`", in which the text's own wildcards mean themselves.
fn contains(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_mean_themselves() {
        assert_eq!(contains("50%_a\\b"), "%50\\%\\_a\\\\b%");
    }
}
