//! One time macro: which moment, how written, how far moved.

use jiff::{Span, Zoned};

use crate::parameters::LogicalTime;
use crate::reporter::Wrong;
use crate::time::format::DateFormat;

/// `X|FORMAT|OFFSET` of `${time.X|FORMAT|OFFSET}`.
#[derive(Clone, Debug)]
pub(crate) struct TimeMacro {
    /// What X itself adds to the logical time.
    base: Span,
    format: DateFormat,
    offsets: Vec<Span>,
}

const BASES: &str = "today, yestoday, yesterday, cur_month or last_month";
const OFFSET_HELP: &str = "write a number and minute, hour, day, week, month or year, such as -1 day; several separated by commas";

/// Years an offset may span at most; dates themselves end with the year 9999.
const FARTHEST_YEARS: i64 = 1_000;

impl TimeMacro {
    /// Reads what follows `time.` in a macro.
    pub(crate) fn parse(body: &str) -> Result<Self, Wrong> {
        let mut parts = body.split('|');
        let name = parts.next().unwrap_or_default().trim();
        let (base, default_format) = match name {
            "today" => (Span::new(), "yyyy-MM-dd"),
            "yestoday" | "yesterday" => (Span::new().days(-1), "yyyy-MM-dd"),
            "cur_month" => (Span::new(), "yyyy-MM"),
            "last_month" => (Span::new().months(-1), "yyyy-MM"),
            other => {
                return Err(Wrong::new(
                    format!("unknown time macro ${{time.{other}}}"),
                    format!("write {BASES}"),
                ));
            }
        };
        let format = parts
            .next()
            .filter(|format| !format.trim().is_empty())
            .unwrap_or(default_format);
        let offsets = parts.next().unwrap_or_default();
        if parts.next().is_some() {
            let message = format!("too many parts in ${{time.{body}}}");
            return Err(Wrong::new(message, "write ${time.NAME|FORMAT|OFFSET}"));
        }
        let format = DateFormat::parse(format)?;
        let offsets = offsets
            .split([',', '，'])
            .map(str::trim)
            .filter(|offset| !offset.is_empty())
            .map(parse_offset);
        Ok(Self {
            base,
            format,
            offsets: offsets.collect::<Result<_, _>>()?,
        })
    }

    /// The text it stands for at `time`.
    pub(crate) fn at(&self, time: &LogicalTime) -> Result<String, Wrong> {
        let mut zoned = Zoned::new(time.instant, time.zone.clone());
        for span in std::iter::once(&self.base).chain(&self.offsets) {
            zoned = zoned.checked_add(*span).map_err(|error| {
                let message = format!("{span:#} from {zoned} cannot be computed: {error}");
                Wrong::new(message, "dates end with the year 9999")
            })?;
        }
        Ok(self.format.write(&zoned))
    }
}

fn parse_offset(text: &str) -> Result<Span, Wrong> {
    let refused = || Wrong::new(format!("the offset {text} is not understood"), OFFSET_HELP);
    let split = text
        .find(|character: char| character.is_alphabetic())
        .ok_or_else(refused)?;
    let (number, unit) = text.split_at(split);
    let number: String = number
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let number: i64 = number.parse().ok().ok_or_else(refused)?;
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix('s').unwrap_or(&unit);
    let per_year = match unit {
        "second" | "sec" => 366 * 86_400,
        "minute" | "min" => 366 * 1_440,
        "hour" => 366 * 24,
        "day" => 366,
        "week" => 53,
        "month" => 12,
        "year" => 1,
        _ => return Err(refused()),
    };
    if number.unsigned_abs() > FARTHEST_YEARS.unsigned_abs() * per_year {
        let message = format!("the offset {text} is longer than {FARTHEST_YEARS} years");
        return Err(Wrong::new(message, OFFSET_HELP));
    }
    Ok(match unit {
        "second" | "sec" => Span::new().seconds(number),
        "minute" | "min" => Span::new().minutes(number),
        "hour" => Span::new().hours(number),
        "day" => Span::new().days(number),
        "week" => Span::new().weeks(number),
        "month" => Span::new().months(number),
        _ => Span::new().years(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(body: &str, zoned: &str) -> String {
        let zoned: Zoned = zoned.parse().expect("a time");
        let time = LogicalTime {
            instant: zoned.timestamp(),
            zone: zoned.time_zone().clone(),
        };
        TimeMacro::parse(body).expect(body).at(&time).expect(body)
    }

    #[test]
    fn names_have_their_default_formats() {
        let time = "2026-03-31T10:00:00+08:00[Asia/Shanghai]";
        assert_eq!(at("today", time), "2026-03-31");
        assert_eq!(at("yestoday", time), "2026-03-30");
        assert_eq!(at("yesterday", time), "2026-03-30");
        assert_eq!(at("cur_month", time), "2026-03");
        assert_eq!(at("last_month", time), "2026-02");
        assert_eq!(at("last_month|yyyy-MM-dd", time), "2026-02-28");
    }

    #[test]
    fn offsets_clamp_add_up_and_follow_the_zone() {
        assert_eq!(
            at("today|yyyy-MM-dd|1 month", "2024-01-31T00:00:00+00:00[UTC]"),
            "2024-02-29"
        );
        assert_eq!(
            at("today|yyyy-MM-dd|-1 day", "2026-01-01T00:00:00+00:00[UTC]"),
            "2025-12-31"
        );
        assert_eq!(
            at("today||-1 month, 1 week", "2026-03-31T00:00:00+00:00[UTC]"),
            "2026-03-07"
        );
        assert_eq!(
            at("today|HH:mm|30 minute", "2026-03-31T23:45:00+00:00[UTC]"),
            "00:15"
        );
        assert_eq!(
            at("today||-1 year", "2024-02-29T00:00:00+00:00[UTC]"),
            "2023-02-28"
        );
        let berlin = "2026-03-29T04:00:00+02:00[Europe/Berlin]";
        assert_eq!(at("today|HH:mm|-3 hour", berlin), "00:00");
        assert_eq!(
            at("today|yyyy-MM-dd HH:mm|-1 day", berlin),
            "2026-03-28 04:00"
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_with_help() {
        for (body, word) in [
            ("foo", "today"),
            ("today|yyyy|1 fortnight", "minute"),
            ("today|yyyy|day", "number"),
            ("today|yyyy|-1", "number"),
            ("today|yyyy|99999999999999999999 day", "number"),
            ("today|yyyy|2000 year", "number"),
            ("today|a|b|c", "FORMAT"),
            ("today|yyyy-MM-ddTHH", "'T'"),
        ] {
            let wrong = TimeMacro::parse(body).expect_err(body);
            assert!(wrong.help.contains(word), "{body}: {wrong:?}");
        }
    }
}
