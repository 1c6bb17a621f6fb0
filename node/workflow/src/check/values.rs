//! Words and numbers of attributes.

use std::time::Duration;

use jiff::civil::DateTime;

use crate::definition::{MailLevel, Outcome};
use crate::reporter::Wrong;

pub(super) fn boolean(text: &str) -> Result<bool, Wrong> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(Wrong::new(
            format!("{text} is neither true nor false"),
            "write true or false",
        ))
    }
}

/// A whole number of at least `least`.
pub(super) fn whole(least: u32) -> impl Fn(&str) -> Result<u32, Wrong> {
    move |text| {
        let refused = || {
            Wrong::new(
                format!("{text} is not a whole number of at least {least}"),
                "write a number such as 3",
            )
        };
        text.parse()
            .ok()
            .filter(|&number| number >= least)
            .ok_or_else(refused)
    }
}

pub(super) fn signed(text: &str) -> Result<i32, Wrong> {
    let refused = || {
        Wrong::new(
            format!("{text} is not a whole number"),
            "write a number such as 0, 10 or -5",
        )
    };
    text.parse().ok().ok_or_else(refused)
}

/// Seconds, not negative; a fraction is allowed.
pub(super) fn seconds(text: &str) -> Result<Duration, Wrong> {
    // Longer than a hundred years is surely a mistake, and would overflow sums of times.
    let limit = 100.0 * 366.0 * 86_400.0;
    let parsed = text
        .parse::<f64>()
        .ok()
        .filter(|seconds| seconds.is_finite() && (0.0..=limit).contains(seconds));
    parsed.map(Duration::from_secs_f64).ok_or_else(|| {
        Wrong::new(
            format!("{text} is not a number of seconds"),
            "write seconds as a number such as 30",
        )
    })
}

/// Seconds; negative or zero means no limit.
pub(super) fn timeout(text: &str) -> Result<Option<Duration>, Wrong> {
    match text.parse::<f64>() {
        Ok(number) if number <= 0.0 => Ok(None),
        _ => seconds(text).map(Some),
    }
}

/// Bytes: `2MB`, `2G`, `1.1kb`, `512B`, `512`; units are powers of 1024.
pub(super) fn size(text: &str) -> Result<u64, Wrong> {
    let refused = || {
        Wrong::new(
            format!("{text} is not a size"),
            "write a number and B, KB, MB, GB or TB, such as 2MB or 1.1kb",
        )
    };
    let split = text
        .find(|character: char| character.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.trim().parse().ok().ok_or_else(refused)?;
    let unit: f64 = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "K" | "KB" => 1024.0,
        "M" | "MB" => 1024.0 * 1024.0,
        "G" | "GB" => 1024.0 * 1024.0 * 1024.0,
        "T" | "TB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err(refused()),
    };
    let bytes = (number * unit).ceil();
    // 2^53: up to there every whole number of bytes is exact.
    if !bytes.is_finite() || !(0.0..=9_007_199_254_740_992.0).contains(&bytes) {
        return Err(refused());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just checked"
    )]
    Ok(bytes as u64)
}

/// A local time `yyyy-MM-dd HH:mm:ss`; without a time of day, midnight.
pub(super) fn date_time(text: &str) -> Result<DateTime, Wrong> {
    let refused = || {
        Wrong::new(
            format!("{text} is not a time"),
            "write it like 2026-01-31 06:30:00",
        )
    };
    text.parse().ok().ok_or_else(refused)
}

/// An IANA time zone's name.
pub(super) fn time_zone(text: &str) -> Result<Option<String>, Wrong> {
    match jiff::tz::TimeZone::get(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(_) => Err(Wrong::new(
            format!("{text} is no known time zone"),
            "write an IANA name such as Europe/Berlin, Asia/Shanghai or UTC",
        )),
    }
}

pub(super) fn mail_level(text: &str) -> Result<MailLevel, Wrong> {
    list(text).map(outcome).collect()
}

fn outcome(word: &str) -> Result<Outcome, Wrong> {
    match word.to_ascii_lowercase().as_str() {
        "成功" | "w_successed" | "w_succeeded" | "succeeded" => Ok(Outcome::Succeeded),
        "失败" | "w_failed" | "failed" => Ok(Outcome::Failed),
        "杀死" | "w_killed" | "killed" => Ok(Outcome::Killed),
        _ => Err(Wrong::new(
            format!("{word} is no outcome"),
            "write a comma list of succeeded, failed, killed (also 成功, 失败, 杀死)",
        )),
    }
}

/// The entries of a comma list, without blanks around them and without empty ones.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '，'])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// The longest folder in bytes: folders are keys in every store.
const LONGEST_FOLDER: usize = 500;

/// A folder of the workflow tree: absolute, without a trailing slash.
pub(super) fn folder(text: &str) -> Result<String, Wrong> {
    let mut folder = String::with_capacity(text.len() + 1);
    for part in text.split('/').filter(|part| !part.is_empty()) {
        if matches!(part, "." | "..") {
            let message = format!("the folder {text} holds the part {part}");
            return Err(Wrong::new(
                message,
                "write it from the root, such as /example/daily",
            ));
        }
        folder.push('/');
        folder.push_str(part);
    }
    if folder.is_empty() {
        folder.push('/');
    }
    if folder.len() > LONGEST_FOLDER {
        return Err(Wrong::new(
            format!("the folder is longer than {LONGEST_FOLDER} bytes"),
            "write a shorter one",
        ));
    }
    Ok(folder)
}

/// The value of `delimited` with its escapes honoured. Those that are not known stay, for the regular expression
/// that the delimiter may be.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let (character, taken) = match tail.bytes().next() {
            Some(b't') => (Some('\t'), 1),
            Some(b'n') => (Some('\n'), 1),
            Some(b'r') => (Some('\r'), 1),
            Some(b'f') => (Some('\u{c}'), 1),
            Some(b'\\') => (Some('\\'), 1),
            Some(b'u') => (coded(tail, 1, 4, 16), 5),
            Some(b'x') => (coded(tail, 1, 2, 16), 3),
            Some(b'0') => (coded(tail, 0, 3, 8), 3),
            _ => (None, 0),
        };
        if let Some(character) = character {
            out.push(character);
            rest = &tail[taken..];
        } else {
            out.push('\\');
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

fn coded(tail: &str, from: usize, digits: usize, radix: u32) -> Option<char> {
    let code = tail
        .get(from..from + digits)
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(code, radix)
        .ok()
        .and_then(char::from_u32)
}

/// The tokens of a command line: split at blanks outside quotes and macros, quotes removed.
pub(super) fn tokens(line: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                token.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => tokens.extend(token.take()),
            (_, '$') if rest.as_str().starts_with('{') && rest.as_str().contains('}') => {
                let token = token.get_or_insert_default();
                token.push('$');
                for inner in rest.by_ref() {
                    token.push(inner);
                    if inner == '}' {
                        break;
                    }
                }
            }
            _ => token.get_or_insert_default().push(character),
        }
    }
    tokens.extend(token);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [
            ("2MB", 2 << 20),
            ("2G", 2 << 30),
            ("1.1kb", 1127),
            ("512B", 512),
            ("0B", 0),
            ("7", 7),
            ("1 TB", 1 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "-1B", "1XB", "1e400", "NaN", "infB", "二MB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_of_a_delimiter_are_honoured_and_those_of_a_pattern_stay() {
        for (text, expected) in [
            ("\\t", "\t"),
            ("\\u0001", "\u{1}"),
            ("\\x01", "\u{1}"),
            ("\\001", "\u{1}"),
            ("\\|", "\\|"),
            ("\\s+", "\\s+"),
            ("a\\\\b", "a\\b"),
            ("\\", "\\"),
            ("\\u12", "\\u12"),
            ("监\\控", "监\\控"),
            ("||", "||"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }

    #[test]
    fn tokens_respect_quotes_and_macros() {
        assert_eq!(
            tokens("python 'a b/c.py' \"x y\""),
            ["python", "a b/c.py", "x y"]
        );
        assert_eq!(
            tokens("sh ${param:dir}/x.sh ${time.today|yyyy/MM dd}"),
            ["sh", "${param:dir}/x.sh", "${time.today|yyyy/MM dd}"]
        );
        assert!(tokens("  ").is_empty());
    }

    #[test]
    fn folders_are_absolute_without_a_trailing_slash() {
        assert_eq!(folder("/example/daily/"), Ok("/example/daily".to_owned()));
        assert_eq!(folder("a//b"), Ok("/a/b".to_owned()));
        assert_eq!(folder("/"), Ok("/".to_owned()));
        assert!(folder("/a/../b").is_err());
    }

    #[test]
    fn outcomes_are_known_in_every_spelling() {
        let all = MailLevel::from([Outcome::Succeeded, Outcome::Failed, Outcome::Killed]);
        assert_eq!(mail_level("成功,失败，杀死"), Ok(all.clone()));
        assert_eq!(
            mail_level("W_SUCCESSED, W_FAILED, W_KILLED"),
            Ok(all.clone())
        );
        assert_eq!(mail_level("succeeded,failed,killed"), Ok(all));
        assert!(mail_level("sometimes").is_err());
    }
}
