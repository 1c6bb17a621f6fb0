//! Values as they stand in an INSERT. What does not fit is refused here: Hive makes NULL of it, or cuts it off.

use std::borrow::Cow;
use std::io::Write;

use peerflow_rows::{Column, Kind, keeps_digits};

use crate::calendar::Moment;
use crate::names::write_text;
use crate::plain::spelled_out;
use crate::product::Product;

/// Digits of a DECIMAL at most.
const DIGITS: u16 = 38;

/// One column of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    source: Kind,
    target: Kind,
    product: Product,
}

impl Field {
    pub(crate) fn new(source: &Column, target: &Column, product: Product) -> Self {
        Self {
            source: source.kind,
            target: target.kind,
            product,
        }
    }

    /// Appends a value; the error says what is wrong with it.
    pub(crate) fn write(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        if let Kind::Binary { .. } = self.target {
            self.binary(value, out);
            return Ok(());
        }
        let text = std::str::from_utf8(value)
            .map_err(|_not_text| format!("{} is no UTF-8", shown(value)))?;
        match self.target {
            Kind::Boolean => boolean(text, out),
            Kind::Integer { bits, .. } => integer(text, bits, out),
            Kind::Decimal { precision, scale } => {
                let (precision, scale) = (precision.unwrap_or(DIGITS), scale.unwrap_or(0));
                self.decimal(text, precision, scale, out)
            }
            Kind::Float { bits } => self.float(text, bits, out),
            Kind::Date => self.date(text, out),
            Kind::Timestamp { decimals } | Kind::Instant { decimals } => {
                self.timestamp(text, decimals, out)
            }
            Kind::Text { characters } => self.text(text, characters, out),
            Kind::Binary { .. } | Kind::Json | Kind::Time { .. } => self.text(text, None, out),
        }
    }

    fn text(&self, text: &str, most: Option<u32>, out: &mut Vec<u8>) -> Result<(), String> {
        if let Some(most) = most {
            let count = text.chars().count();
            if count > most as usize {
                return Err(format!(
                    "{} has {count} characters, and the column takes {most}",
                    shown(text.as_bytes())
                ));
            }
        }
        write_text(text, self.product != Product::Impala, out);
        Ok(())
    }

    fn binary(&self, value: &[u8], out: &mut Vec<u8>) {
        let (before, after) = match self.product {
            Product::Spark => ("X'", "'"),
            Product::Hive | Product::Impala => ("unhex('", "')"),
        };
        out.extend_from_slice(before.as_bytes());
        out.reserve(value.len() * 2);
        for byte in value {
            for digit in [byte >> 4, byte & 15] {
                out.push(b"0123456789ABCDEF"[usize::from(digit)]);
            }
        }
        out.extend_from_slice(after.as_bytes());
    }

    fn decimal(
        &self,
        text: &str,
        precision: u16,
        scale: u16,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let spelled = spelled(text)?;
        let digits = spelled.trim_start_matches(['-', '+']);
        let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
        let needed = after.trim_end_matches('0').len();
        if needed > usize::from(scale) {
            return Err(format!(
                "{} has {needed} decimals, and the column takes {scale}",
                shown(text.as_bytes())
            ));
        }
        let whole = before.trim_start_matches('0').len();
        let most = usize::from(precision.saturating_sub(scale));
        if whole > most {
            return Err(format!(
                "{} has {whole} digits before the point, and the column takes {most}",
                shown(text.as_bytes())
            ));
        }
        let end = spelled.len() - (after.len() - needed);
        let short = spelled[..end].trim_end_matches('.');
        match self.product {
            // Its INSERT takes no CAST, and makes a decimal of a text.
            Product::Hive => put(out, format_args!("'{short}'")),
            Product::Spark | Product::Impala => put(
                out,
                format_args!("CAST('{short}' AS DECIMAL({precision},{scale}))"),
            ),
        }
        Ok(())
    }

    fn float(&self, text: &str, bits: u8, out: &mut Vec<u8>) -> Result<(), String> {
        let number: f64 = text
            .trim()
            .parse()
            .map_err(|_no_number| format!("{} is no number", shown(text.as_bytes())))?;
        let is_kept = match self.source {
            Kind::Integer { .. } | Kind::Decimal { .. } => true,
            Kind::Float { bits: of_source } => bits < of_source,
            _ => false,
        };
        if is_kept && !keeps_digits(text.trim().as_bytes(), bits == 32) {
            return Err(format!(
                "{} has more digits than the column keeps",
                shown(text.as_bytes())
            ));
        }
        let is_finite = !matches!(text.trim_start_matches('-'), "NaN" | "Infinity" | "inf");
        let too_large = number.is_infinite() || bits == 32 && number.abs() > f64::from(f32::MAX);
        if is_finite && too_large {
            return Err(format!(
                "{} is too large for the column",
                shown(text.as_bytes())
            ));
        }
        if !number.is_finite() {
            let word = match (number.is_nan(), number > 0.0) {
                (true, _) => "NaN",
                (false, true) => "Infinity",
                (false, false) => "-Infinity",
            };
            match self.product {
                Product::Hive => put(out, format_args!("'{word}'")),
                Product::Spark | Product::Impala => {
                    put(out, format_args!("CAST('{word}' AS DOUBLE)"));
                }
            }
            return Ok(());
        }
        match self.product {
            Product::Spark => put(out, format_args!("{number:e}D")),
            Product::Hive => put(out, format_args!("{number:e}")),
            Product::Impala => put(out, format_args!("CAST({number:e} AS DOUBLE)")),
        }
        Ok(())
    }

    fn date(&self, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
        let moment = moment(text)?;
        if !moment.is_midnight() {
            return Err(format!(
                "{} has a time, and the column takes dates",
                shown(text.as_bytes())
            ));
        }
        match self.product {
            Product::Hive => put(out, format_args!("'{}'", moment.date)),
            Product::Spark => put(out, format_args!("DATE'{}'", moment.date)),
            Product::Impala => put(out, format_args!("CAST('{}' AS DATE)", moment.date)),
        }
        Ok(())
    }

    /// Of an instant, Spark keeps the instant; the others, which know no zones, the clock time in UTC.
    fn timestamp(&self, text: &str, decimals: u8, out: &mut Vec<u8>) -> Result<(), String> {
        let moment = moment(text)?;
        if moment.decimals.len() > usize::from(decimals) {
            return Err(format!(
                "{} has more than {decimals} decimals of the second",
                shown(text.as_bytes())
            ));
        }
        let time = match moment.time {
            "" => "00:00:00",
            time => time,
        };
        let is_utc = matches!(moment.zone, "" | "Z" | "+00:00" | "+00");
        let zone = match (self.product, self.source) {
            (Product::Spark, Kind::Instant { .. }) if moment.zone.is_empty() => "+00:00",
            (Product::Spark, _) => moment.zone,
            _ if is_utc => "",
            _ => {
                return Err(format!(
                    "{} has a zone, and the column takes none: tell it in UTC",
                    shown(text.as_bytes())
                ));
            }
        };
        let point = if moment.decimals.is_empty() { "" } else { "." };
        let value = format_args!("{} {time}{point}{}{zone}", moment.date, moment.decimals);
        match self.product {
            Product::Hive => put(out, format_args!("'{value}'")),
            Product::Spark => put(out, format_args!("TIMESTAMP'{value}'")),
            Product::Impala => put(out, format_args!("CAST('{value}' AS TIMESTAMP)")),
        }
        Ok(())
    }
}

fn boolean(text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let word = match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" => "true",
        "0" | "false" | "f" => "false",
        _ => {
            return Err(format!(
                "{} is neither true nor false",
                shown(text.as_bytes())
            ));
        }
    };
    out.extend_from_slice(word.as_bytes());
    Ok(())
}

fn integer(text: &str, bits: u8, out: &mut Vec<u8>) -> Result<(), String> {
    let spelled = spelled(text)?;
    let whole = match spelled.split_once('.') {
        Some((whole, after)) if after.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => {
            return Err(format!("{} is no whole number", shown(text.as_bytes())));
        }
        None => &spelled,
    };
    let largest = (1_i128 << (u32::from(bits.clamp(8, 64)) - 1)) - 1;
    match whole.parse::<i128>() {
        Ok(number) if (-largest - 1..=largest).contains(&number) => {
            put(out, format_args!("{number}"));
            Ok(())
        }
        _ => Err(format!(
            "{} is beyond what the column takes, which has {bits} bits",
            shown(text.as_bytes())
        )),
    }
}

/// A number without an exponent.
fn spelled(text: &str) -> Result<Cow<'_, str>, String> {
    let text = text.trim();
    let spelled = match text.contains(['e', 'E']) {
        true => spelled_out(text.as_bytes())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Cow::Owned),
        false => Some(Cow::Borrowed(text)),
    };
    spelled
        .filter(|text| is_number(text))
        .ok_or_else(|| format!("{} is no number", shown(text.as_bytes())))
}

/// Digits with at most one point, and one sign before them at most.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    !(before.is_empty() && after.is_empty()) && all_digits(before) && all_digits(after)
}

fn moment(text: &str) -> Result<Moment<'_>, String> {
    Moment::parse(text.trim()).ok_or_else(|| {
        format!(
            "{} is no date of the years 1 to 9999",
            shown(text.as_bytes())
        )
    })
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    drop(out.write_fmt(text));
}

/// A value in a message: not all of a long one.
fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(&value[..value.len().min(400)]);
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{:?} …", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests;
