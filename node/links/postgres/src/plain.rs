//! From the text that the server writes to the plain form of values.

use peerflow_rows::{BatchBuilder, Error, Kind, Trouble};

/// What has to be done with the text of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It is the plain form.
    AsIs,
    /// `t` or `f`.
    Boolean,
    /// Its offset is that of the session's zone, and hours only where that will do.
    Instant,
    /// `\x` and two digits a byte.
    Binary,
}

impl Form {
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean,
            Kind::Instant { .. } => Self::Instant,
            Kind::Binary { .. } => Self::Binary,
            _ => Self::AsIs,
        }
    }

    /// Appends one value, in plain form.
    pub(crate) fn push(self, text: &[u8], builder: &mut BatchBuilder) -> Result<(), Error> {
        match self {
            Self::AsIs => builder.append(text)?,
            Self::Boolean => builder.append(match text {
                b"t" => b"1",
                b"f" => b"0",
                other => other,
            })?,
            Self::Instant => push_instant(text, builder)?,
            Self::Binary => push_binary(text, builder)?,
        }
        builder.end_value();
        Ok(())
    }
}

fn push_binary(text: &[u8], builder: &mut BatchBuilder) -> Result<(), Error> {
    let Some(digits) = text
        .strip_prefix(b"\\x")
        .filter(|digits| digits.len() % 2 == 0)
    else {
        return Err(Error::new(
            Trouble::Refused,
            "a value of type bytea does not come as hexadecimal digits: has the query changed bytea_output?",
        ));
    };
    let mut piece = [0; 1024];
    for part in digits.chunks(2 * piece.len()) {
        for (byte, pair) in piece.iter_mut().zip(part.chunks_exact(2)) {
            *byte = (digit(pair[0]) << 4) | digit(pair[1]);
        }
        builder.append(&piece[..part.len() / 2])?;
    }
    Ok(())
}

fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        _ => (character | 0x20).wrapping_sub(b'a' - 10) & 0xf,
    }
}

/// Instants before our era, and `infinity`, stay as the server writes them.
fn push_instant(text: &[u8], builder: &mut BatchBuilder) -> Result<(), Error> {
    if let Some(local) = text.strip_suffix(b"+00") {
        builder.append(local)?;
        builder.append(b"+00:00")?;
    } else if let Some(moved) = in_utc(text) {
        builder.append(moved.as_bytes())?;
    } else {
        builder.append(text)?;
    }
    Ok(())
}

/// `2026-01-01 08:00:00.5+08` as `2026-01-01 00:00:00.5+00:00`; `None` for what is not written like this.
fn in_utc(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, rest) = text.split_once(' ')?;
    let at = rest.find(['+', '-'])?;
    let (time, offset) = rest.split_at(at);
    let (whole, decimals) = time.split_at(time.find('.').unwrap_or(time.len()));
    let seconds = seconds_of(whole)?;
    let offset = match offset.split_at(1) {
        ("-", offset) => -seconds_of(offset)?,
        (_, offset) => seconds_of(offset)?,
    };
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let day = day_number(date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let moved = day * 86_400 + seconds - offset;
    let (year, month, day) = date_of(moved.div_euclid(86_400));
    let second = moved.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{decimals}+00:00"
    ))
}

/// Of `hh`, `hh:mm` or `hh:mm:ss`.
fn seconds_of(text: &str) -> Option<i64> {
    let mut seconds = 0;
    let mut unit = 3600;
    for part in text.split(':') {
        seconds += part.parse::<i64>().ok()? * unit;
        unit /= 60;
    }
    Some(seconds)
}

/// Days since 1970-01-01, in years that begin in March so that leap days come last.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`day_number`].
fn date_of(number: i64) -> (i64, i64, i64) {
    let shifted = number + 719_468;
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(form: Form, text: &str) -> Vec<u8> {
        let mut builder = BatchBuilder::new(1);
        form.push(text.as_bytes(), &mut builder).unwrap();
        builder.take().value(0, 0).unwrap().to_vec()
    }

    #[test]
    fn instants_come_in_utc_whatever_the_sessions_zone() {
        for (written, expected) in [
            ("2026-01-01 00:00:00+00", "2026-01-01 00:00:00+00:00"),
            ("2026-01-01 07:30:00.25+08", "2025-12-31 23:30:00.25+00:00"),
            ("2024-02-28 20:00:00-03:30", "2024-02-28 23:30:00+00:00"),
            ("2024-02-28 21:00:00-03", "2024-02-29 00:00:00+00:00"),
            ("1900-01-01 00:05:43+08:05:43", "1899-12-31 16:00:00+00:00"),
            (
                "294276-12-31 23:59:59.999999+00:00:01",
                "294276-12-31 23:59:58.999999+00:00",
            ),
            ("infinity", "infinity"),
            (
                "0044-03-15 12:00:00+00:53:28 BC",
                "0044-03-15 12:00:00+00:53:28 BC",
            ),
        ] {
            assert_eq!(
                plain(Form::Instant, written),
                expected.as_bytes(),
                "{written}"
            );
        }
    }

    #[test]
    fn days_and_dates_agree_over_all_of_the_servers_range() {
        assert_eq!(day_number(1970, 1, 1), 0);
        for number in (-1_000_000..107_000_000).step_by(997) {
            let (year, month, day) = date_of(number);
            assert_eq!(day_number(year, month, day), number);
        }
    }

    #[test]
    fn bytes_come_as_they_are() {
        assert_eq!(plain(Form::Binary, "\\x"), b"");
        assert_eq!(plain(Form::Binary, "\\x00ff7F61"), b"\x00\xff\x7fa");
        let long = format!("\\x{}", "ab".repeat(5000));
        assert_eq!(plain(Form::Binary, &long), vec![0xab; 5000]);
    }
}
