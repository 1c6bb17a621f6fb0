//! Numbers on their way into FLOAT.

/// The shortest digits of the largest FLOAT are more than it is, which the server refuses: it gets all digits.
pub(crate) fn single<'a>(value: &'a [u8], space: &'a mut Vec<u8>) -> &'a [u8] {
    let large = value.len() >= 38 || value.ends_with(b"38");
    let number = large.then(|| std::str::from_utf8(value).ok()?.parse::<f32>().ok());
    match number.flatten() {
        Some(number) if number.abs() == f32::MAX => {
            space.clear();
            space.extend_from_slice(f64::from(number).to_string().as_bytes());
            space
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_float_is_written_with_all_digits() {
        let mut space = Vec::new();
        assert_eq!(single(b"1.5", &mut space), b"1.5");
        assert_eq!(
            single(b"-3.4028235e38", &mut space),
            b"-340282346638528860000000000000000000000"
        );
    }
}
