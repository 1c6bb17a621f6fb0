//! Goes over a text of SQL token by token.

use super::body::Body;
use super::{Lexis, SplitError, Statement};

/// The longest separator that a `DELIMITER` line may give, in bytes.
const LONGEST_DELIMITER: usize = 16;

/// Where it stands, and what the present statement has so far.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    lexis: Lexis,
    at: usize,
    delimiter: &'t str,
    /// The first token of the present statement begins here.
    start: Option<usize>,
    /// Its latest token ends here.
    end: usize,
    body: Body,
    /// Where a `/*!` that is not closed yet begins.
    conditional: Option<usize>,
    statements: Vec<Statement<'t>>,
    /// A place whose line is known: where the latest statement begins.
    counted: (usize, u32),
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, lexis: Lexis) -> Self {
        Self {
            text,
            lexis,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            delimiter: ";",
            start: None,
            end: 0,
            body: Body::new(lexis.bodies),
            conditional: None,
            statements: Vec::new(),
            counted: (0, 1),
        }
    }

    pub(super) fn run(mut self) -> Result<Vec<Statement<'t>>, SplitError> {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            if is_blank(byte) {
                self.at += 1;
            } else {
                self.step(byte)?;
            }
        }
        if let Some(open) = self.conditional {
            return Err(self.unclosed(open, "a comment `/*!`", "`*/`"));
        }
        self.finish();
        Ok(self.statements)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn step(&mut self, byte: u8) -> Result<(), SplitError> {
        let lexis = self.lexis;
        if self.start.is_none() && self.delimiter_line()? {
            return Ok(());
        }
        if self.rest().starts_with("/*") {
            return self.block_comment();
        }
        if self.conditional.is_some() && self.rest().starts_with("*/") {
            self.conditional = None;
            self.token(2);
            return Ok(());
        }
        if self.at_delimiter(self.at) && self.conditional.is_none() {
            if self.delimiter != ";" || self.body.is_over() {
                self.finish();
                self.at += self.delimiter.len();
            } else {
                self.body.semicolon();
                self.token(1);
            }
            return Ok(());
        }
        match byte {
            b'#' if lexis.hash_comments => self.line_comment(),
            b'-' if self.dashes() => self.line_comment(),
            b'\'' | b'"' => return self.quoted(byte, lexis.backslash_escapes),
            b'`' if lexis.backticks => return self.quoted(byte, false),
            b'[' if lexis.brackets => return self.quoted(b']', false),
            b'$' if lexis.dollar_quotes => return self.dollar_quoted(),
            _ if is_word(byte) => return self.word(),
            _ => {
                self.body.other(byte);
                self.token(1);
            }
        }
        Ok(())
    }

    /// The next `length` bytes belong to the statement.
    fn token(&mut self, length: usize) {
        self.start.get_or_insert(self.at);
        self.at += length;
        self.end = self.at;
    }

    fn finish(&mut self) {
        self.body = Body::new(self.lexis.bodies);
        if let Some(start) = self.start.take() {
            let line = self.line(start);
            self.counted = (start, line);
            self.statements.push(Statement {
                text: &self.text[start..self.end],
                line,
                number: u32::try_from(self.statements.len() + 1).unwrap_or(u32::MAX),
            });
        }
    }

    /// The line of a place at or behind the latest statement's beginning.
    fn line(&self, place: usize) -> u32 {
        let (from, line) = self.counted;
        let breaks = self.text.as_bytes()[from..place].iter();
        let more = breaks.filter(|&&byte| byte == b'\n').count();
        line.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
    }

    /// Between statements: a line that says what separates them from here on.
    fn delimiter_line(&mut self) -> Result<bool, SplitError> {
        const WORD: &str = "delimiter";
        let line = self.rest().lines().next().unwrap_or_default();
        let Some((word, rest)) = line.split_at_checked(WORD.len()) else {
            return Ok(false);
        };
        if !word.eq_ignore_ascii_case(WORD) || rest.starts_with(|next: char| !next.is_whitespace())
        {
            return Ok(false);
        }
        let given = rest.split_whitespace().next().unwrap_or_default();
        let unquoted = ['\'', '"', '`'].iter().find_map(|&quote| {
            let inner = given.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.is_empty()).then_some(inner)
        });
        let delimiter = unquoted.unwrap_or(given);
        if delimiter.is_empty() || delimiter.len() > LONGEST_DELIMITER || delimiter.contains('\\') {
            return Err(SplitError {
                line: self.line(self.at),
                what: format!(
                    "DELIMITER must be followed by what separates statements from there on, such as `//`, of at most \
                     {LONGEST_DELIMITER} bytes and without a backslash"
                ),
            });
        }
        self.delimiter = delimiter;
        self.at += line.len();
        Ok(true)
    }

    /// Whether the separator stands here. One of letters and digits only must be a word of its own.
    fn at_delimiter(&self, place: usize) -> bool {
        let bytes = self.text.as_bytes();
        let delimiter = self.delimiter.as_bytes();
        if !bytes[place..].starts_with(delimiter) {
            return false;
        }
        let is_letter = |byte: &u8| is_word(*byte) && *byte != b'$';
        let is_word_itself = delimiter.iter().all(is_letter);
        let before = place.checked_sub(1).map(|before| &bytes[before]);
        let after = bytes.get(place + delimiter.len());
        !(is_word_itself && (before.is_some_and(is_letter) || after.is_some_and(is_letter)))
    }

    fn word(&mut self) -> Result<(), SplitError> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while end < bytes.len() && is_word(bytes[end]) && !self.at_delimiter(end) {
            end += 1;
        }
        let word = &bytes[self.at..end];
        if let Ok(word) = std::str::from_utf8(word) {
            self.body.word(word);
        }
        let escapes = self.lexis.dollar_quotes && word.eq_ignore_ascii_case(b"e");
        self.token(end - self.at);
        if escapes && bytes.get(end) == Some(&b'\'') {
            return self.quoted(b'\'', true);
        }
        Ok(())
    }

    fn dashes(&self) -> bool {
        let Some(rest) = self.rest().strip_prefix("--") else {
            return false;
        };
        let next = rest.bytes().next();
        !self.lexis.dashes_need_blank || next.is_none_or(|it| is_blank(it) || it.is_ascii_control())
    }

    fn line_comment(&mut self) {
        let rest = self.rest();
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    fn block_comment(&mut self) -> Result<(), SplitError> {
        let is_conditional = self.rest().starts_with("/*!") || self.rest().starts_with("/*M!");
        if self.lexis.conditional_comments && is_conditional && self.conditional.is_none() {
            self.conditional = Some(self.at);
            self.token(3);
            return Ok(());
        }
        let mut depth = 1;
        let mut place = self.at + 2;
        while depth > 0 {
            let Some(found) = self.text[place..].find(['*', '/']) else {
                return Err(self.unclosed(self.at, "a comment `/*`", "`*/`"));
            };
            place += found;
            let rest = &self.text[place..];
            if rest.starts_with("*/") {
                depth -= 1;
                place += 2;
            } else if self.lexis.nested_comments && rest.starts_with("/*") {
                depth += 1;
                place += 2;
            } else {
                place += 1;
            }
        }
        self.at = place;
        Ok(())
    }

    fn quoted(&mut self, quote: u8, backslash_escapes: bool) -> Result<(), SplitError> {
        let bytes = self.text.as_bytes();
        let mut place = self.at + 1;
        loop {
            match bytes.get(place) {
                None => {
                    let shown = char::from(bytes[self.at]);
                    let (what, end) = (format!("a quote {shown}"), char::from(quote).to_string());
                    return Err(self.unclosed(self.at, &what, &end));
                }
                Some(b'\\') if backslash_escapes => place += 2,
                Some(&byte) if byte == quote && bytes.get(place + 1) == Some(&quote) => place += 2,
                Some(&byte) if byte == quote => break,
                Some(_) => place += 1,
            }
        }
        self.body.other(quote);
        self.token(place + 1 - self.at);
        Ok(())
    }

    fn dollar_quoted(&mut self) -> Result<(), SplitError> {
        let rest = self.rest();
        let tag = rest[1..].find('$').map(|end| &rest[..end + 2]);
        let Some(tag) = tag.filter(|tag| is_tag(&tag[1..tag.len() - 1])) else {
            // A parameter such as `$1`.
            self.body.other(b'$');
            self.token(1);
            return Ok(());
        };
        let Some(end) = rest[tag.len()..].find(tag) else {
            return Err(self.unclosed(self.at, &format!("a quote {tag}"), tag));
        };
        self.body.other(b'$');
        self.token(tag.len() + end + tag.len());
        Ok(())
    }

    fn unclosed(&self, place: usize, what: &str, end: &str) -> SplitError {
        SplitError {
            line: self.line(place),
            what: format!("{what} is opened and not closed; add {end} where it ends"),
        }
    }
}

/// Letters, digits, and everything that is not ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn is_tag(tag: &str) -> bool {
    !tag.starts_with(|first: char| first.is_ascii_digit())
        && tag.bytes().all(|byte| is_word(byte) && byte != b'$')
}

/// Servers take a vertical tab for a blank, too.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}
