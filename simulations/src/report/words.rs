//! How durations, numbers and texts are written for people.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A duration in its two largest units: `340ms`, `4.2s`, `1m 05s`, `2h 10m`, `3d 4h`.
pub(super) fn brief(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    // What would be rounded up to a whole minute is written as one.
    if milliseconds < 1000 {
        return format!("{milliseconds}ms");
    }
    if milliseconds < 59_950 {
        let tenths = (milliseconds + 50) / 100;
        return match tenths % 10 {
            0 => format!("{}s", tenths / 10),
            tenth => format!("{}.{tenth}s", tenths / 10),
        };
    }
    let seconds = (milliseconds + 500) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, seconds % 60) {
        (0, 0, 0) => format!("{minutes}m"),
        (0, 0, rest) => format!("{minutes}m {rest:02}s"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours}h"),
        (0, _, _) => format!("{hours}h {:02}m", minutes % 60),
        _ if hours % 24 == 0 => format!("{days}d"),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// A number with its noun, in the plural with an `s`: `1 task`, `12,345 tasks`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A number with a comma after each three digits.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a wall clock says, to the second.
pub(super) fn wall(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Columns that `text` takes in a terminal.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// `text` in at most that many columns, with `…` for what is left out. Control characters become spaces.
pub(super) fn cut(text: &str, most: usize) -> String {
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if columns(&clean) <= most {
        return clean;
    }
    let mut kept = String::new();
    let mut taken = 0;
    for letter in clean.chars() {
        let width = letter.width().unwrap_or(0);
        if taken + width + 1 > most {
            break;
        }
        taken += width;
        kept.push(letter);
    }
    if most > 0 {
        kept.push('…');
    }
    kept
}

/// `text` in exactly that many columns: cut, or with spaces after it.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let mut text = cut(text, width);
    let missing = width.saturating_sub(columns(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// `text` broken into lines of at most `width` columns, at spaces where there are any.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if columns(&line) + gap + columns(word) <= width {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars().filter(|letter| !letter.is_control()) {
            if columns(&line) + letter.width().unwrap_or(0) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}
