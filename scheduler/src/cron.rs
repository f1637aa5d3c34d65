//! Cron expressions: what they mean, compiled into bit sets of some hundred bytes.
//!
//! # The dialect
//! - 6 fields: `second minute hour day-of-month month day-of-week`; 7 fields: a year (1970 to 2099) behind them. As in
//!   Quartz, days of the week are 1 = SUN to 7 = SAT; 0 is taken for Sunday too. **The original hzm-job counts 0 = SUN to
//!   6 = SAT here**, so a numbered day brings a [warning](crate::schedule::ScheduleWarning::DayNumbers); names are safe.
//! - 5 fields: `minute hour day-of-month month day-of-week`, as in Unix: days of the week are 0 to 7, both 0 and 7 = SUN.
//! - `*`, `?` (day fields only, the same as `*`), numbers, names (`JAN`, `MON`, any case), lists `1,5`, ranges `1-5`, ranges
//!   that wrap `22-2` `FRI-MON`, steps `*/5` `10-40/10` `5/15` (from 5 to the end).
//! - Day of month: `L` last day, `L-3` three days before it, `LW` last weekday (Monday to Friday), `L-3W`, `15W` the
//!   weekday nearest to the 15th within the month. A month without a 31st has no `31` and no `31W`.
//! - Day of week: `L` alone Saturday, `6L` or `FRIL` the last Friday of the month, `2#1` or `MON#1` the first Monday.
//! - When both day fields are restricted: with 6 or 7 fields an error, as in Quartz. With 5 fields the day matches when
//!   either matches (Vixie), except that a field beginning with `*` (also `*/2`) makes it both.
//! - `@hourly @daily @midnight @weekly @monthly @yearly @annually`. (`@every` and `CRON_TZ=` are read by
//!   [`crate::schedule`].)
//!
//! The `cron` crate reads the plain items; what it lacks (the day rules, wrapping ranges, day numbers, and a sound mapping
//! to zones with daylight saving) is the layer here. Occurrences lie in the years 2000 to 2099.

use crate::cron_field as field;
use crate::schedule_problem::ScheduleProblem;
use day_rule::DayRule;

mod day_rule;
mod days;
mod instant;
mod item;
mod wall;

pub use crate::cron_field::{CronField, ItemFault};
pub(crate) use item::FIRST_YEAR;

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CronRule {
    /// Bit n = second n.
    pub(crate) seconds: u64,
    /// Bit n = minute n.
    pub(crate) minutes: u64,
    /// Bit n = hour n.
    pub(crate) hours: u32,
    /// Bit n = month n, from 1.
    pub(crate) months: u16,
    /// Which days of a month.
    pub(crate) days: DayRule,
    /// Bit n = year 2000 + n; two halves because a `u128` would have to be aligned to 16 bytes.
    years: [u64; 2],
    /// Whether days of the week were given by number in six or seven fields.
    has_numbered_days: bool,
}

/// Hours 0 to 23.
const EVERY_HOUR: u64 = 0xFF_FFFF;
/// Months 1 to 12.
const EVERY_MONTH: u64 = 0x1FFE;
/// Years 2000 to 2099.
const EVERY_YEAR: u32 = 100;

/// How days of the week are numbered and both day fields combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Five fields.
    Unix,
    /// Six or seven fields.
    Quartz,
}

/// Reads an expression of 5, 6 or 7 fields, or a descriptor such as `@daily`.
///
/// # Errors
/// The first item that is wrong, or both day fields restricted (6 and 7 fields).
pub(crate) fn parse(expression: &str) -> Result<CronRule, ScheduleProblem> {
    if expression.starts_with('@') {
        return parse(descriptor(expression)?);
    }
    let texts: Vec<&str> = expression.split_whitespace().collect();
    let (dialect, order): (Dialect, &[CronField]) = match texts.len() {
        5 => (Dialect::Unix, field::UNIX),
        6 => (Dialect::Quartz, field::QUARTZ),
        7 => (Dialect::Quartz, field::QUARTZ_WITH_YEAR),
        found => return Err(ScheduleProblem::FieldCount { found }),
    };
    let fields = Fields { dialect, order, texts: &texts };
    fields.compile()
}

/// What a descriptor stands for. Six fields, because an original's `@daily` has seconds.
fn descriptor(word: &str) -> Result<&'static str, ScheduleProblem> {
    match word.to_ascii_lowercase().as_str() {
        "@hourly" => Ok("0 0 * * * ?"),
        "@daily" | "@midnight" => Ok("0 0 0 * * ?"),
        "@weekly" => Ok("0 0 0 ? * SUN"),
        "@monthly" => Ok("0 0 0 1 * ?"),
        "@yearly" | "@annually" => Ok("0 0 0 1 1 ?"),
        _ => Err(ScheduleProblem::Descriptor { word: shorten(word) }),
    }
}

/// An expression cut into its fields.
struct Fields<'a> {
    dialect: Dialect,
    order: &'a [CronField],
    texts: &'a [&'a str],
}

impl Fields<'_> {
    fn compile(&self) -> Result<CronRule, ScheduleProblem> {
        // From left to right, so that the first mistake is the one told; an absent second means second 0.
        let seconds = if self.dialect == Dialect::Unix { 1 } else { low_bits(self.set(CronField::Second)?) };
        let minutes = low_bits(self.set(CronField::Minute)?);
        let hours = (low_bits(self.set(CronField::Hour)?) & EVERY_HOUR) as u32;
        let days = self.day_rule()?;
        let months = (low_bits(self.set(CronField::Month)?) & EVERY_MONTH) as u16;
        let years = self.set(CronField::Year)?;
        let weekday = self.text(CronField::DayOfWeek);
        Ok(CronRule {
            seconds,
            minutes,
            hours,
            months,
            years: [low_bits(years), low_bits(years >> 64)],
            has_numbered_days: self.dialect == Dialect::Quartz && days::names_a_day_by_number(weekday),
            days,
        })
    }

    /// Both day fields together.
    fn day_rule(&self) -> Result<DayRule, ScheduleProblem> {
        let (of_month, of_week) = (self.text(CronField::DayOfMonth), self.text(CronField::DayOfWeek));
        for (field, text) in [(CronField::DayOfMonth, of_month), (CronField::DayOfWeek, of_week)] {
            if text.contains('?') && text != "?" {
                return Err(self.problem(field, text, ItemFault::QuestionMark));
            }
        }
        let mut rule = DayRule::default();
        for item in of_month.split(',') {
            days::add_of_month(&mut rule, item).map_err(|fault| self.problem(CronField::DayOfMonth, item, fault))?;
        }
        for item in of_week.split(',') {
            days::add_of_week(&mut rule, item, self.dialect)
                .map_err(|fault| self.problem(CronField::DayOfWeek, item, fault))?;
        }
        match self.dialect {
            Dialect::Unix => rule.either = ![of_month, of_week].iter().any(|text| text.starts_with(['*', '?'])),
            Dialect::Quartz if rule.restricts_both() => {
                let (day_of_month, day_of_week) = (shorten(of_month), shorten(of_week));
                return Err(ScheduleProblem::BothDays { day_of_month, day_of_week });
            }
            Dialect::Quartz => {}
        }
        Ok(rule)
    }

    /// The values of a field without day rules; every value when the expression lacks the field.
    fn set(&self, field: CronField) -> Result<u128, ScheduleProblem> {
        let mut set = 0;
        for item in self.text(field).split(',') {
            set |= item::values(field, item).map_err(|fault| self.problem(field, item, fault))?;
        }
        Ok(set)
    }

    fn text(&self, field: CronField) -> &str {
        let index = self.order.iter().position(|known| *known == field);
        index.and_then(|index| self.texts.get(index)).copied().unwrap_or("*")
    }

    fn problem(&self, field: CronField, item: &str, fault: ItemFault) -> ScheduleProblem {
        let position = self.order.iter().position(|known| *known == field).map_or(0, |index| index + 1);
        ScheduleProblem::Item { field, position, fields: self.order.len(), text: shorten(item), fault }
    }
}

/// The lower half of a set.
const fn low_bits(set: u128) -> u64 {
    (set & u64::MAX as u128) as u64
}

/// A text short enough for a message.
fn shorten(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

impl CronRule {
    pub(crate) fn has_numbered_days(&self) -> bool {
        self.has_numbered_days
    }

    /// The years as bits, bit n = 2000 + n.
    pub(crate) fn years(&self) -> u128 {
        let [low, high] = self.years.map(u128::from);
        low | high << 64
    }

    /// Whether there is an occurrence in every hour of a matching day; such rules follow elapsed time and not the clock
    /// through a daylight saving change.
    pub(crate) fn runs_every_hour(&self) -> bool {
        u64::from(self.hours) == EVERY_HOUR
    }

    /// Whether every month matches.
    pub(crate) fn runs_every_month(&self) -> bool {
        u64::from(self.months) == EVERY_MONTH
    }

    /// Whether every year matches.
    pub(crate) fn runs_every_year(&self) -> bool {
        self.years().count_ones() == EVERY_YEAR
    }
}
