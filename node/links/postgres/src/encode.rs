//! From the plain form of values to lines that `COPY … FROM STDIN` takes.
//!
//! What PostgreSQL would change without a word is refused: numbers and times with too many decimals, dates with a time of
//! day, blanks beyond a column's length. Only binary fractions are rounded, to a column of `real`, and an instant loses its
//! offset in a column without zone: what stays there is UTC.

use peerflow_rows::{Column, Error, Kind, RowBatch, Target, Trouble};

use crate::judge::{characters, decimals, few_decimals, has_time, not_zero, shown, whole};

/// Makes lines of rows, and refuses what the server would change without a word.
#[derive(Debug)]
pub(crate) struct Encoder {
    columns: Vec<(String, Rule)>,
}

/// What the values of a column have to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// The server judges them well.
    AsIs,
    /// Bytes, which become hexadecimal digits.
    Hexadecimal,
    /// Bytes for a column that takes text.
    Utf8,
    /// Numbers that are whole, though they may be written with decimals.
    Whole,
    /// Numbers that must not be rounded to so many decimals.
    Decimals(u16),
    /// Dates, which must be dates, and have a time of day only when it is midnight.
    Date,
    /// Times of day with so many decimals.
    Time(u8),
    /// The same with a date.
    Timestamp(u8),
    /// Text of so many characters: the server drops blanks beyond them.
    Characters(u32),
}

impl Encoder {
    pub(crate) fn new(target: &Target) -> Result<Self, Error> {
        let columns = target
            .columns
            .iter()
            .zip(&target.source)
            .map(|(column, source)| Ok((column.name.clone(), rule(source, column)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Self { columns })
    }

    /// Appends all rows of a batch, of which the first is number `first` of the load.
    ///
    /// # Errors
    /// With row and column.
    pub(crate) fn lines(
        &self,
        batch: &RowBatch,
        first: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut values = batch.values();
        for row in 0..batch.rows() {
            for (index, (name, rule)) in self.columns.iter().enumerate() {
                if index > 0 {
                    out.push(b'\t');
                }
                match values.next().flatten() {
                    None => out.extend_from_slice(b"\\N"),
                    Some(value) => rule.write(value, out).map_err(|words| {
                        Error::new(Trouble::BadValue, words)
                            .at_row(first + row as u64)
                            .at_column(name)
                    })?,
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }
}

fn rule(source: &Column, target: &Column) -> Result<Rule, Error> {
    let rule = match (source.kind, target.kind) {
        (_, Kind::Binary { .. }) => Rule::Hexadecimal,
        (Kind::Decimal { .. } | Kind::Float { .. }, Kind::Integer { .. }) => Rule::Whole,
        (Kind::Integer { .. } | Kind::Boolean, Kind::Decimal { .. }) => Rule::AsIs,
        (
            _,
            Kind::Decimal {
                scale: Some(scale), ..
            },
        ) => Rule::Decimals(scale),
        (Kind::Timestamp { .. } | Kind::Instant { .. } | Kind::Date, Kind::Time { .. }) => {
            return Err(Error::new(
                Trouble::BadValue,
                "a column of times of day takes no dates: cast it in the source's query",
            )
            .at_column(&target.name));
        }
        (_, Kind::Date) => Rule::Date,
        // A table made for more decimals has six all the same.
        (_, Kind::Time { decimals }) => Rule::Time(decimals.min(6)),
        (_, Kind::Timestamp { decimals } | Kind::Instant { decimals }) => {
            Rule::Timestamp(decimals.min(6))
        }
        (Kind::Binary { .. }, _) => Rule::Utf8,
        (
            _,
            Kind::Text {
                characters: Some(characters),
            },
        ) => Rule::Characters(characters),
        _ => Rule::AsIs,
    };
    Ok(rule)
}

impl Rule {
    fn write(self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::AsIs => escape(value, out),
            Self::Hexadecimal => {
                hexadecimal(value, out);
                Ok(())
            }
            Self::Utf8 => match std::str::from_utf8(value) {
                Ok(_) => escape(value, out),
                Err(_) => Err("bytes that are no UTF-8 do not fit a column of text".to_owned()),
            },
            Self::Whole => escape(whole(value), out),
            Self::Decimals(scale) => match decimals(value) > i64::from(scale) {
                true => Err(format!("{} has more than {scale} decimals", shown(value))),
                false => escape(value, out),
            },
            Self::Date => {
                not_zero(value)?;
                if value.len() > 10 && has_time(value) {
                    return Err(format!(
                        "{} has a time of day, the column has none",
                        shown(value)
                    ));
                }
                escape(value, out)
            }
            Self::Time(most) => {
                few_decimals(value, most)?;
                escape(value, out)
            }
            Self::Timestamp(most) => {
                not_zero(value)?;
                few_decimals(value, most)?;
                escape(value, out)
            }
            Self::Characters(most) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                if value.len() > most && characters(value) > most {
                    return Err(format!("{} is longer than {most} characters", shown(value)));
                }
                escape(value, out)
            }
        }
    }
}

/// Bytes that mean something to COPY, and what stands for them; 0 for the others.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    escapes[b'\\' as usize] = b'\\';
    escapes[b'\t' as usize] = b't';
    escapes[b'\n' as usize] = b'n';
    escapes[b'\r' as usize] = b'r';
    // Not an escape, but what the server's text cannot hold.
    escapes[0] = b'0';
    escapes
};

fn escape(value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut rest = value;
    while let Some(at) = rest
        .iter()
        .position(|&byte| ESCAPES[usize::from(byte)] != 0)
    {
        let byte = rest[at];
        if byte == 0 {
            return Err("a text with a zero byte (0x00) does not fit PostgreSQL".to_owned());
        }
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', ESCAPES[usize::from(byte)]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// `\x…`, whose backslash is doubled as all are.
fn hexadecimal(value: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\\\x");
    out.reserve(value.len() * 2);
    for &byte in value {
        let pair = [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 0xf)],
        ];
        out.extend_from_slice(&pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rule: Rule, value: &str) -> Result<String, String> {
        let mut out = Vec::new();
        rule.write(value.as_bytes(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_means_something_to_copy_is_escaped() {
        assert_eq!(
            written(Rule::AsIs, "a\\N\tb\r\n订").unwrap(),
            "a\\\\N\\tb\\r\\n订"
        );
        assert_eq!(written(Rule::Hexadecimal, "\0a\n").unwrap(), "\\\\x00610a");
        assert!(written(Rule::AsIs, "a\0b").unwrap_err().contains("0x00"));
    }

    #[test]
    fn numbers_are_not_rounded_in_silence() {
        assert!(
            written(Rule::Decimals(2), "1.239")
                .unwrap_err()
                .contains("1.239")
        );
        assert_eq!(written(Rule::Decimals(2), "1.230").unwrap(), "1.230");
        assert_eq!(written(Rule::Whole, "5.00").unwrap(), "5");
        assert_eq!(
            written(Rule::Whole, "5.01").unwrap(),
            "5.01",
            "the server refuses it"
        );
    }

    #[test]
    fn dates_and_times_lose_nothing_in_silence() {
        assert!(
            written(Rule::Date, "0000-00-00")
                .unwrap_err()
                .contains("NULL")
        );
        assert!(written(Rule::Timestamp(6), "0000-00-00 00:00:00").is_err());
        assert!(written(Rule::Date, "2026-01-01 00:00:01").is_err());
        assert!(written(Rule::Date, "2026-01-01 00:00:00.000+08:00").is_ok());
        assert!(written(Rule::Timestamp(3), "2026-01-01 00:00:00.1234+00:00").is_err());
        assert!(written(Rule::Timestamp(3), "2026-01-01 00:00:00.123000+00:00").is_ok());
    }

    #[test]
    fn a_table_made_for_nine_decimals_of_a_second_keeps_six() {
        let column = Column::new("at", Kind::Timestamp { decimals: 9 });
        let rule = rule(&column, &column).unwrap();
        assert!(written(rule, "2026-01-01 00:00:00.123456789").is_err());
        assert!(written(rule, "2026-01-01 00:00:00.123456000").is_ok());
    }

    #[test]
    fn text_is_not_cut_in_silence() {
        assert!(
            written(Rule::Characters(3), "ab  ").is_err(),
            "the server drops such blanks"
        );
        assert_eq!(written(Rule::Characters(3), "订订订").unwrap(), "订订订");
    }
}
