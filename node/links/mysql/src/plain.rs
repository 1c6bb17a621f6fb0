//! Values of the server in plain form.

use std::io::Write;

use mysql_async::consts::ColumnType;
use mysql_async::{Column as WireColumn, Value};
use peerflow_rows::{BatchBuilder, Column, Error, Kind, Trouble};

use crate::properties::ZeroDates;
use crate::zone::{Clock, Zone};

/// One column on its way into batches.
#[derive(Debug)]
pub(crate) struct Reading {
    name: String,
    kind: Kind,
    /// Bits come as bytes.
    bits: bool,
    /// FLOAT of the text protocol, which prints six digits only.
    float: bool,
    zero_dates: ZeroDates,
    zone: Zone,
    /// What is being made of a value, kept for the next.
    text: Vec<u8>,
}

impl Reading {
    /// `zone` is that of the session, for instants.
    pub(crate) fn new(
        column: &Column,
        wire: &WireColumn,
        zero_dates: ZeroDates,
        zone: Zone,
    ) -> Self {
        Self {
            name: column.name.clone(),
            kind: column.kind,
            bits: wire.column_type() == ColumnType::MYSQL_TYPE_BIT,
            float: wire.column_type() == ColumnType::MYSQL_TYPE_FLOAT,
            zero_dates,
            zone,
            text: Vec::new(),
        }
    }

    /// Appends a value in plain form.
    pub(crate) fn push(&mut self, value: &Value, into: &mut BatchBuilder) -> Result<(), Error> {
        self.text.clear();
        match value {
            Value::NULL => {
                into.end_null();
                return Ok(());
            }
            Value::Bytes(bytes) if self.bits => {
                let number = bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                self.write(format_args!("{number}"));
            }
            Value::Bytes(bytes) => return self.push_bytes(bytes, into),
            Value::Int(number) => self.integer(number.unsigned_abs(), *number < 0),
            Value::UInt(number) => self.integer(*number, false),
            Value::Float(number) => float32(*number, &mut self.text),
            Value::Double(number) => float64(*number, &mut self.text),
            Value::Date(0, 0, 0, 0, 0, 0, 0) if self.zero_dates != ZeroDates::Keep => {
                return self.zero(into);
            }
            Value::Date(year, month, day, hour, minute, second, micros) => {
                let clock = Clock {
                    year: *year,
                    month: *month,
                    day: *day,
                    hour: *hour,
                    minute: *minute,
                    second: *second,
                };
                self.clock(clock, *micros)?;
            }
            Value::Time(negative, days, hours, minutes, seconds, micros) => {
                if *negative {
                    self.text.push(b'-');
                }
                let hours = days * 24 + u32::from(*hours);
                if hours < 100 {
                    self.text.extend(two(hours as u8));
                } else {
                    self.write(format_args!("{hours}"));
                }
                self.text.push(b':');
                self.text.extend(two(*minutes));
                self.text.push(b':');
                self.text.extend(two(*seconds));
                self.decimals(*micros);
            }
        }
        self.end(into)
    }

    fn end(&self, into: &mut BatchBuilder) -> Result<(), Error> {
        if self.kind == Kind::Boolean && self.text != b"0" && self.text != b"1" {
            return Err(self.trouble(format!(
                "it is read as a boolean, but holds {}; cast it in the query, or set tinyInt1isBit=false for the link",
                String::from_utf8_lossy(&self.text)
            )));
        }
        into.push(Some(&self.text))?;
        Ok(())
    }

    fn trouble(&self, what: impl std::fmt::Display) -> Error {
        Error::new(Trouble::BadValue, format!("column {}: {what}", self.name))
            .at_column(self.name.as_str())
    }

    /// Text as it came: of strings and decimals, or of any kind over the text protocol.
    fn push_bytes(&mut self, bytes: &[u8], into: &mut BatchBuilder) -> Result<(), Error> {
        match self.kind {
            Kind::Float { .. } if self.float => {
                return Err(Error::new(
                    Trouble::Unsupported,
                    format!(
                        "column {}: this statement gives a FLOAT with six digits only; cast it to DOUBLE",
                        self.name
                    ),
                ));
            }
            Kind::Boolean => {
                self.text.extend_from_slice(bytes);
                return self.end(into);
            }
            // Of ZEROFILL.
            Kind::Integer { .. } | Kind::Decimal { .. } if bytes.first() == Some(&b'0') => {
                let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
                let zeros = bytes.iter().take_while(|b| **b == b'0').count();
                into.push(Some(&bytes[zeros.min(digits.saturating_sub(1))..]))?;
            }
            Kind::Timestamp { .. } | Kind::Instant { .. } | Kind::Date => {
                return self.push_date(bytes, into);
            }
            _ => into.push(Some(bytes))?,
        }
        Ok(())
    }

    /// A date or clock time as text, as the text protocol gives it.
    fn push_date(&mut self, bytes: &[u8], into: &mut BatchBuilder) -> Result<(), Error> {
        if bytes.starts_with(b"0000-00-00") && self.zero_dates != ZeroDates::Keep {
            return self.zero(into);
        }
        let instant = matches!(self.kind, Kind::Instant { .. });
        match Clock::parse(bytes) {
            Some(clock) if instant && clock.month > 0 => {
                let utc = self.zone.shift(clock, false)?;
                self.date(utc);
                self.text.push(b' ');
                self.time(utc);
                self.text.extend_from_slice(&bytes[19..]);
                self.text.extend_from_slice(b"+00:00");
            }
            _ => self.text.extend_from_slice(bytes),
        }
        self.end(into)
    }

    fn clock(&mut self, clock: Clock, micros: u32) -> Result<(), Error> {
        // A zero date is no instant: it comes as it is.
        let instant = matches!(self.kind, Kind::Instant { .. }) && clock.month > 0;
        let clock = if instant {
            self.zone.shift(clock, false)?
        } else {
            clock
        };
        self.date(clock);
        if self.kind != Kind::Date {
            self.text.push(b' ');
            self.time(clock);
            self.decimals(micros);
            if instant {
                self.text.extend_from_slice(b"+00:00");
            }
        }
        Ok(())
    }

    fn zero(&mut self, into: &mut BatchBuilder) -> Result<(), Error> {
        match self.zero_dates {
            ZeroDates::Null => {
                into.end_null();
                Ok(())
            }
            ZeroDates::Refuse => Err(self.trouble(
                "a date is zero, which zeroDateTimeBehavior=EXCEPTION of the link forbids",
            )),
            ZeroDates::Keep | ZeroDates::Round => {
                let rounded: &[u8] = match self.kind {
                    Kind::Date => b"0001-01-01",
                    Kind::Instant { .. } => b"0001-01-01 00:00:00+00:00",
                    _ => b"0001-01-01 00:00:00",
                };
                into.push(Some(rounded))?;
                Ok(())
            }
        }
    }

    fn date(&mut self, clock: Clock) {
        self.text.extend(two((clock.year / 100) as u8));
        self.text.extend(two((clock.year % 100) as u8));
        self.text.push(b'-');
        self.text.extend(two(clock.month));
        self.text.push(b'-');
        self.text.extend(two(clock.day));
    }

    fn time(&mut self, clock: Clock) {
        self.text.extend(two(clock.hour));
        self.text.push(b':');
        self.text.extend(two(clock.minute));
        self.text.push(b':');
        self.text.extend(two(clock.second));
    }

    /// As many decimals as the column has.
    fn decimals(&mut self, micros: u32) {
        let (Kind::Time { decimals } | Kind::Timestamp { decimals } | Kind::Instant { decimals }) =
            self.kind
        else {
            return;
        };
        // An expression may give more than it told of.
        let decimals =
            if decimals < 6 && !micros.is_multiple_of(10_u32.pow(6 - u32::from(decimals))) {
                6
            } else {
                usize::from(decimals)
            };
        if decimals > 0 {
            self.write(format_args!(".{micros:06}"));
            self.text.truncate(self.text.len() - (6 - decimals.min(6)));
        }
    }

    fn integer(&mut self, mut number: u64, negative: bool) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        if negative {
            self.text.push(b'-');
        }
        self.text.extend_from_slice(&digits[at..]);
    }

    fn write(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing into memory does not fail.
        drop(self.text.write_fmt(what));
    }
}

fn two(number: u8) -> [u8; 2] {
    [b'0' + number / 10, b'0' + number % 10]
}

/// The shortest digits that give the same number again.
fn float32(number: f32, out: &mut Vec<u8>) {
    let size = number.abs();
    drop(if number == 0.0 || (1e-5..1e9).contains(&size) {
        write!(out, "{number}")
    } else {
        write!(out, "{number:e}")
    });
}

fn float64(number: f64, out: &mut Vec<u8>) {
    let size = number.abs();
    drop(if number == 0.0 || (1e-5..1e17).contains(&size) {
        write!(out, "{number}")
    } else {
        write!(out, "{number:e}")
    });
}
