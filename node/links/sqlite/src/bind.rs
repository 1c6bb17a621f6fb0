//! Values in plain form on their way into a column: what SQLite would change or store as something else is refused.

use peerflow_rows::{Kind, keeps_digits};

use crate::declared::Affinity;
use crate::number::Written;

mod moment;

/// A column that is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// What the column is meant to hold.
    pub(crate) kind: Kind,
    /// What SQLite does to its values.
    pub(crate) affinity: Affinity,
    /// The plain form that the values have.
    pub(crate) source: Kind,
}

/// A value as SQLite is to store it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound<'a> {
    Integer(i64),
    Real(f64),
    Text(&'a str),
    /// Text that was written anew.
    Rewritten(String),
    Blob(&'a [u8]),
}

/// Why a value does not fit.
type Misfit = &'static str;

const NOT_UTF8: Misfit = "it is not UTF-8; only a BLOB column keeps such bytes";

impl Rule {
    /// How a value is stored.
    pub(crate) fn bind<'a>(&self, value: &'a [u8]) -> Result<Bound<'a>, Misfit> {
        if matches!(self.kind, Kind::Binary { .. }) {
            return Ok(Bound::Blob(value));
        }
        let text = std::str::from_utf8(value).map_err(|_not_utf8| NOT_UTF8)?;
        match self.kind {
            Kind::Integer { .. } => integer(text),
            Kind::Boolean => boolean(text),
            Kind::Float { .. } => self.double(text),
            Kind::Decimal { .. } => self.decimal(text),
            Kind::Date | Kind::Time { .. } | Kind::Timestamp { .. } | Kind::Instant { .. } => {
                self.moment(text)
            }
            Kind::Text { .. } | Kind::Json | Kind::Binary { .. } => self.text(text),
        }
    }

    /// Text that SQLite keeps as it is, or as a number that is written the same.
    fn text<'a>(&self, text: &'a str) -> Result<Bound<'a>, Misfit> {
        let is_kept = matches!(self.affinity, Affinity::Text | Affinity::None)
            || Written::parse(text.trim_ascii()).is_none()
            || is_same_as_number(text);
        if is_kept {
            Ok(Bound::Text(text))
        } else {
            Err(
                "SQLite would make another number of it, for the column's type is none of text; declare it TEXT",
            )
        }
    }

    fn decimal<'a>(&self, text: &'a str) -> Result<Bound<'a>, Misfit> {
        let number = text.trim_ascii();
        let written = Written::parse(number).ok_or("it is not a decimal")?;
        if !written.has_exponent() {
            return self.digits(number, &written);
        }
        let spelled = written
            .spelled_out()
            .ok_or("its exponent makes too many digits of it")?;
        let written = Written::parse(&spelled).ok_or("it is not a decimal")?;
        Ok(match self.digits(&spelled, &written)? {
            Bound::Integer(whole) => Bound::Integer(whole),
            Bound::Real(double) => Bound::Real(double),
            _ => Bound::Rewritten(spelled),
        })
    }

    /// A decimal without an exponent.
    fn digits<'a>(&self, number: &'a str, written: &Written<'_>) -> Result<Bound<'a>, Misfit> {
        if matches!(self.affinity, Affinity::Text | Affinity::None) {
            return Ok(Bound::Text(number));
        }
        if written.is_whole()
            && let Ok(whole) = whole(number, written)
        {
            return Ok(Bound::Integer(whole));
        }
        if !written.fits_a_double() {
            return Err(
                "SQLite would keep 15 digits of it; declare the column DECIMAL_TEXT or TEXT",
            );
        }
        Ok(Bound::Real(finite(number)?))
    }

    /// The nearest double, which is what a column of doubles is for; but a source of exact numbers loses no digit.
    fn double<'a>(&self, text: &'a str) -> Result<Bound<'a>, Misfit> {
        let is_exact = matches!(self.source, Kind::Integer { .. } | Kind::Decimal { .. });
        if is_exact && !keeps_digits(text.trim_ascii().as_bytes(), false) {
            return Err("a double keeps fewer digits; declare the column DECIMAL_TEXT or TEXT");
        }
        double(text)
    }

    /// What comes from a column of dates is kept as it was written there, as is the number of seconds since 1970.
    fn moment<'a>(&self, text: &'a str) -> Result<Bound<'a>, Misfit> {
        let is_typed = !matches!(
            self.source,
            Kind::Text { .. } | Kind::Json | Kind::Binary { .. }
        );
        if is_typed || moment::is_moment(self.kind, text) {
            self.text(text)
        } else {
            Err(moment::wanted(self.kind))
        }
    }
}

fn integer(text: &str) -> Result<Bound<'_>, Misfit> {
    let number = text.trim_ascii();
    if let Ok(integer) = number.parse() {
        return Ok(Bound::Integer(integer));
    }
    match Written::parse(number) {
        Some(written) if written.is_whole() => whole(number, &written).map(Bound::Integer),
        Some(_) | None => Err("it is not a whole number"),
    }
}

/// The integer that a number without decimals is.
fn whole(number: &str, written: &Written<'_>) -> Result<i64, Misfit> {
    let digits = written.whole();
    let parsed = if number.starts_with('-') {
        format!("-{digits}").parse()
    } else {
        digits.parse()
    };
    parsed.map_err(|_too_large| "it has more than 64 bits")
}

fn boolean(text: &str) -> Result<Bound<'_>, Misfit> {
    match text {
        "1" => Ok(Bound::Integer(1)),
        "0" => Ok(Bound::Integer(0)),
        _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("t") => {
            Ok(Bound::Integer(1))
        }
        _ if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("f") => {
            Ok(Bound::Integer(0))
        }
        _ => Err("it is neither 1 or true nor 0 or false"),
    }
}

fn double(text: &str) -> Result<Bound<'_>, Misfit> {
    let number = text.trim_ascii();
    match number {
        "Infinity" => Ok(Bound::Real(f64::INFINITY)),
        "-Infinity" => Ok(Bound::Real(f64::NEG_INFINITY)),
        "NaN" => Err("SQLite keeps no NaN, it would become NULL"),
        _ if Written::parse(number).is_none() => Err("it is not a number"),
        _ => finite(number).map(Bound::Real),
    }
}

fn finite(number: &str) -> Result<f64, Misfit> {
    match number.parse::<f64>() {
        Ok(double) if double.is_finite() => Ok(double),
        Ok(_) => Err("it is too large for a double"),
        Err(_) => Err("it is not a number"),
    }
}

/// Whether a number that SQLite makes of the text is read back as the same text.
fn is_same_as_number(text: &str) -> bool {
    text.parse::<i64>()
        .is_ok_and(|integer| integer.to_string() == text)
        || text
            .parse::<f64>()
            .is_ok_and(|double| double.fract() != 0.0 && double.to_string() == text)
}

#[cfg(test)]
mod tests;
