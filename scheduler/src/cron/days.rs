//! Items of the two day fields, among them those only they have: `L`, `L-3`, `LW`, `15W`, `6L`, `2#1`.

use super::Dialect;
use super::day_rule::DayRule;
use super::item;
use crate::cron_field::{CronField, ItemFault};

/// Adds an item of the day-of-month field to the rule.
///
/// # Errors
/// What is wrong with the item.
pub(super) fn add_of_month(rule: &mut DayRule, item: &str) -> Result<(), ItemFault> {
    let item = item.to_ascii_uppercase();
    if item == "?" {
        rule.plain |= all(CronField::DayOfMonth);
    } else if let Some(rest) = item.strip_prefix('L') {
        add_last(rule, rest)?;
    } else if let Some(day) = item.strip_suffix('W') {
        rule.nearest |= 1 << item::value(CronField::DayOfMonth, day)?;
    } else {
        rule.plain |= narrow(item::values(CronField::DayOfMonth, &item)?);
    }
    Ok(())
}

/// What stands behind the `L` of a day of month: nothing, `W`, `-3` or `-3W`.
fn add_last(rule: &mut DayRule, rest: &str) -> Result<(), ItemFault> {
    let (rest, is_weekday) = rest.strip_suffix('W').map_or((rest, false), |rest| (rest, true));
    let before_last = match rest.strip_prefix('-') {
        None if rest.is_empty() => 0,
        Some(days) if !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit()) => {
            days.parse::<u32>().ok().filter(|days| *days <= 30).ok_or(ItemFault::DaysBeforeLast)?
        }
        _ => return Err(ItemFault::NotUnderstood),
    };
    let set = if is_weekday { &mut rule.last_weekday } else { &mut rule.from_last };
    *set |= 1 << before_last;
    Ok(())
}

/// Adds an item of the day-of-week field to the rule.
///
/// # Errors
/// What is wrong with the item.
pub(super) fn add_of_week(rule: &mut DayRule, item: &str, dialect: Dialect) -> Result<(), ItemFault> {
    let item = item.to_ascii_uppercase();
    if item == "?" {
        rule.weekdays |= DayRule::WHOLE_WEEK;
    } else if item == "L" {
        rule.weekdays |= 1 << 6;
    } else if let Some(day) = item.strip_suffix('L') {
        rule.last_of |= 1 << weekday(day, dialect)?;
    } else if let Some((day, nth)) = item.split_once('#') {
        rule.nth |= 1 << (weekday(day, dialect)? + 7 * (nth_of(nth)? - 1));
    } else {
        let set =
            item::values(CronField::DayOfWeek, &translate(&item, dialect)?).map_err(|fault| tell(fault, dialect))?;
        rule.weekdays |= (narrow(set) >> 1) as u8;
    }
    Ok(())
}

/// A weekday counted from 0 = Sunday.
fn weekday(text: &str, dialect: Dialect) -> Result<u32, ItemFault> {
    let value = item::value(CronField::DayOfWeek, &translate_day(text, dialect)?);
    value.map(|day| day - 1).map_err(|fault| tell(fault, dialect))
}

fn nth_of(text: &str) -> Result<u32, ItemFault> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let nth = if is_number { text.parse().ok() } else { return Err(ItemFault::NotUnderstood) };
    nth.filter(|nth| (1..=5).contains(nth)).ok_or(ItemFault::Nth)
}

/// The item with its day numbers turned into 1 = SUN to 7 = SAT; the step is no day and stays.
fn translate(item: &str, dialect: Dialect) -> Result<String, ItemFault> {
    let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
    let base = match base.split_once('-') {
        // From Sunday to Sunday by its two numbers is the whole week and not one day.
        Some(("0", "7")) => "1-7".to_owned(),
        Some((from, to)) => format!("{}-{}", translate_day(from, dialect)?, translate_day(to, dialect)?),
        None => translate_day(base, dialect)?,
    };
    Ok(step.map_or(base.clone(), |step| format!("{base}/{step}")))
}

/// One day's number as 1 = SUN to 7 = SAT; anything that is no number stays as it is.
fn translate_day(text: &str, dialect: Dialect) -> Result<String, ItemFault> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let out_of_range = || tell(ItemFault::OutOfRange { least: 1, most: 7 }, dialect);
    let number = text.parse::<u32>().ok().filter(|number| *number <= 7).ok_or_else(out_of_range)?;
    let from_sunday = match dialect {
        Dialect::Unix => number % 7 + 1,
        Dialect::Quartz => number.max(1),
    };
    Ok(from_sunday.to_string())
}

/// The fault with the bounds that the writer knows.
fn tell(fault: ItemFault, dialect: Dialect) -> ItemFault {
    match (fault, dialect) {
        (ItemFault::OutOfRange { most, .. }, Dialect::Unix) => ItemFault::OutOfRange { least: 0, most },
        (fault, _) => fault,
    }
}

/// Whether a day-of-week field names a day by its number, which different crons count differently.
pub(super) fn names_a_day_by_number(field: &str) -> bool {
    let base = |item: &str| item.split(['/', '#']).next().unwrap_or("").to_owned();
    field.split(',').any(|item| base(item).contains(|character: char| character.is_ascii_digit()))
}

fn all(field: CronField) -> u32 {
    let (least, most) = field.bounds();
    (least..=most).fold(0, |set, value| set | 1 << value)
}

/// A set of days, which never needs more than 32 bits.
const fn narrow(set: u128) -> u32 {
    (set & u32::MAX as u128) as u32
}
