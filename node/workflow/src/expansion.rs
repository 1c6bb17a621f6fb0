//! `${…}` in values: what is a parameter, what is a time macro and what belongs to the shell.

/// A piece of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'t> {
    /// Stays as it is.
    Literal(&'t str),
    /// `${param:NAME}`.
    Parameter { name: &'t str, raw: &'t str },
    /// `${time.…}`, without `time.`.
    Time { body: &'t str, raw: &'t str },
    /// Any other `${…}`: the shell's, or in a `<param-list>` a parameter above.
    Other { name: &'t str, raw: &'t str },
    /// `${param:` or `${time.` without its `}`.
    Unclosed { raw: &'t str },
}

/// Whether `text` may hold anything to substitute. Cheap; false is certain.
pub(crate) fn may_expand(text: &str) -> bool {
    text.contains("${")
}

/// The pieces of `text`, in order.
pub(crate) fn segments(text: &str) -> Segments<'_> {
    Segments { rest: text }
}

#[derive(Clone, Debug)]
pub(crate) struct Segments<'t> {
    rest: &'t str,
}

const PARAMETER: &str = "${param:";
const TIME: &str = "${time.";

impl<'t> Iterator for Segments<'t> {
    type Item = Segment<'t>;

    fn next(&mut self) -> Option<Segment<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.rest.find("${").unwrap_or(self.rest.len());
        if at > 0 {
            let (literal, rest) = self.rest.split_at(at);
            self.rest = rest;
            return Some(Segment::Literal(literal));
        }
        let text = self.rest;
        let ours = text.starts_with(TIME) || is_parameter(text);
        let Some(close) = closing(text) else {
            // Without a closing brace the opening alone is passed over: what follows may hold a whole macro.
            let (raw, rest) = text.split_at("${".len());
            self.rest = rest;
            return Some(if ours {
                Segment::Unclosed { raw }
            } else {
                Segment::Literal(raw)
            });
        };
        let raw = &text[..=close];
        self.rest = &text[close + 1..];
        Some(if !ours {
            Segment::Other {
                name: &text[2..close],
                raw,
            }
        } else if text.starts_with(TIME) {
            Segment::Time {
                body: &text[TIME.len()..close],
                raw,
            }
        } else {
            Segment::Parameter {
                name: &text[PARAMETER.len()..close],
                raw,
            }
        })
    }
}

/// The shell has expansions of a variable that happens to be called `param`, such as `${param:-default}`: a
/// parameter's name does not begin with one of their operators.
fn is_parameter(text: &str) -> bool {
    text.strip_prefix(PARAMETER)
        .is_some_and(|name| !name.starts_with(['-', '=', '+', '?']))
}

/// Where the macro at the start of `text` closes: at the first `}` of its line, before another `${` opens.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 2;
    while at < bytes.len() {
        match bytes[at] {
            b'}' => return Some(at),
            b'\n' => return None,
            b'$' if bytes.get(at + 1) == Some(&b'{') => return None,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parameters_and_times_are_ours() {
        let found: Vec<_> =
            segments("a ${param:x}${HOME} ${time.today|yyyy} ${param:-d} $x {").collect();
        assert_eq!(
            found,
            [
                Segment::Literal("a "),
                Segment::Parameter {
                    name: "x",
                    raw: "${param:x}"
                },
                Segment::Other {
                    name: "HOME",
                    raw: "${HOME}"
                },
                Segment::Literal(" "),
                Segment::Time {
                    body: "today|yyyy",
                    raw: "${time.today|yyyy}"
                },
                Segment::Literal(" "),
                Segment::Other {
                    name: "param:-d",
                    raw: "${param:-d}"
                },
                Segment::Literal(" $x {"),
            ]
        );
    }

    #[test]
    fn an_unclosed_macro_does_not_swallow_the_next() {
        let found: Vec<_> = segments("${param:x ${param:y}").collect();
        assert_eq!(
            found,
            [
                Segment::Unclosed { raw: "${" },
                Segment::Literal("param:x "),
                Segment::Parameter {
                    name: "y",
                    raw: "${param:y}"
                },
            ]
        );
    }

    #[test]
    fn the_pieces_put_together_are_the_text() {
        for text in [
            "",
            "${",
            "${}",
            "a${b${c}d}",
            "${param:}",
            "x}${time.",
            "监控${param:名}控",
        ] {
            let together: String = segments(text)
                .map(|segment| match segment {
                    Segment::Literal(raw)
                    | Segment::Unclosed { raw }
                    | Segment::Parameter { raw, .. }
                    | Segment::Time { raw, .. }
                    | Segment::Other { raw, .. } => raw,
                })
                .collect();
            assert_eq!(together, text);
        }
    }
}
