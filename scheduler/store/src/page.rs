//! Pages of long lists, by cursor: no `OFFSET`, so the millionth row costs what the first one does.

use serde::{Deserialize, Serialize};

/// The longest page anybody gets.
pub const LARGEST_PAGE: i64 = 500;

/// Where a page begins. Lists run from the newest (largest id) to the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Cursor {
    /// At the newest row.
    #[default]
    Newest,
    /// Below this id, that is older than it.
    Before(i64),
    /// Above this id, that is newer than it; the page still runs from newer to older.
    After(i64),
}

/// One page of a list and the ways on from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where newer rows are, if there are any.
    pub newer: Option<Cursor>,
    /// Where older rows are, if there are any.
    pub older: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of what a query brought: up to `size + 1` rows in the order of `cursor` (`After`: oldest first).
    pub(crate) fn cut(mut rows: Vec<T>, cursor: Cursor, size: usize, id: impl Fn(&T) -> i64) -> Page<T> {
        let more = rows.len() > size;
        rows.truncate(size);
        if matches!(cursor, Cursor::After(_)) {
            rows.reverse();
        }
        let (first, last) = (rows.first().map(&id), rows.last().map(&id));
        let (newer, older) = match cursor {
            Cursor::Newest => (false, more),
            Cursor::Before(_) => (true, more),
            Cursor::After(_) => (more, true),
        };
        Page {
            newer: first.filter(|_| newer).map(Cursor::After),
            older: last.filter(|_| older).map(Cursor::Before),
            rows,
        }
    }

    /// The same page of other things, as views are made of rows.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(view).collect(), newer: self.newer, older: self.older }
    }
}

/// A page size between 1 and [`LARGEST_PAGE`].
#[must_use]
pub fn size(wanted: i64) -> i64 {
    wanted.clamp(1, LARGEST_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(ids: &[i64], cursor: Cursor, size: usize) -> Page<i64> {
        Page::cut(ids.to_vec(), cursor, size, |id| *id)
    }

    #[test]
    fn the_first_page_knows_only_older_rows() {
        let page = cut(&[9, 8, 7], Cursor::Newest, 2);
        assert_eq!((page.rows, page.newer, page.older), (vec![9, 8], None, Some(Cursor::Before(8))));
    }

    #[test]
    fn a_page_in_the_middle_leads_both_ways() {
        let page = cut(&[7, 6, 5], Cursor::Before(8), 2);
        assert_eq!((page.newer, page.older), (Some(Cursor::After(7)), Some(Cursor::Before(6))));
    }

    #[test]
    fn a_page_of_newer_rows_still_runs_from_new_to_old() {
        let page = cut(&[8, 9], Cursor::After(7), 2);
        assert_eq!((page.rows, page.newer, page.older), (vec![9, 8], None, Some(Cursor::Before(8))));
    }

    #[test]
    fn an_empty_page_leads_nowhere() {
        let page = cut(&[], Cursor::Before(1), 2);
        assert_eq!((page.rows.len(), page.newer, page.older), (0, None, None));
    }
}
