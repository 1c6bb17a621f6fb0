//! Java's SimpleDateFormat letters, with English names of months and weekdays.

use std::fmt::Write as _;

use jiff::Zoned;

use crate::reporter::Wrong;

/// A format, read once and written as often as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateFormat {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// A letter and how often it stands in a row.
    Field(char, usize),
}

const LETTERS: &str = "GyYMLwWDdFEuaHkKhmsSzZX";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// The longest run of one letter; more is surely a mistake and would only pad with zeros.
const LONGEST_RUN: usize = 16;

impl DateFormat {
    /// Reads `text`. Letters outside quotes are fields, `'…'` is literal, `''` is a quote.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            if character == '\'' {
                if characters.next_if_eq(&'\'').is_some() {
                    literal.push('\'');
                } else {
                    Self::quoted(&mut characters, &mut literal, text)?;
                }
            } else if character.is_ascii_alphabetic() {
                let mut run = 1;
                while characters.next_if_eq(&character).is_some() {
                    run += 1;
                }
                if !LETTERS.contains(character) {
                    let message =
                        format!("the letter {character} means nothing in the time format {text}");
                    return Err(Wrong::new(
                        message,
                        format!("quote it: '{character}'; the letters are {LETTERS}"),
                    ));
                }
                if run > LONGEST_RUN {
                    let message = format!("{run} times {character} in a row in a time format");
                    return Err(Wrong::new(message, "write a format such as yyyy-MM-dd"));
                }
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Field(character, run));
            } else {
                literal.push(character);
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    fn quoted(
        characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
        literal: &mut String,
        text: &str,
    ) -> Result<(), Wrong> {
        while let Some(character) = characters.next() {
            if character != '\'' {
                literal.push(character);
            } else if characters.next_if_eq(&'\'').is_some() {
                literal.push('\'');
            } else {
                return Ok(());
            }
        }
        Err(Wrong::new(
            format!("a quote is never closed in the time format {text}"),
            "write ' at its end",
        ))
    }

    /// Writes `time` by this format.
    pub(crate) fn write(&self, time: &Zoned) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Field(letter, run) => write_field(&mut out, *letter, *run, time),
            }
        }
        out
    }
}

fn write_field(out: &mut String, letter: char, run: usize, time: &Zoned) {
    let weekday = usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or(0);
    let hour = i64::from(time.hour());
    match letter {
        'G' => out.push_str(if time.year() > 0 { "AD" } else { "BC" }),
        'y' => write_year(out, run, i64::from(time.year())),
        'Y' => write_year(out, run, i64::from(time.date().iso_week_date().year())),
        'M' | 'L' => {
            let month = usize::try_from(time.month()).unwrap_or(1);
            write_name_or_number(out, run, MONTHS[month - 1], i64::from(time.month()));
        }
        'w' => number(out, run, i64::from(time.date().iso_week_date().week())),
        'W' => number(out, run, week_of_month(time)),
        'D' => number(out, run, i64::from(time.day_of_year())),
        'd' => number(out, run, i64::from(time.day())),
        'F' => number(out, run, (i64::from(time.day()) - 1) / 7 + 1),
        'E' => out.push_str(if run >= 4 {
            WEEKDAYS[weekday]
        } else {
            &WEEKDAYS[weekday][..3]
        }),
        'u' => number(out, run, i64::from(time.weekday().to_monday_one_offset())),
        'a' => out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'H' => number(out, run, hour),
        'k' => number(out, run, if hour == 0 { 24 } else { hour }),
        'K' => number(out, run, hour % 12),
        'h' => number(out, run, if hour % 12 == 0 { 12 } else { hour % 12 }),
        'm' => number(out, run, i64::from(time.minute())),
        's' => number(out, run, i64::from(time.second())),
        'S' => number(out, run, i64::from(time.millisecond())),
        'z' => out.push_str(
            time.time_zone()
                .to_offset_info(time.timestamp())
                .abbreviation(),
        ),
        'Z' => write_offset(out, time, 2, "", false),
        // Only letters of LETTERS become fields, and X is the last of them.
        _ => match run {
            1 => write_offset(out, time, 1, "", true),
            2 => write_offset(out, time, 2, "", true),
            _ => write_offset(out, time, 2, ":", true),
        },
    }
}

fn number(out: &mut String, width: usize, value: i64) {
    // Writing to a String cannot fail.
    let _never = write!(out, "{value:0width$}");
}

fn write_year(out: &mut String, run: usize, year: i64) {
    if run == 2 {
        number(out, 2, year.rem_euclid(100));
    } else {
        number(out, run, year);
    }
}

fn write_name_or_number(out: &mut String, run: usize, name: &str, value: i64) {
    match run {
        1 | 2 => number(out, run, value),
        3 => out.push_str(&name[..3]),
        _ => out.push_str(name),
    }
}

/// Weeks begin on Monday; the days before the month's first Monday are week 1 when the month begins with them.
fn week_of_month(time: &Zoned) -> i64 {
    let first = i64::from(
        time.date()
            .first_of_month()
            .weekday()
            .to_monday_zero_offset(),
    );
    (i64::from(time.day()) - 1 + first) / 7 + 1
}

fn write_offset(out: &mut String, time: &Zoned, parts: usize, separator: &str, zulu: bool) {
    let seconds = time.offset().seconds();
    if zulu && seconds == 0 {
        out.push('Z');
        return;
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    // Writing to a String cannot fail.
    let _never = write!(out, "{sign}{:02}", minutes / 60);
    if parts > 1 {
        let _never = write!(out, "{separator}{:02}", minutes % 60);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &str, time: &str) -> String {
        DateFormat::parse(format)
            .expect(format)
            .write(&time.parse().expect("a time"))
    }

    #[test]
    fn every_letter_is_written() {
        let time = "2026-03-07T15:04:05.067+08:00[Asia/Shanghai]";
        for (format, expected) in [
            ("yyyy-MM-dd HH:mm:ss", "2026-03-07 15:04:05"),
            ("yyyyMMdd", "20260307"),
            ("yy/M/d", "26/3/7"),
            (
                "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
                "2026-03-07T15:04:05.067+08:00",
            ),
            ("h 'o''clock' a", "3 o'clock PM"),
            ("hh K kk", "03 3 15"),
            ("E EEE EEEE", "Sat Sat Saturday"),
            ("MMM MMMM", "Mar March"),
            ("D DDD", "66 066"),
            ("u F W", "6 1 2"),
            ("w YYYY", "10 2026"),
            ("Z X XX", "+0800 +08 +0800"),
            ("z", "CST"),
            ("G", "AD"),
            ("S", "67"),
            ("''yyyy''", "'2026'"),
            ("yyyy年MM月dd日", "2026年03月07日"),
        ] {
            assert_eq!(written(format, time), expected, "{format}");
        }
    }

    #[test]
    fn midnight_and_noon_follow_each_hour_letter() {
        assert_eq!(
            written("HH kk KK hh a", "2026-01-01T00:30:00+00:00[UTC]"),
            "00 24 00 12 AM"
        );
        assert_eq!(
            written("HH kk KK hh a XXX", "2026-01-01T12:30:00+00:00[UTC]"),
            "12 12 00 12 PM Z"
        );
    }

    #[test]
    fn an_unknown_letter_and_an_open_quote_are_refused() {
        let wrong = DateFormat::parse("yyyy-MM-ddTHH").expect_err("T is no field");
        assert!(wrong.help.contains("'T'"), "{wrong:?}");
        assert!(DateFormat::parse("yyyy 'o").is_err());
        assert!(DateFormat::parse(&"y".repeat(1_000)).is_err());
    }
}
