//! Fetched values in their plain form.

use peerflow_rows::{BatchBuilder, Column, Error, Kind, Trouble};

/// Appends text of ASCII, which for numbers not all drivers write alike.
pub(crate) fn push_ascii(
    builder: &mut BatchBuilder,
    text: &[u8],
    column: &Column,
) -> Result<(), Error> {
    let text = text.trim_ascii();
    match column.kind {
        // Oracle leaves out the zero before the point.
        Kind::Decimal { .. } | Kind::Integer { .. } => {
            let (sign, digits) = match text.strip_prefix(b"-") {
                Some(digits) => (&b"-"[..], digits),
                None => (&b""[..], text),
            };
            builder.append(sign)?;
            if digits.starts_with(b".") {
                builder.append(b"0")?;
            }
            builder.append(digits.strip_suffix(b".").unwrap_or(digits))?;
            builder.end_value();
        }
        Kind::Boolean if matches!(text, b"t" | b"true" | b"TRUE") => builder.push(Some(b"1"))?,
        Kind::Boolean if matches!(text, b"f" | b"false" | b"FALSE") => builder.push(Some(b"0"))?,
        _ => builder.push(Some(text))?,
    }
    Ok(())
}

/// Appends text of UTF-16.
pub(crate) fn push_utf16(
    builder: &mut BatchBuilder,
    text: &[u16],
    column: &Column,
) -> Result<(), Error> {
    for character in char::decode_utf16(text.iter().copied()) {
        let character = character.map_err(|_half| {
            let message = format!(
                "column {} holds half a character of UTF-16, which is no text",
                column.name
            );
            Error::new(Trouble::BadValue, message).at_column(&column.name)
        })?;
        builder.append(character.encode_utf8(&mut [0; 4]).as_bytes())?;
    }
    builder.end_value();
    Ok(())
}

/// Appends a double in the shortest digits that give the same again.
pub(crate) fn push_double(builder: &mut BatchBuilder, value: f64) -> Result<(), Error> {
    push_float(
        builder,
        value.is_nan(),
        value.is_infinite(),
        value < 0.0,
        || {
            if is_short(value.abs()) {
                format!("{value}")
            } else {
                format!("{value:e}")
            }
        },
    )
}

/// As [`push_double`], of single precision.
pub(crate) fn push_single(builder: &mut BatchBuilder, value: f32) -> Result<(), Error> {
    push_float(
        builder,
        value.is_nan(),
        value.is_infinite(),
        value < 0.0,
        || {
            if is_short(f64::from(value.abs())) {
                format!("{value}")
            } else {
                format!("{value:e}")
            }
        },
    )
}

fn push_float(
    builder: &mut BatchBuilder,
    is_nan: bool,
    is_infinite: bool,
    is_negative: bool,
    written: impl FnOnce() -> String,
) -> Result<(), Error> {
    let text = match (is_nan, is_infinite, is_negative) {
        (true, _, _) => "NaN".to_owned(),
        (_, true, false) => "Infinity".to_owned(),
        (_, true, true) => "-Infinity".to_owned(),
        _ => written(),
    };
    Ok(builder.push(Some(text.as_bytes()))?)
}

fn is_short(size: f64) -> bool {
    size == 0.0 || (1e-5..1e17).contains(&size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form_whatever_the_driver_writes() {
        let decimal = Column::new(
            "d",
            Kind::Decimal {
                precision: None,
                scale: None,
            },
        );
        let mut builder = BatchBuilder::new(1);
        for text in ["-.5", ".25", "7.", " 1.50 "] {
            push_ascii(&mut builder, text.as_bytes(), &decimal).unwrap();
        }
        push_double(&mut builder, 1e300).unwrap();
        push_single(&mut builder, 0.1).unwrap();
        let text = builder.take();
        let values: Vec<&[u8]> = text.values().flatten().collect();
        let wanted: [&[u8]; 6] = [b"-0.5", b"0.25", b"7", b"1.50", b"1e300", b"0.1"];
        assert_eq!(values, wanted);
    }
}
