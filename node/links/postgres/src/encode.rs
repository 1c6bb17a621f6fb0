//! From the plain form of values to lines that `COPY … FROM STDIN` takes.
//!
//! What PostgreSQL would change without a word is refused: numbers and times with too many decimals, decimals with more
//! digits than a binary fraction keeps, dates with a time of day, times with an offset in a column without zone, blanks beyond
//! a column's length. Only binary fractions are rounded, to a column of `real`, and an instant in UTC loses its offset in a
//! column without zone.

use peerflow_rows::{Column, Error, Kind, RowBatch, Target, Trouble, keeps_digits};

use crate::judge::{characters, decimals, few_decimals, has_time, in_utc, not_zero, shown, whole};

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
    /// Numbers that a binary fraction must not round.
    Digits { single: bool },
    /// Dates, which must be dates, and have a time of day only when it is midnight.
    Date,
    /// Times of day with so many decimals.
    Time(u8),
    /// The same with a date.
    Timestamp(u8),
    /// Times of day from where they may have an offset, which the server drops.
    LocalTime(u8),
    /// The same with a date.
    LocalTimestamp(u8),
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
        (Kind::Integer { .. } | Kind::Decimal { .. }, Kind::Float { bits }) => {
            Rule::Digits { single: bits <= 32 }
        }
        // A table made for more decimals has six all the same.
        (Kind::Time { .. }, Kind::Time { decimals }) => Rule::Time(decimals.min(6)),
        (_, Kind::Time { decimals }) => Rule::LocalTime(decimals.min(6)),
        (Kind::Timestamp { .. } | Kind::Date, Kind::Timestamp { decimals }) => {
            Rule::Timestamp(decimals.min(6))
        }
        (_, Kind::Timestamp { decimals }) => Rule::LocalTimestamp(decimals.min(6)),
        (_, Kind::Instant { decimals }) => Rule::Timestamp(decimals.min(6)),
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
            Self::Digits { single } => match keeps_digits(value, single) {
                true => escape(value, out),
                false => Err(format!(
                    "{} has more digits than the column keeps: make it numeric",
                    shown(value)
                )),
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
            Self::LocalTime(most) => {
                in_utc(value)?;
                Self::Time(most).write(value, out)
            }
            Self::LocalTimestamp(most) => {
                in_utc(value)?;
                Self::Timestamp(most).write(value, out)
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
mod tests;
