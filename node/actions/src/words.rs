//! Words of a command line, as a shell tells them apart.

/// A quote that is opened and not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {0} is opened and not closed; close it, or write \\{0} for the character itself")]
pub(crate) struct OpenQuote(char);

/// Splits a line into words at blanks and line ends outside quotes. Single quotes keep all, double quotes let a backslash
/// protect `"`, `\`, `$`, `` ` `` and a line end, a backslash outside protects any character. Nothing is expanded.
pub(crate) fn split(line: &str) -> Result<Vec<String>, OpenQuote> {
    let mut words = Vec::new();
    // `None` between words: an empty pair of quotes is a word too.
    let mut word: Option<String> = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        Some('\'') => break,
                        Some(other) => word.push(other),
                        None => return Err(OpenQuote('\'')),
                    }
                }
            }
            '"' => quoted(&mut characters, word.get_or_insert_default())?,
            '\\' => match characters.next() {
                Some('\n') => {}
                Some(other) => word.get_or_insert_default().push(other),
                None => word.get_or_insert_default().push('\\'),
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    word: &mut String,
) -> Result<(), OpenQuote> {
    loop {
        match characters.next() {
            Some('"') => return Ok(()),
            Some('\\') => match characters.next_if(|next| "\"\\$`\n".contains(*next)) {
                Some('\n') => {}
                Some(protected) => word.push(protected),
                None => word.push('\\'),
            },
            Some(other) => word.push(other),
            None => return Err(OpenQuote('"')),
        }
    }
}

/// `word` such that a shell reads it as one word, unchanged.
pub(crate) fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_as_a_shell_does() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("  a  b\tc\n d ", &["a", "b", "c", "d"]),
            ("'a b' \"c d\"", &["a b", "c d"]),
            ("a'b 'c\" d\"e", &["ab c de"]),
            ("'' \"\"", &["", ""]),
            (r#""a\"b\\c\d\$e""#, &[r#"a"b\c\d$e"#]),
            (r"'a\b' c\ d \'", &[r"a\b", "c d", "'"]),
            ("数据 '中 文'", &["数据", "中 文"]),
            ("$HOME ${x} `y` *", &["$HOME", "${x}", "`y`", "*"]),
        ];
        for (line, expected) in cases {
            assert_eq!(
                split(line).as_deref(),
                Ok(&expected.map_to_owned()[..]),
                "{line}"
            );
        }
    }

    trait MapToOwned {
        fn map_to_owned(&self) -> Vec<String>;
    }

    impl MapToOwned for &[&str] {
        fn map_to_owned(&self) -> Vec<String> {
            self.iter().map(|&it| it.to_owned()).collect()
        }
    }

    #[test]
    fn an_open_quote_is_an_error_that_names_it() {
        assert_eq!(split("a 'b"), Err(OpenQuote('\'')));
        assert_eq!(split("a \"b\\\""), Err(OpenQuote('"')));
    }

    #[test]
    fn what_is_quoted_splits_into_itself() {
        for word in [
            "",
            "a",
            "a b",
            "it's",
            "\"$x\" `y`\n\\",
            "数据",
            "/tmp/a-b.sh",
        ] {
            assert_eq!(split(&quote(word)), Ok(vec![word.to_owned()]), "{word}");
        }
    }
}
