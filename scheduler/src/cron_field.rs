//! The fields of a cron expression and what can be wrong with an item of one.

use std::fmt;
use thiserror::Error;

/// The fields of a five-field expression, in order.
pub(super) const UNIX: &[CronField] =
    &[CronField::Minute, CronField::Hour, CronField::DayOfMonth, CronField::Month, CronField::DayOfWeek];
/// The fields of a seven-field expression, in order.
pub(super) const QUARTZ_WITH_YEAR: &[CronField] = &[
    CronField::Second,
    CronField::Minute,
    CronField::Hour,
    CronField::DayOfMonth,
    CronField::Month,
    CronField::DayOfWeek,
    CronField::Year,
];
/// The fields of a six-field expression, in order.
pub(super) const QUARTZ: &[CronField] = &[
    CronField::Second,
    CronField::Minute,
    CronField::Hour,
    CronField::DayOfMonth,
    CronField::Month,
    CronField::DayOfWeek,
];

/// A field of a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronField {
    /// 0 to 59.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12 or JAN to DEC.
    Month,
    /// SUN to SAT, or numbers that depend on how many fields the expression has.
    DayOfWeek,
    /// 1970 to 2099.
    Year,
}

impl CronField {
    /// The smallest and the largest value.
    #[must_use]
    pub const fn bounds(self) -> (u32, u32) {
        match self {
            CronField::Second | CronField::Minute => (0, 59),
            CronField::Hour => (0, 23),
            CronField::DayOfMonth => (1, 31),
            CronField::Month => (1, 12),
            CronField::DayOfWeek => (1, 7),
            CronField::Year => (1970, 2099),
        }
    }

    /// The name in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            CronField::Second => "秒",
            CronField::Minute => "分",
            CronField::Hour => "时",
            CronField::DayOfMonth => "日",
            CronField::Month => "月",
            CronField::DayOfWeek => "周",
            CronField::Year => "年",
        }
    }
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CronField::Second => "second",
            CronField::Minute => "minute",
            CronField::Hour => "hour",
            CronField::DayOfMonth => "day of month",
            CronField::Month => "month",
            CronField::DayOfWeek => "day of week",
            CronField::Year => "year",
        })
    }
}

/// What is wrong with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ItemFault {
    /// It has no form that is known.
    #[error("this is not understood; write a number, a name, a range (1-5), a list (1,3) or a step (*/5)")]
    NotUnderstood,
    /// Two commas in a row, or one at an end.
    #[error("an item of the list is empty; remove the comma")]
    Missing,
    /// A number is out of bounds.
    #[error("a value is out of range; use {least} to {most}")]
    OutOfRange {
        /// The smallest value.
        least: u32,
        /// The largest value.
        most: u32,
    },
    /// A step is out of bounds.
    #[error("the step is out of range; use 1 to {most}")]
    Step {
        /// The largest step.
        most: u32,
    },
    /// A range of years that runs backwards; the other fields wrap, years do not.
    #[error("the range runs backwards; put the earlier year first")]
    Backwards,
    /// A `?` in a field other than the two day fields, or not alone.
    #[error("? may only stand alone and only in a day field; write *")]
    QuestionMark,
    /// The k of `L-k`.
    #[error("the number of days before the last one is out of range; use L-1 to L-30")]
    DaysBeforeLast,
    /// The n of `MON#n`.
    #[error("a month has at most five of each weekday; use #1 to #5")]
    Nth,
}

impl ItemFault {
    /// The fault in Chinese.
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            ItemFault::NotUnderstood => "无法识别；请使用数字、名称、范围（1-5）、列表（1,3）或步长（*/5）".to_owned(),
            ItemFault::Missing => "列表中有空项，请删除多余的逗号".to_owned(),
            ItemFault::OutOfRange { least, most } => format!("数值超出范围，允许 {least} 到 {most}"),
            ItemFault::Step { most } => format!("步长超出范围，允许 1 到 {most}"),
            ItemFault::Backwards => "年份范围颠倒，请把较早的年份写在前面".to_owned(),
            ItemFault::QuestionMark => "? 只能单独用在日字段或周字段，此处请写 *".to_owned(),
            ItemFault::DaysBeforeLast => "距月末的天数超出范围，允许 L-1 到 L-30".to_owned(),
            ItemFault::Nth => "每月同一周几最多出现五次，允许 #1 到 #5".to_owned(),
        }
    }
}
