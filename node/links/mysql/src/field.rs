//! How the values of one source column are written for one target column.

use mysql_async::Column as WireColumn;
use mysql_async::consts::{ColumnFlags, ColumnType};
use peerflow_rows::{Column, Error, Kind, Trouble, keeps_digits};

use crate::kinds;
use crate::names::write_hex;
use crate::numbers;
use crate::zone::{Clock, Zone};

/// Characters of a value that a message shows.
const SHOWN: usize = 64;

/// How a written value stands in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    /// A text.
    Text,
    /// Digits, of which the server makes bytes.
    Hex,
    /// Digits.
    Number,
}

/// What is done with a value that is not written as it stands.
#[derive(Clone, Debug)]
enum Form {
    /// As it stands.
    Plain,
    /// As it stands; must be UTF-8.
    Text,
    Hex,
    /// A number into BIT.
    Bits {
        source_is_binary: bool,
    },
    /// `true` and `false` of a text into a number.
    Flag,
    Year,
    /// A text into ENUM or SET. Digits would mean the member's number.
    Members(Vec<String>),
    /// A clock time with so many decimals; the mark of UTC is left out.
    Clock {
        decimals: u8,
    },
    /// Text into TIMESTAMP: a time of the session's zone, or an instant where it says so.
    Told {
        decimals: u8,
        zone: Zone,
    },
    /// An instant into TIMESTAMP, told in the zone of the session.
    Instant {
        decimals: u8,
        zone: Zone,
    },
    /// A number into FLOAT or DOUBLE, which must hold all of its digits.
    Exact {
        single: bool,
    },
    /// A number into FLOAT.
    Single,
}

/// One column of a load.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    form: Form,
    /// NULL would become a default of the server's choice.
    refuses_null: bool,
    /// NaN and infinities have no place there.
    finite: bool,
    /// The server gives numbers of its own there.
    pub(crate) auto_increment: bool,
}

/// Whether instants go into a column that keeps them as such.
pub(crate) fn keeps_instants(source: &Column, wire: &WireColumn) -> bool {
    matches!(source.kind, Kind::Instant { .. }) && is_timestamp(wire)
}

/// Whether it is TIMESTAMP.
pub(crate) fn is_timestamp(wire: &WireColumn) -> bool {
    matches!(
        wire.column_type(),
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2
    )
}

/// Whether it is ENUM or SET.
pub(crate) fn has_members(wire: &WireColumn) -> bool {
    wire.flags()
        .intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG)
}

impl Field {
    /// `members` are those of an ENUM or SET.
    pub(crate) fn new(
        source: &Column,
        wire: &WireColumn,
        members: Vec<String>,
        zone: Zone,
    ) -> Self {
        let flags = wire.flags();
        let is_text = matches!(kinds::kind(wire, true), Kind::Text { .. } | Kind::Json);
        Self {
            name: wire.name_str().into_owned(),
            form: form(source, wire, members, zone),
            refuses_null: flags.contains(ColumnFlags::NOT_NULL_FLAG)
                && !flags.contains(ColumnFlags::AUTO_INCREMENT_FLAG),
            finite: matches!(source.kind, Kind::Float { .. }) && !is_text,
            auto_increment: flags.contains(ColumnFlags::AUTO_INCREMENT_FLAG),
        }
    }

    /// How its values stand in SQL.
    pub(crate) fn literal(&self) -> Literal {
        match self.form {
            Form::Hex => Literal::Hex,
            Form::Bits { .. } => Literal::Number,
            _ => Literal::Text,
        }
    }

    /// The value as it is written; `space` holds it where it is another than was given.
    pub(crate) fn write<'a>(
        &self,
        value: &'a [u8],
        space: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Error> {
        if self.finite && value.iter().any(|b| matches!(b, b'N' | b'I')) {
            return Err(self.refused(value, "MySQL holds no NaN and no infinity"));
        }
        match &self.form {
            Form::Plain => Ok(value),
            Form::Text => match std::str::from_utf8(value) {
                Ok(_) => Ok(value),
                Err(_) => Err(self.refused(value, "it is not UTF-8")),
            },
            Form::Hex => {
                space.clear();
                write_hex(value, space);
                Ok(space)
            }
            Form::Bits { source_is_binary } => self.bits(value, *source_is_binary, space),
            Form::Flag if value.eq_ignore_ascii_case(b"true") => Ok(b"1"),
            Form::Flag if value.eq_ignore_ascii_case(b"false") => Ok(b"0"),
            Form::Flag => Ok(value),
            Form::Year => match std::str::from_utf8(value).map(str::parse::<u32>) {
                Ok(Ok(0)) => Ok(b"0000"),
                Ok(Ok(1..=99)) => Err(self.refused(value, "a year of two digits is ambiguous")),
                _ => Ok(value),
            },
            Form::Members(members) => {
                let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                if digits && !members.iter().any(|member| member.as_bytes() == value) {
                    return Err(self.refused(value, "the column has no such member"));
                }
                Ok(value)
            }
            Form::Clock { decimals } => {
                let clock = value.strip_suffix(b"+00:00").unwrap_or(value);
                self.check_decimals(clock, *decimals)?;
                // Some servers would tell it in the zone of the session.
                if has_offset(clock) {
                    let why = "it is told with an offset, and the column keeps none: tell it in UTC, with +00:00 behind it";
                    return Err(self.refused(value, why));
                }
                Ok(clock)
            }
            // A file keeps an instant as text, which the server would take for a time of its own zone.
            Form::Told { decimals, zone } if value.ends_with(b"+00:00") => {
                if *zone == Zone::Changing {
                    let why = "an instant cannot be told from text while the server's zone has summer time; set \
                               sessionVariables=time_zone='+00:00' for the link";
                    return Err(self.refused(value, why));
                }
                self.instant(value, *decimals, *zone, space)
            }
            Form::Told { decimals, .. } => {
                self.check_decimals(value, *decimals)?;
                Ok(value)
            }
            Form::Instant { decimals, zone } => self.instant(value, *decimals, *zone, space),
            Form::Exact { single } if keeps_digits(value, *single) => Ok(value),
            Form::Exact { .. } => Err(self.refused(value, "the column would lose digits of it")),
            Form::Single => Ok(numbers::single(value, space)),
        }
    }

    /// NULL, where it may be.
    pub(crate) fn write_null(&self) -> Result<(), Error> {
        if self.refuses_null {
            let message = format!("column {}: it takes no NULL", self.name);
            return Err(Error::new(Trouble::BadValue, message).at_column(self.name.as_str()));
        }
        Ok(())
    }

    fn refused(&self, value: &[u8], why: &str) -> Error {
        let text = String::from_utf8_lossy(value);
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        Error::new(
            Trouble::BadValue,
            format!("column {}: `{shown}{more}`: {why}", self.name),
        )
        .at_column(self.name.as_str())
    }

    fn bits<'a>(
        &self,
        value: &[u8],
        source_is_binary: bool,
        space: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Error> {
        let number = if source_is_binary {
            (value.len() <= 8).then(|| {
                value
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
            })
        } else if value.eq_ignore_ascii_case(b"true") {
            Some(1)
        } else if value.eq_ignore_ascii_case(b"false") {
            Some(0)
        } else {
            std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok())
        };
        let number =
            number.ok_or_else(|| self.refused(value, "a BIT column takes a number from 0"))?;
        space.clear();
        space.extend_from_slice(number.to_string().as_bytes());
        Ok(space)
    }

    /// The server rounds or cuts off further decimals without a word.
    fn check_decimals(&self, value: &[u8], decimals: u8) -> Result<(), Error> {
        let Some(point) = value.iter().rposition(|b| *b == b'.') else {
            return Ok(());
        };
        let lost = value[point + 1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .skip(usize::from(decimals))
            .any(|digit| *digit != b'0');
        if lost {
            let why = format!("the column keeps {decimals} decimals of a second only");
            return Err(self.refused(value, &why));
        }
        Ok(())
    }

    fn instant<'a>(
        &self,
        value: &'a [u8],
        decimals: u8,
        zone: Zone,
        space: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Error> {
        let clock = value.strip_suffix(b"+00:00").unwrap_or(value);
        self.check_decimals(clock, decimals)?;
        if has_offset(clock) {
            return Err(self.refused(value, "an instant is told in UTC, with +00:00 behind it"));
        }
        let Some(utc) = Clock::parse(clock).filter(|utc| utc.month > 0) else {
            return Ok(clock);
        };
        let local = zone
            .shift(utc, true)
            .map_err(|error| error.at_column(self.name.as_str()))?;
        if local == utc {
            return Ok(clock);
        }
        space.clear();
        let written = format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            local.year, local.month, local.day, local.hour, local.minute, local.second
        );
        space.extend_from_slice(written.as_bytes());
        space.extend_from_slice(&clock[19..]);
        Ok(space)
    }
}

/// Whether something like `+08:00` follows a date and time.
fn has_offset(clock: &[u8]) -> bool {
    let mut behind = clock.iter().skip(19);
    behind.any(|byte| matches!(byte, b'+' | b'-'))
}

fn form(source: &Column, wire: &WireColumn, members: Vec<String>, zone: Zone) -> Form {
    use ColumnType as T;
    let kind = wire.column_type();
    let decimals = wire.decimals().min(6);
    if kind == T::MYSQL_TYPE_BIT {
        return Form::Bits {
            source_is_binary: matches!(source.kind, Kind::Binary { .. }),
        };
    }
    if kinds::is_binary(wire) || kind == T::MYSQL_TYPE_GEOMETRY {
        return Form::Hex;
    }
    if has_members(wire) {
        return Form::Members(members);
    }
    match (source.kind, kinds::kind(wire, true)) {
        (Kind::Instant { .. }, Kind::Instant { decimals }) => Form::Instant { decimals, zone },
        (Kind::Text { .. }, Kind::Instant { decimals }) => Form::Told { decimals, zone },
        (_, Kind::Instant { .. } | Kind::Timestamp { .. } | Kind::Time { .. } | Kind::Date) => {
            Form::Clock { decimals }
        }
        (_, Kind::Integer { .. }) if kind == T::MYSQL_TYPE_YEAR => Form::Year,
        (Kind::Text { .. }, Kind::Boolean | Kind::Integer { .. }) => Form::Flag,
        (Kind::Float { bits: 64 }, Kind::Float { bits: 32 })
        | (Kind::Integer { .. } | Kind::Decimal { .. }, Kind::Float { .. }) => Form::Exact {
            single: kind == T::MYSQL_TYPE_FLOAT,
        },
        (_, Kind::Float { bits: 32 }) => Form::Single,
        (Kind::Text { .. } | Kind::Binary { .. } | Kind::Json, Kind::Text { .. } | Kind::Json) => {
            Form::Text
        }
        _ => Form::Plain,
    }
}

#[cfg(test)]
mod tests;
