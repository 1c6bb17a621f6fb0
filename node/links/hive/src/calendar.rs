//! Dates and times in values, looked at before a server gets them: Hive makes NULL of those that are none.

/// A date and a time, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment<'a> {
    /// `yyyy-mm-dd`.
    pub(crate) date: &'a str,
    /// `hh:mm:ss`; empty where the value is a date alone.
    pub(crate) time: &'a str,
    /// Decimals of the second, without zeros at the end.
    pub(crate) decimals: &'a str,
    /// What follows, as `+00:00`.
    pub(crate) zone: &'a str,
}

impl<'a> Moment<'a> {
    /// Understands a date, with or without a time; `None` for what is no day of the years 1 to 9999.
    pub(crate) fn parse(value: &'a str) -> Option<Self> {
        let (date, rest) = value.split_at_checked(10)?;
        if !is_date(date) {
            return None;
        }
        let Some(rest) = rest.strip_prefix([' ', 'T']) else {
            return rest.is_empty().then_some(Self {
                date,
                time: "",
                decimals: "",
                zone: "",
            });
        };
        let (time, rest) = rest.split_at_checked(8)?;
        if !is_time(time) {
            return None;
        }
        let (decimals, zone) = match rest.strip_prefix('.') {
            None => ("", rest),
            Some(rest) => {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                (end > 0).then(|| rest.split_at(end))?
            }
        };
        is_zone(zone).then_some(Self {
            date,
            time,
            decimals: decimals.trim_end_matches('0'),
            zone,
        })
    }

    pub(crate) fn is_midnight(&self) -> bool {
        matches!(self.time, "" | "00:00:00") && self.decimals.is_empty()
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (number(year), number(month), number(day)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').map(number).collect();
    matches!(parts[..], [Some(0..24), Some(0..60), Some(0..60)])
        && text.split(':').all(|part| part.len() == 2)
}

fn is_zone(text: &str) -> bool {
    match text.strip_prefix(['+', '-']) {
        Some(rest) => {
            let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
            hours.len() == 2
                && minutes.len() == 2
                && number(hours).is_some_and(|hours| hours < 19)
                && number(minutes).is_some_and(|minutes| minutes < 60)
        }
        None => matches!(text, "" | "Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_day_or_no_time_is_told_apart() {
        for right in [
            "2024-02-29",
            "0001-01-01",
            "9999-12-31 23:59:59.999999",
            "2024-01-01T00:00:00+00:00",
            "2024-01-01 00:00:00Z",
        ] {
            assert!(Moment::parse(right).is_some(), "{right}");
        }
        for wrong in [
            "2023-02-29",
            "0000-00-00",
            "2024-13-01",
            "10000-01-01",
            "2024-01-01 24:00:00",
            "2024-01-01 1:00:00",
            "2024-01-01 00:00:00.",
            "2024-01-01 00:00:00 CET",
            "0044-03-15 BC",
            "infinity",
            "订订订订",
        ] {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_taken_apart() {
        let moment = Moment::parse("2024-01-01 00:00:00.500+01:30").unwrap();
        assert_eq!(
            (moment.date, moment.time, moment.decimals, moment.zone),
            ("2024-01-01", "00:00:00", "5", "+01:30")
        );
        assert!(!moment.is_midnight());
        assert!(
            Moment::parse("2024-01-01 00:00:00.0")
                .unwrap()
                .is_midnight()
        );
    }
}
