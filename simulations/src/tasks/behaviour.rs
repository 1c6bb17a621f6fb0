//! What somebody has said of how a step behaves, and the words to say it with.

use std::time::Duration;

use peerflow_node::{format_duration, parse_duration};

/// Lines that one task may print: each is held in memory until the store has it.
const MOST_LINES: u32 = 100_000;

/// A duration, or the bounds it is drawn between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) from: Duration,
    pub(super) to: Duration,
}

/// What is known of how a step behaves; what is not said here is looked for elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Behaviour {
    pub(super) takes: Option<Bounds>,
    /// The share of tries that fail, from 0 to 1.
    pub(super) fails: Option<f64>,
    /// So many tries of a run fail at first.
    pub(super) fails_first: Option<u32>,
    /// The share of tries that never end.
    pub(super) hangs: Option<f64>,
    /// Exit code of tries that fail.
    pub(super) exit: Option<i32>,
    pub(super) prints: Option<u32>,
    pub(super) ignores_term: Option<bool>,
}

const CLAUSES: &str = "`takes 5s`, `takes 5s..20s`, `fails`, `fails 10%`, `fails first 2`, `exit 3`, `hangs`, \
                       `hangs 0.1%`, `prints 100` or `ignores TERM`";

impl Behaviour {
    /// This, and what `other` says beyond it.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            takes: self.takes.or(other.takes),
            // Whoever says which tries fail has said that the others do not.
            fails: self.fails.or(match self.fails_first {
                Some(_) => Some(0.0),
                None => other.fails,
            }),
            fails_first: self.fails_first.or(match self.fails {
                Some(_) => Some(0),
                None => other.fails_first,
            }),
            hangs: self.hangs.or(other.hangs),
            exit: self.exit.or(other.exit),
            prints: self.prints.or(other.prints),
            ignores_term: self.ignores_term.or(other.ignores_term),
        }
    }

    /// Takes the clauses of one hint: `takes 5s..20s, fails 10%`. The error says what was expected.
    pub(super) fn hear(&mut self, hint: &str) -> Result<(), String> {
        for clause in hint.split(',').map(str::trim) {
            let (word, rest) = clause
                .split_once(char::is_whitespace)
                .map_or((clause, ""), |(word, rest)| (word, rest.trim()));
            self.clause(clause, word, rest)?;
        }
        Ok(())
    }

    fn clause(&mut self, clause: &str, word: &str, rest: &str) -> Result<(), String> {
        let first = rest.strip_prefix("first").map(str::trim);
        let once = match (word, first) {
            ("takes", _) => put(&mut self.takes, bounds(rest)?),
            ("fails", Some(count)) => put(&mut self.fails_first, number(count)?),
            ("fails", None) => put(&mut self.fails, share_or_always(rest)?),
            ("hangs", _) => put(&mut self.hangs, share_or_always(rest)?),
            ("exit", _) => put(&mut self.exit, exit_code(number(rest)?)?),
            ("prints", _) => put(&mut self.prints, lines(number(rest)?)?),
            ("ignores", _) if rest == "TERM" => put(&mut self.ignores_term, true),
            _ => {
                return Err(format!(
                    "{clause:?} is none of {CLAUSES}, with commas between"
                ));
            }
        };
        if once {
            Ok(())
        } else {
            Err(format!("{clause:?} says again what was said; say it once"))
        }
    }
}

/// False when it was said before.
fn put<T>(place: &mut Option<T>, value: T) -> bool {
    place.replace(value).is_none()
}

/// `5s` or `5s..20s`.
pub(super) fn bounds(text: &str) -> Result<Bounds, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let bounds = Bounds {
        from: parse_duration(from)?,
        to: parse_duration(to)?,
    };
    if bounds.from > bounds.to {
        let (from, to) = (format_duration(bounds.from), format_duration(bounds.to));
        return Err(format!(
            "{text:?} begins with the longer duration; write it \"{to}..{from}\""
        ));
    }
    Ok(bounds)
}

/// `10%`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("{text:?} is no share; write it like \"10%\", from 0% to 100%"))
}

/// How many lines one task may print.
pub(super) fn lines(count: u32) -> Result<u32, String> {
    if count > MOST_LINES {
        return Err(format!("{count} lines are more than {MOST_LINES}"));
    }
    Ok(count)
}

/// The exit code of a failure.
pub(super) fn exit_code(code: u32) -> Result<i32, String> {
    i32::try_from(code)
        .ok()
        .filter(|code| (1..=255).contains(code))
        .ok_or_else(|| format!("{code} is no exit code of a failure; those are 1 to 255"))
}

fn share_or_always(text: &str) -> Result<f64, String> {
    if text.is_empty() {
        Ok(1.0)
    } else {
        share(text)
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_not_one| format!("a whole number is expected, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(hint: &str) -> Result<Behaviour, String> {
        let mut behaviour = Behaviour::default();
        behaviour.hear(hint).map(|()| behaviour)
    }

    #[test]
    fn a_hint_says_all_that_a_play_has() {
        let hint = "takes 5s..20s, fails 10%, hangs 0.1%, prints 100, ignores TERM, exit 3";
        let expected = Behaviour {
            takes: Some(Bounds {
                from: Duration::from_secs(5),
                to: Duration::from_secs(20),
            }),
            fails: Some(0.1),
            fails_first: None,
            hangs: Some(0.001),
            exit: Some(3),
            prints: Some(100),
            ignores_term: Some(true),
        };
        assert_eq!(heard(hint), Ok(expected));
        let short = heard("takes 1h 30m, fails first 2,hangs").unwrap();
        assert_eq!(short.takes.unwrap().to, Duration::from_secs(5_400));
        assert_eq!((short.fails_first, short.hangs), (Some(2), Some(1.0)));
    }

    #[test]
    fn a_bad_hint_is_answered_with_what_was_expected() {
        for (hint, expected) in [
            ("", "none of `takes 5s`"),
            ("take 5s", "none of `takes 5s`"),
            ("takes 5s,", "none of `takes 5s`"),
            ("takes", "a duration is wanted"),
            ("takes 5", "no unit"),
            ("takes 20s..5s", "\"5s..20s\""),
            ("fails 10", "like \"10%\""),
            ("fails 101%", "from 0% to 100%"),
            ("hangs NaN%", "from 0% to 100%"),
            ("fails first", "a whole number is expected"),
            ("fails first x", "a whole number is expected"),
            ("prints -1", "a whole number is expected"),
            ("prints 100001", "more than 100000"),
            ("exit 0", "1 to 255"),
            ("ignores KILL", "none of `takes 5s`"),
            ("takes 1s, takes 2s", "say it once"),
        ] {
            let error = heard(hint).unwrap_err();
            assert!(error.contains(expected), "{hint}: {error}");
        }
    }

    #[test]
    fn the_first_tries_say_what_the_others_do() {
        let given = heard("takes 3s, fails 50%").unwrap();
        let both = heard("fails first 1").unwrap().or(given);
        assert_eq!((both.fails_first, both.fails), (Some(1), Some(0.0)));
        assert_eq!(both.takes, given.takes);
        let both = given.or(heard("fails first 1").unwrap());
        assert_eq!((both.fails_first, both.fails), (Some(0), Some(0.5)));
    }
}
