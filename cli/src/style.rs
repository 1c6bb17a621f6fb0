//! Colours, widths, durations: how single values are shown.

use std::borrow::Cow;
use std::time::Duration;

use comfy_table::Color;
use jiff::Timestamp;
use peerflow_model::{AttemptStatus, InstanceStatus, LogLevel, VisitStatus};
use peerflow_node::http::types::Time;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::language::Language;

/// What a status comes to, for its colour and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Stopped,
    Busy,
    Quiet,
}

impl Tone {
    /// Its colour in tables.
    pub(crate) fn colour(self) -> Color {
        match self {
            Self::Good => Color::Green,
            Self::Bad => Color::Red,
            Self::Stopped => Color::Yellow,
            Self::Busy => Color::Cyan,
            Self::Quiet => Color::DarkGrey,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Stopped => "33",
            Self::Busy => "36",
            Self::Quiet => "90",
        }
    }

    /// `text` in its colour, where colour is wanted.
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        if colour {
            format!("\x1b[{}m{text}\x1b[0m", self.code())
        } else {
            text.to_owned()
        }
    }
}

/// What an instance's status comes to.
pub(crate) fn instance_tone(status: InstanceStatus) -> Tone {
    match status {
        InstanceStatus::Waiting => Tone::Quiet,
        InstanceStatus::Running => Tone::Busy,
        InstanceStatus::Succeeded => Tone::Good,
        InstanceStatus::Failed => Tone::Bad,
        InstanceStatus::Killed => Tone::Stopped,
    }
}

/// What a step's status comes to.
pub(crate) fn step_tone(status: VisitStatus) -> Tone {
    match status {
        VisitStatus::Pending | VisitStatus::Waiting | VisitStatus::Skipped => Tone::Quiet,
        VisitStatus::Running => Tone::Busy,
        VisitStatus::Succeeded => Tone::Good,
        VisitStatus::Failed | VisitStatus::Lost => Tone::Bad,
        VisitStatus::Killed => Tone::Stopped,
    }
}

/// What a log line's level comes to; `None` for plain lines.
pub(crate) fn level_tone(level: LogLevel) -> Option<Tone> {
    match level {
        LogLevel::Debug => Some(Tone::Quiet),
        LogLevel::Info => None,
        LogLevel::Warn => Some(Tone::Stopped),
        LogLevel::Error => Some(Tone::Bad),
    }
}

/// An instance's status in words.
pub(crate) fn instance_status(language: Language, status: InstanceStatus) -> String {
    match status {
        InstanceStatus::Waiting => language.waiting(),
        InstanceStatus::Running => language.running(),
        InstanceStatus::Succeeded => language.succeeded(),
        InstanceStatus::Failed => language.failed(),
        InstanceStatus::Killed => language.killed(),
    }
}

/// A step's status in words.
pub(crate) fn step_status(language: Language, status: VisitStatus) -> String {
    match status {
        VisitStatus::Pending => language.pending(),
        VisitStatus::Waiting => language.waiting(),
        VisitStatus::Running => language.running(),
        VisitStatus::Succeeded => language.succeeded(),
        VisitStatus::Failed => language.failed(),
        VisitStatus::Killed => language.killed(),
        VisitStatus::Skipped => language.skipped(),
        VisitStatus::Lost => language.lost(),
    }
}

/// A try's status in words.
pub(crate) fn attempt_status(language: Language, status: AttemptStatus) -> String {
    match status {
        AttemptStatus::Assigned => language.pending(),
        AttemptStatus::Running => language.running(),
        AttemptStatus::Succeeded => language.succeeded(),
        AttemptStatus::Failed => language.failed(),
        AttemptStatus::Killed => language.killed(),
        AttemptStatus::Lost => language.lost(),
    }
}

/// A step's sign in the tree.
pub(crate) fn step_sign(status: VisitStatus) -> &'static str {
    match status {
        VisitStatus::Pending => "·",
        VisitStatus::Waiting => "◦",
        VisitStatus::Running => "▶",
        VisitStatus::Succeeded => "✓",
        VisitStatus::Failed => "✗",
        VisitStatus::Killed => "■",
        VisitStatus::Skipped => "-",
        VisitStatus::Lost => "?",
    }
}

/// A time as people read it, with its offset: `2026-11-20 01:00:00 +08:00`.
pub(crate) fn time(time: Time) -> String {
    let shown = time.offset().to_datetime(time.instant());
    let (sign, seconds) = (
        if time.offset().is_negative() {
            '-'
        } else {
            '+'
        },
        time.offset().seconds().abs(),
    );
    format!(
        "{} {sign}{:02}:{:02}",
        shown.strftime("%Y-%m-%d %H:%M:%S"),
        seconds / 3600,
        seconds / 60 % 60
    )
}

/// A time that may be absent.
pub(crate) fn optional_time(at: Option<Time>) -> String {
    at.map(time).unwrap_or_default()
}

/// From `start` to `end`, or to `now` while it goes on; zero where clocks disagree.
pub(crate) fn elapsed(start: Option<Time>, end: Option<Time>, now: Timestamp) -> Option<Duration> {
    let end = end.map_or(now, Time::instant);
    Some(Duration::try_from(end.duration_since(start?.instant())).unwrap_or_default())
}

/// A duration in at most two units: `40 ms`, `1.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..10 => format!("{:.1} s", duration.as_millis() as f64 / 1000.0),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {:02} m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// `text` without control characters, which could move the cursor or end a line; tabs become a space.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let replaced = text.trim_end().chars().map(|each| match each {
        '\n' => '⏎',
        '\t' | '\r' => ' ',
        other if other.is_control() => '\u{fffd}',
        other => other,
    });
    Cow::Owned(replaced.collect())
}

/// `text` cut to `width` columns, the cut shown; wide characters count two.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut left = width.saturating_sub(1);
    let mut out = String::new();
    for each in text.chars() {
        let wide = each.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        out.push(each);
    }
    if width > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// `text` filled with blanks to `width` columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        for (millis, expected) in [
            (7, "7 ms"),
            (1_440, "1.4 s"),
            (12_999, "12 s"),
            (185_000, "3 m 05 s"),
            (7_800_000, "2 h 10 m"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        assert_eq!(cut("监控文件大小", 12), "监控文件大小");
        assert_eq!(cut("监控文件大小", 11), "监控文件大…");
        assert_eq!(cut("监控文件大小", 10), "监控文件…");
        assert_eq!(cut("abc", 2), "a…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(pad("监控", 6), "监控  ");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(clean("a\nb\tc\x1b[2J\n"), "a⏎b c\u{fffd}[2J");
        assert_eq!(clean("plain 文"), "plain 文");
    }

    #[test]
    fn a_time_shows_its_offset() {
        let shown: Time = serde_json::from_str(r#""2026-11-20T01:00:00-03:30""#).expect("a time");
        assert_eq!(time(shown), "2026-11-20 01:00:00 -03:30");
    }
}
