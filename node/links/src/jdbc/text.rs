//! The text of a URL, and what of it a message may quote.

use crate::jdbc::UrlError;
use crate::system::nearest;

/// Kinds of URLs that are understood.
const SCHEMES: [&str; 9] = [
    "mysql",
    "mariadb",
    "postgresql",
    "sqlite",
    "hive2",
    "impala",
    "oracle",
    "clickhouse",
    "odbc",
];
/// What follows such a word may be a secret.
const SECRET_WORDS: [&str; 13] = [
    "pass",
    "pw",
    "secret",
    "token",
    "key",
    "credential",
    "user",
    "auth",
    "bearer",
    "cookie",
    "jaas",
    "jwt",
    "otp",
];

/// A URL as its user wrote it.
pub(super) struct Text<'u> {
    pub(super) whole: &'u str,
    /// What surely holds no secret: it is behind every user and password, and before every secret property.
    quotable: &'u str,
}

impl<'u> Text<'u> {
    pub(super) fn new(whole: &'u str) -> Self {
        let behind = whole.rfind('@').map_or(0, |at| at + 1);
        // ASCII only, so that offsets stay those of the text.
        let lower = whole.to_ascii_lowercase();
        let before = SECRET_WORDS
            .iter()
            .filter_map(|word| lower.find(word))
            .min()
            .unwrap_or(whole.len());
        let quotable = whole.get(behind..before).unwrap_or("");
        Self { whole, quotable }
    }

    /// A part of the URL for a message; nothing where it may hold a secret, or is too long to help.
    pub(super) fn quote(&self, part: &str) -> String {
        if !part.is_empty() && part.len() <= 80 && self.quotable.contains(part) {
            format!(" `{}`", part.escape_debug())
        } else {
            String::new()
        }
    }

    /// What is wrong, and the right form.
    pub(super) fn wrong(&self, what: impl AsRef<str>, form: &str) -> UrlError {
        UrlError(format!("{}: write it like {form}", what.as_ref()))
    }

    pub(super) fn unknown_scheme(&self, scheme: &str) -> UrlError {
        let help = match nearest(scheme, SCHEMES) {
            Some(near) => format!("did you mean {near}?"),
            None => format!(
                "known are {}; others are reached as odbc:DSN=…",
                SCHEMES.join(", ")
            ),
        };
        // The text before the first colon is a user's name at the worst, and only shown where it looks like a scheme.
        let quoted = self.quote(&scheme.to_ascii_lowercase());
        UrlError(format!(
            "databases of the kind{quoted} are not known: {help}"
        ))
    }

    /// The text with `%41` made `A`.
    pub(super) fn decode(&self, part: &str) -> Result<String, UrlError> {
        if !part.contains('%') {
            return Ok(part.to_owned());
        }
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.as_bytes();
        while let [first, behind @ ..] = rest {
            rest = behind;
            if *first != b'%' {
                bytes.push(*first);
                continue;
            }
            let digits = behind.get(..2).and_then(|two| {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                Some(digit(two[0])? * 16 + digit(two[1])?)
            });
            let Some(byte) = digits.and_then(|value| u8::try_from(value).ok()) else {
                return Err(UrlError(
                    "a % in the URL is not followed by two hexadecimal digits: write %25 for a percent sign".to_owned(),
                ));
            };
            bytes.push(byte);
            rest = &behind[2..];
        }
        let decoded = String::from_utf8(bytes)
            .map_err(|_error| UrlError("what stands behind % in the URL is not UTF-8: write each byte of the character, such as %C3%A9 for é".to_owned()))?;
        if decoded.chars().any(char::is_control) {
            return Err(UrlError(
                "what stands behind % in the URL is a control character: remove it".to_owned(),
            ));
        }
        Ok(decoded)
    }
}

/// `text` with everything but what may stand anywhere in a URL as `%41`.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$:,/+*()!".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Splits `name=value` pairs at `separator`, empty ones left out. A pair without `=` has an empty value.
pub(super) fn pairs(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    text.split(separator)
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Whether a property can have such a name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_.-$:".contains(character))
}
