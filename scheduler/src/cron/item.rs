//! One item of a list: `*`, `5`, `MON`, `1-5`, `22-2`, `*/5`, `10-40/10`.
//!
//! The `cron` crate reads it and tells the values; added here are ranges that wrap, and a precise reason when it is wrong.

use crate::cron_field::{self, CronField, ItemFault};
use ::cron::{Schedule, TimeUnitSpec};

/// The first year kept; years before it are read, and then forgotten, because they are over.
pub(crate) const FIRST_YEAR: u32 = 2000;

/// The values of an item: bit n = value n, for years bit n = 2000 + n.
///
/// # Errors
/// What is wrong with the item.
pub(super) fn values(field: CronField, item: &str) -> Result<u128, ItemFault> {
    if item.contains('?') {
        return Err(ItemFault::QuestionMark);
    }
    let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
    let (least, most) = field.bounds();
    // A lone star and a lone value are most of all items, and a million expressions are read when the scheduler starts.
    if item == "*" {
        return Ok((least..=most).fold(0, |set, value| set | bit(field, value)));
    }
    let alone = step.is_none();
    let step = step.map_or(Ok(1), |step| step_of(field, step))?;
    let Some((from, to)) = base.split_once('-') else {
        return match base {
            "*" => read(field, item),
            _ if alone => value(field, base).map(|value| bit(field, value)),
            _ => value(field, base).and_then(|_| read(field, item)),
        };
    };
    let (from, to) = (value(field, from)?, value(field, to)?);
    match field {
        _ if from <= to => read(field, item),
        CronField::Year => Err(ItemFault::Backwards),
        _ => Ok((from..=to + most - least + 1).step_by(step).fold(0, |set, value| {
            let value = if value > most { value - most + least - 1 } else { value };
            set | bit(field, value)
        })),
    }
}

/// The value of one number or name.
///
/// # Errors
/// What is wrong with it.
pub(super) fn value(field: CronField, text: &str) -> Result<u32, ItemFault> {
    let (least, most) = field.bounds();
    if text.is_empty() {
        return Err(ItemFault::Missing);
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ItemFault::NotUnderstood);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = text.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
        return number.ok_or(ItemFault::OutOfRange { least, most });
    }
    let parsed = parse_alone(field, text).ok_or(ItemFault::NotUnderstood)?;
    ordinals(field, &parsed).first().copied().ok_or(ItemFault::NotUnderstood)
}

/// The step behind a slash. The `cron` crate allows at most the largest value of the field.
fn step_of(field: CronField, text: &str) -> Result<usize, ItemFault> {
    let (_, most) = field.bounds();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(ItemFault::NotUnderstood);
    }
    text.parse::<usize>().ok().filter(|step| (1..=most as usize).contains(step)).ok_or(ItemFault::Step { most })
}

/// What the `cron` crate makes of an item.
fn read(field: CronField, item: &str) -> Result<u128, ItemFault> {
    // It knows no step behind a name (`MON/2`), which is the same as the name's number with that step.
    let numbered = match item.split_once('/') {
        Some((base, step)) if base.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            format!("{}/{step}", value(field, base)?)
        }
        _ => item.to_owned(),
    };
    let parsed = parse_alone(field, &numbered).ok_or(ItemFault::NotUnderstood)?;
    Ok(ordinals(field, &parsed).into_iter().fold(0, |set, value| set | bit(field, value)))
}

/// An expression whose other fields allow everything.
fn parse_alone(field: CronField, item: &str) -> Option<Schedule> {
    let place = |here: CronField| if here == field { item } else { "*" };
    let texts: Vec<&str> = cron_field::QUARTZ_WITH_YEAR.iter().copied().map(place).collect();
    texts.join(" ").parse().ok()
}

fn ordinals(field: CronField, parsed: &Schedule) -> Vec<u32> {
    match field {
        CronField::Second => parsed.seconds().iter().collect(),
        CronField::Minute => parsed.minutes().iter().collect(),
        CronField::Hour => parsed.hours().iter().collect(),
        CronField::DayOfMonth => parsed.days_of_month().iter().collect(),
        CronField::Month => parsed.months().iter().collect(),
        CronField::DayOfWeek => parsed.days_of_week().iter().collect(),
        CronField::Year => parsed.years().iter().collect(),
    }
}

/// The bit that stands for a value; none for a year that is not kept.
fn bit(field: CronField, value: u32) -> u128 {
    match field {
        CronField::Year if !(FIRST_YEAR..=field.bounds().1).contains(&value) => 0,
        CronField::Year => 1 << (value - FIRST_YEAR),
        _ => 1 << value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(field: CronField, item: &str) -> Vec<u32> {
        let set = values(field, item).unwrap_or_else(|fault| panic!("{item}: {fault}"));
        (0..128).filter(|value| set >> value & 1 == 1).collect()
    }

    #[test]
    fn plain_items_are_what_every_cron_makes_of_them() {
        assert_eq!(list(CronField::Minute, "*/20"), [0, 20, 40]);
        assert_eq!(list(CronField::Minute, "5/25"), [5, 30, 55]);
        assert_eq!(list(CronField::Hour, "9-17/4"), [9, 13, 17]);
        assert_eq!(list(CronField::Month, "JAN-mar"), [1, 2, 3]);
        assert_eq!(list(CronField::Month, "OCT/2"), [10, 12]);
        assert_eq!(list(CronField::Year, "2026-2028"), [26, 27, 28]);
    }

    #[test]
    fn ranges_wrap_and_keep_their_stride() {
        assert_eq!(list(CronField::Hour, "22-2"), [0, 1, 2, 22, 23]);
        assert_eq!(list(CronField::Hour, "22-3/2"), [0, 2, 22]);
        assert_eq!(list(CronField::Month, "NOV-FEB"), [1, 2, 11, 12]);
        assert_eq!(list(CronField::DayOfMonth, "30-2"), [1, 2, 30, 31]);
        assert_eq!(list(CronField::Second, "59-0"), [0, 59]);
    }

    #[test]
    fn years_that_are_over_are_read_and_forgotten() {
        assert_eq!(list(CronField::Year, "1970-2001"), [0, 1]);
        assert_eq!(list(CronField::Year, "1999"), [0; 0]);
        assert_eq!(list(CronField::Year, "*").len(), 100);
    }

    #[test]
    fn each_mistake_has_its_reason() {
        let minute = |item| values(CronField::Minute, item).unwrap_err();
        assert_eq!(minute("60"), ItemFault::OutOfRange { least: 0, most: 59 });
        assert_eq!(minute("5-99999999999999999999"), ItemFault::OutOfRange { least: 0, most: 59 });
        assert_eq!(minute("*/0"), ItemFault::Step { most: 59 });
        assert_eq!(minute("*/60"), ItemFault::Step { most: 59 });
        assert_eq!(minute("?"), ItemFault::QuestionMark);
        assert_eq!(minute(""), ItemFault::Missing);
        for item in ["-5", "5-"] {
            assert_eq!(minute(item), ItemFault::Missing, "{item}");
        }
        for item in ["x", "MON", "5L", "*-5", "1-2-3", "1/2/3", "*/", "*/x", "½", "٣", "1.5", "+5", "**", "5*"] {
            assert_eq!(minute(item), ItemFault::NotUnderstood, "{item}");
        }
        assert_eq!(values(CronField::Year, "2030-2026").unwrap_err(), ItemFault::Backwards);
        assert_eq!(values(CronField::Year, "2100").unwrap_err(), ItemFault::OutOfRange { least: 1970, most: 2099 });
    }
}
