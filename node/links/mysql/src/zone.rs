//! The zone of a session, in which the server takes and gives instants (TIMESTAMP) as clock times.

use mysql_async::{Conn, prelude::Queryable};
use peerflow_rows::{Error, Trouble};

use crate::error::talking;

/// Years whose offsets are compared. Before them some zones had a summer time that they gave up, as China's until 1991.
const YEARS: std::ops::Range<i64> = 1992..2038;
const DAY: i64 = 86_400;

/// How a session's clock stands to UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Always this many seconds before it; since 1992 where `since_1992`.
    Fixed { offset: i64, since_1992: bool },
    /// It has changed since 1992, or does so twice a year: clock times do not say which instant they are.
    Changing,
}

impl Zone {
    pub(crate) const UTC: Self = Self::Fixed {
        offset: 0,
        since_1992: false,
    };

    /// Asks the server, so that its own rules count and nobody else's.
    pub(crate) async fn of(conn: &mut Conn) -> Result<Self, Error> {
        let probes: Vec<String> = YEARS
            .flat_map(|year| [days(year, 1, 15) * DAY, days(year, 7, 15) * DAY])
            .map(|second| {
                format!("TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME({second})) - {second}")
            })
            .collect();
        // One column: rows of a tuple have few.
        let query = format!(
            "SELECT IF(@@session.time_zone = 'SYSTEM', @@system_time_zone, @@session.time_zone), CONCAT_WS(',', {})",
            probes.join(", ")
        );
        let row: Option<(Option<String>, Option<String>)> =
            conn.query_first(query).await.map_err(|e| talking(&e))?;
        let (name, offsets) = row.unwrap_or_default();
        let (name, offsets) = (name.unwrap_or_default(), offsets.unwrap_or_default());
        let mut offsets = offsets.split(',').map(str::parse::<i64>);
        let Some(Ok(offset)) = offsets.next() else {
            return Ok(Self::Changing);
        };
        Ok(if offsets.all(|other| other == Ok(offset)) {
            Self::Fixed {
                offset,
                since_1992: !name.starts_with(['+', '-']) && !name.eq_ignore_ascii_case("UTC"),
            }
        } else {
            Self::Changing
        })
    }

    /// Turns a clock time of this zone into UTC, or one of UTC into this zone's with `back`.
    pub(crate) fn shift(self, clock: Clock, back: bool) -> Result<Clock, Error> {
        let Self::Fixed { offset, since_1992 } = self else {
            return Ok(clock);
        };
        if offset == 0 && !since_1992 {
            return Ok(clock);
        }
        if since_1992 && i64::from(clock.year) < YEARS.start {
            return Err(Error::new(
                Trouble::BadValue,
                format!(
                    "the instant {:04}-{:02}-{:02} is of before 1992, when the server's zone may have had another offset; set sessionVariables=time_zone='+00:00' for the link",
                    clock.year, clock.month, clock.day
                ),
            ));
        }
        Ok(clock.plus(if back { offset } else { -offset }))
    }
}

/// A clock time without decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Clock {
    /// Reads `yyyy-mm-dd hh:mm:ss` at the beginning of a text.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let number = |from: usize, to: usize| -> Option<u16> {
            text.get(from..to)?.iter().try_fold(0_u16, |sum, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| sum * 10 + u16::from(digit - b'0'))
            })
        };
        let small = |from| number(from, from + 2).and_then(|n| u8::try_from(n).ok());
        let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
        marks
            .iter()
            .all(|(at, mark)| text.get(*at) == Some(mark))
            .then_some(())?;
        Some(Self {
            year: number(0, 4)?,
            month: small(5)?,
            day: small(8)?,
            hour: small(11)?,
            minute: small(14)?,
            second: small(17)?,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "each part is within its range by then, and years stay within four digits as the server's instants do"
    )]
    fn plus(self, seconds: i64) -> Self {
        let day = days(
            i64::from(self.year),
            i64::from(self.month),
            i64::from(self.day),
        );
        let clock =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        let total = day * DAY + clock + seconds;
        let (day, clock) = (total.div_euclid(DAY), total.rem_euclid(DAY));
        let (year, month, day) = date(day);
        Self {
            year: year as u16,
            month: month as u8,
            day: day as u8,
            hour: (clock / 3600) as u8,
            minute: (clock / 60 % 60) as u8,
            second: (clock % 60) as u8,
        }
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March, so that leap days end them.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2024, 2, 29), 19_782);
        for day in (-720_000..1_500_000).step_by(13) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn clock_times_shift_over_the_ends_of_days_and_years() {
        let zone = Zone::Fixed {
            offset: 8 * 3600,
            since_1992: true,
        };
        let local = Clock::parse(b"2024-01-01 07:59:59.5").unwrap();
        let utc = zone.shift(local, false).unwrap();
        assert_eq!(utc, Clock::parse(b"2023-12-31 23:59:59").unwrap());
        assert_eq!(zone.shift(utc, true).unwrap(), local);
        zone.shift(Clock::parse(b"1990-07-01 00:00:00").unwrap(), false)
            .unwrap_err();
    }
}
