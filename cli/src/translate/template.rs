//! One template: an English text with placeholders, and how Chinese says it.

use super::words;

/// What a placeholder may stand for, which is also how it is carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything but nothing: a user's own text, or a value. Carried over as it is.
    Verbatim,
    /// The same without blanks: a name of the language, a duration with its unit.
    Name,
    /// A key of the configuration: `section.key`.
    Key,
    /// Digits, a sign, a point.
    Number,
    /// A text in double quotes, as it was given.
    Quoted,
    /// Names of files, some with what became of them.
    Files,
    /// One of the words of [`words`], in Chinese.
    Word,
    /// A message of its own; one that is not known is carried over as it is.
    Message,
    /// A message about a document.
    Document,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "" => Self::Verbatim,
            "name" => Self::Name,
            "key" => Self::Key,
            "number" => Self::Number,
            "quoted" => Self::Quoted,
            "files" => Self::Files,
            "word" => Self::Word,
            "message" => Self::Message,
            "document" => Self::Document,
            _ => return None,
        })
    }

    fn accepts(self, text: &str) -> bool {
        match self {
            Self::Verbatim | Self::Files | Self::Message | Self::Document => !text.is_empty(),
            Self::Name => !text.is_empty() && !text.contains(char::is_whitespace),
            Self::Key => {
                text.contains('.')
                    && text
                        .chars()
                        .all(|each| each.is_ascii_lowercase() || matches!(each, '.' | '_'))
            }
            Self::Number => {
                text.contains(|each: char| each.is_ascii_digit())
                    && text
                        .chars()
                        .all(|each| each.is_ascii_digit() || matches!(each, '-' | '+' | '.' | 'e'))
            }
            Self::Quoted => text.len() >= 2 && text.starts_with('"') && text.ends_with('"'),
            Self::Word => words::chinese(text).is_some(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Placeholder(&'static str, Kind),
}

/// A text that was recognised: what each placeholder stood for.
pub(super) type Captures<'t> = Vec<(&'static str, Kind, &'t str)>;

/// An English text with placeholders `{name}` or `{name:kind}`, and the Chinese one with `{name}`. A brace itself is
/// written twice.
#[derive(Debug)]
pub(super) struct Template {
    english: Vec<Piece>,
    chinese: Vec<Piece>,
    /// Bytes of English that are no placeholder: of two templates that fit, the one that says more is meant.
    weight: usize,
}

/// Where the ends of placeholders are sought in one text for one template. Messages are short; a long text that was
/// made to be ambiguous must not hold the command up.
const MOST_TRIALS: usize = 1_000;

impl Template {
    /// Reads the two texts; why they are none, in words for whoever writes the catalogue.
    pub(super) fn new(english: &'static str, chinese: &'static str) -> Result<Self, String> {
        let english = pieces(english)?;
        let chinese = pieces(chinese)?;
        if english
            .windows(2)
            .any(|pair| matches!(pair, [Piece::Placeholder(..), Piece::Placeholder(..)]))
        {
            return Err("two placeholders stand beside each other".to_owned());
        }
        if names(&english) != names(&chinese) {
            return Err("the placeholders are not the same".to_owned());
        }
        let weight = english
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.len(),
                Piece::Placeholder(..) => 0,
            })
            .sum();
        Ok(Self {
            english,
            chinese,
            weight,
        })
    }

    /// What every text that fits begins with; empty where a placeholder stands first.
    pub(super) fn beginning(&self) -> &str {
        match self.english.first() {
            Some(Piece::Literal(text)) => text,
            Some(Piece::Placeholder(..)) | None => "",
        }
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// What the placeholders stand for, where `text` fits.
    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        let mut captures = Vec::new();
        let mut trials = MOST_TRIALS;
        fit(&self.english, text, &mut captures, &mut trials).then_some(captures)
    }

    /// The Chinese text around `captures`, each carried over by `carry`.
    pub(super) fn fill(
        &self,
        captures: &Captures<'_>,
        mut carry: impl FnMut(Kind, &str) -> String,
    ) -> String {
        let mut out = String::new();
        for piece in &self.chinese {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Placeholder(name, _) => {
                    let captured = captures.iter().find(|(each, _, _)| each == name);
                    if let Some((_, kind, text)) = captured {
                        out.push_str(&carry(*kind, text));
                    }
                }
            }
        }
        out
    }
}

impl Piece {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Placeholder(name, _) => Some(name),
            Self::Literal(_) => None,
        }
    }
}

fn names(pieces: &[Piece]) -> Vec<&str> {
    let mut names: Vec<&str> = pieces.iter().filter_map(Piece::name).collect();
    names.sort_unstable();
    names
}

/// Fits `pieces` to `text`, each placeholder as short as the rest allows.
fn fit<'t>(
    pieces: &[Piece],
    text: &'t str,
    captures: &mut Captures<'t>,
    trials: &mut usize,
) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return text.is_empty();
    };
    let (name, kind) = match first {
        Piece::Literal(literal) => {
            return text
                .strip_prefix(literal.as_str())
                .is_some_and(|text| fit(rest, text, captures, trials));
        }
        Piece::Placeholder(name, kind) => (*name, *kind),
    };
    let Some(Piece::Literal(next)) = rest.first() else {
        captures.push((name, kind, text));
        return kind.accepts(text);
    };
    for (end, _) in text.match_indices(next.as_str()) {
        if *trials == 0 {
            return false;
        }
        *trials -= 1;
        let captured = &text[..end];
        if !kind.accepts(captured) {
            continue;
        }
        let known = captures.len();
        captures.push((name, kind, captured));
        if fit(rest, &text[end..], captures, trials) {
            return true;
        }
        captures.truncate(known);
    }
    false
}

fn pieces(text: &'static str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let brace = &rest[at..=at];
        literal.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            literal.push_str(brace);
            rest = behind;
            continue;
        }
        let (inside, behind) = rest
            .split_once('}')
            .filter(|_| brace == "{")
            .ok_or_else(|| "a brace without its other one".to_owned())?;
        let (name, kind) = inside.split_once(':').unwrap_or((inside, ""));
        let kind = Kind::of(kind).ok_or_else(|| format!("{kind} is no kind of placeholder"))?;
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Placeholder(name, kind));
        rest = behind;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured<'t>(english: &'static str, text: &'t str) -> Option<Vec<&'t str>> {
        // Its own words serve as the Chinese ones.
        let template = Template {
            english: pieces(english).expect("a template"),
            chinese: Vec::new(),
            weight: 0,
        };
        let captures = template.captures(text)?;
        Some(captures.into_iter().map(|(_, _, text)| text).collect())
    }

    #[test]
    fn a_text_fits_whole_or_not_at_all() {
        let english = "no step is called {name}";
        assert_eq!(
            captured(english, "no step is called a b"),
            Some(vec!["a b"])
        );
        for other in [
            "no step is called ",
            "No step is called a",
            "say: no step is called a",
        ] {
            assert_eq!(captured(english, other), None, "{other}");
        }
        assert_eq!(captured("remove it", "remove it now"), None);
    }

    #[test]
    fn a_name_that_holds_a_piece_of_the_message_is_still_found() {
        let english = "step {name:quoted} failed: {message}";
        let text = r#"step "a failed: b" failed: exit code 1"#;
        assert_eq!(
            captured(english, text),
            Some(vec![r#""a failed: b""#, "exit code 1"])
        );
    }

    #[test]
    fn kinds_keep_what_is_none_of_theirs_out() {
        assert_eq!(captured("exit code {code:number}", "exit code 7; x"), None);
        assert_eq!(captured("{name:name} is empty", "the text is empty"), None);
        assert_eq!(captured("no {what:word} here", "no nonsense here"), None);
        assert!(captured("no {what:word} here", "no workflow here").is_some());
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(
            captured(
                "unknown time macro ${{time.{name}}}",
                "unknown time macro ${time.x}"
            ),
            Some(vec!["x"])
        );
    }

    #[test]
    fn an_ambiguous_text_of_any_length_is_given_up_in_time() {
        let text = "a ".repeat(100_000);
        assert_eq!(captured("{one} {two} {three} {four} b", &text), None);
    }

    #[test]
    fn faulty_templates_are_told_apart() {
        for (english, chinese) in [
            ("{a}{b}", "{a}{b}"),
            ("{a} and", "和"),
            ("{a:what}", "{a}"),
            ("a } b", "甲"),
            ("a {b", "甲 {b}"),
        ] {
            assert!(Template::new(english, chinese).is_err(), "{english}");
        }
    }
}
