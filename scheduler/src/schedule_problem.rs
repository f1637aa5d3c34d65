//! What is wrong with a schedule, or merely suspicious about it, in English and Chinese.

use crate::cron_field::{CronField, ItemFault};
use thiserror::Error;

/// Why a schedule does not compile. The sentence says what, where and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScheduleProblem {
    /// There is no expression and the kind needs one.
    #[error("the expression is empty; write when the job is due")]
    Empty,
    /// There is an expression and the kind, manual, takes none.
    #[error("a manual job has no expression; empty it or choose another kind of schedule")]
    NotWanted,
    /// The expression is too long.
    #[error("the expression is {bytes} bytes long; use at most {most}")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A cron expression has too few or too many fields.
    #[error(
        "a cron expression has 5 fields (minute hour day month weekday), 6 (second first) or 7 (year last); this one has {found}"
    )]
    FieldCount {
        /// Fields found.
        found: usize,
    },
    /// A word after `@` that has no meaning.
    #[error(
        "{word:?} is unknown; use @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every with a duration"
    )]
    Descriptor {
        /// The word, shortened.
        word: String,
    },
    /// One item of one field of a cron expression is wrong.
    #[error("{field} (field {position} of {fields}), {text:?}: {fault}")]
    Item {
        /// The field.
        field: CronField,
        /// Its place, counted from 1.
        position: usize,
        /// How many fields the expression has.
        fields: usize,
        /// The item, shortened.
        text: String,
        /// What is wrong with it.
        fault: ItemFault,
    },
    /// Both day fields say something.
    #[error(
        "day of month ({day_of_month:?}) and day of week ({day_of_week:?}) are both restricted; put ? in the one that does not matter"
    )]
    BothDays {
        /// The day-of-month field, shortened.
        day_of_month: String,
        /// The day-of-week field, shortened.
        day_of_week: String,
    },
    /// There is no moment from 2026 to 2099 that matches.
    #[error("{expression:?} never fires between 2026 and 2099; check the day, the month and the year")]
    NeverFires {
        /// The expression.
        expression: String,
    },
    /// The zone is unknown.
    #[error("{name:?} is not the name of a time zone{}", suggestion_en(nearest))]
    UnknownZone {
        /// The name, shortened.
        name: String,
        /// Names like it, the likest first.
        nearest: Vec<String>,
    },
    /// The text is no duration.
    #[error("{text:?} is not a duration; write it like 30s, 5m, 1h30m or 1.5h")]
    BadDuration {
        /// The text.
        text: String,
    },
    /// A rate or delay below one second.
    #[error("{text:?} is too short; the shortest rate or delay is 1s")]
    DurationTooShort {
        /// The text.
        text: String,
    },
    /// A rate or delay above ten years.
    #[error("{text:?} is too long; the longest rate or delay is ten years (87600h)")]
    DurationTooLong {
        /// The text.
        text: String,
    },
    /// The text is no moment of the years 2000 to 2099.
    #[error(
        "{text:?} is not a moment between 2000 and 2099; write it like 2026-11-22T08:00:00 or 2026-11-22T08:00:00+08:00"
    )]
    BadMoment {
        /// The text.
        text: String,
    },
    /// The moment of a one shot is skipped by a daylight saving change, and the gap policy says skip.
    #[error(
        "{text:?} does not exist in {zone}: the clocks are set forward over it; choose another time or gap policy run_after"
    )]
    MomentInGap {
        /// The text.
        text: String,
        /// The zone.
        zone: String,
    },
    /// The moment of a one shot lies before the start of the job: nothing that lies before its start is ever due.
    #[error("{moment} ({zone}) has passed, so the job would never fire; choose a later moment, or run the job by hand")]
    Passed {
        /// The moment, as the clocks of the zone show it.
        moment: String,
        /// The zone.
        zone: String,
    },
    /// The years of a cron expression have passed.
    #[error("{expression:?} has no moment left, so the job would never fire; check the year")]
    NeverAgain {
        /// The expression.
        expression: String,
    },
}

impl ScheduleProblem {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ScheduleProblem::Empty => "expression_empty",
            ScheduleProblem::NotWanted => "expression_not_wanted",
            ScheduleProblem::TooLong { .. } => "expression_too_long",
            ScheduleProblem::FieldCount { .. } => "cron_field_count",
            ScheduleProblem::Descriptor { .. } => "cron_descriptor",
            ScheduleProblem::Item { .. } => "cron_item",
            ScheduleProblem::BothDays { .. } => "cron_both_days",
            ScheduleProblem::NeverFires { .. } => "cron_never_fires",
            ScheduleProblem::UnknownZone { .. } => "unknown_zone",
            ScheduleProblem::BadDuration { .. } => "bad_duration",
            ScheduleProblem::DurationTooShort { .. } => "duration_too_short",
            ScheduleProblem::DurationTooLong { .. } => "duration_too_long",
            ScheduleProblem::BadMoment { .. } => "bad_moment",
            ScheduleProblem::MomentInGap { .. } => "moment_in_gap",
            ScheduleProblem::Passed { .. } => "moment_passed",
            ScheduleProblem::NeverAgain { .. } => "cron_never_again",
        }
    }

    /// The sentence in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            ScheduleProblem::Empty => "表达式为空，请填写任务的触发时间".to_owned(),
            ScheduleProblem::NotWanted => "手动任务没有表达式；请清空表达式，或选择其他调度类型".to_owned(),
            ScheduleProblem::TooLong { bytes, most } => format!("表达式长度为 {bytes} 字节，最多允许 {most} 字节"),
            ScheduleProblem::FieldCount { found } => format!(
                "Cron 表达式应有 5 个字段（分 时 日 月 周）、6 个字段（最前面加秒）或 7 个字段（最后面加年），当前有 {found} 个"
            ),
            ScheduleProblem::Descriptor { word } => format!(
                "无法识别“{word}”；可用 @hourly、@daily、@midnight、@weekly、@monthly、@yearly、@annually，或 @every 加时长"
            ),
            ScheduleProblem::Item { field, position, fields, text, fault } => {
                format!("{}字段（第 {position} 个，共 {fields} 个）中的“{text}”：{}", field.zh(), fault.zh())
            }
            ScheduleProblem::BothDays { day_of_month, day_of_week } => {
                format!("日（“{day_of_month}”）和周（“{day_of_week}”）不能同时限定；请把不关心的那个写成 ?")
            }
            ScheduleProblem::NeverFires { expression } => {
                format!("“{expression}”在 2026 年到 2099 年之间永远不会触发，请检查日、月和年")
            }
            ScheduleProblem::UnknownZone { name, nearest } => format!("“{name}”不是时区名称{}", suggestion_zh(nearest)),
            ScheduleProblem::BadDuration { text } => format!("“{text}”不是时长；正确写法如 30s、5m、1h30m 或 1.5h"),
            ScheduleProblem::DurationTooShort { text } => format!("“{text}”太短；间隔或延迟最短为 1s"),
            ScheduleProblem::DurationTooLong { text } => format!("“{text}”太长；间隔或延迟最长为十年（87600h）"),
            ScheduleProblem::BadMoment { text } => format!(
                "“{text}”不是 2000 年到 2099 年之间的时刻；正确写法如 2026-11-22T08:00:00 或 2026-11-22T08:00:00+08:00"
            ),
            ScheduleProblem::MomentInGap { text, zone } => {
                format!("“{text}”在 {zone} 时区不存在（夏令时拨快时钟时被跳过）；请另选时间，或将跳过策略改为顺延执行")
            }
            ScheduleProblem::Passed { moment, zone } => {
                format!("{moment}（{zone}）已经过去，任务永远不会触发；请选择以后的时刻，或手动执行任务")
            }
            ScheduleProblem::NeverAgain { expression } => {
                format!("“{expression}”已经没有剩余的触发时刻，任务永远不会触发，请检查年份")
            }
        }
    }

    /// Whether the zone is to blame and not the expression.
    #[must_use]
    pub fn is_about_zone(&self) -> bool {
        matches!(self, ScheduleProblem::UnknownZone { .. })
    }
}

fn suggestion_en(nearest: &[String]) -> String {
    match nearest {
        [] => "; use an IANA name such as Asia/Shanghai or UTC".to_owned(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

fn suggestion_zh(nearest: &[String]) -> String {
    match nearest {
        [] => "；请使用 IANA 名称，例如 Asia/Shanghai 或 UTC".to_owned(),
        names => format!("；您是不是要找 {}？", names.join(" 或 ")),
    }
}

/// What is legal but may not be what the writer meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScheduleWarning {
    /// Days of the week are given by number in a six- or seven-field expression.
    #[error(
        "days of the week are numbered as in Quartz: 1 = Sunday … 7 = Saturday; cron with 5 fields and the original hzm-job count 0 = Sunday … 6 = Saturday. Names such as MON-FRI are safe"
    )]
    DayNumbers,
}

impl ScheduleWarning {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ScheduleWarning::DayNumbers => "cron_day_numbers",
        }
    }

    /// The sentence in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            ScheduleWarning::DayNumbers => {
                "周字段的数字按 Quartz 规则：1 = 周日 … 7 = 周六；5 字段的 cron 与原版 hzm-job 则是 0 = 周日 … 6 = 周六。用 MON-FRI 这样的名称不会混淆"
            }
        }
    }
}
