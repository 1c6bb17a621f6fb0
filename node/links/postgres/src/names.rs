//! Names of tables, as people write them and as the server takes them.

/// What the server keeps of a name, in bytes.
const NAME_BYTES: usize = 63;

/// A table as its user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

impl Name {
    /// Understands `table`, `schema.table` and `database.schema.table`, each part quoted or not: without quotes, capitals
    /// are small letters.
    pub(crate) fn parse(written: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        let mut characters = written.trim().chars().peekable();
        while let Some(character) = characters.next() {
            let Some(part) = parts.last_mut() else { break };
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    part.push('"');
                }
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                _ if quoted => part.push(character),
                _ if character.is_whitespace() => {}
                _ => part.push(character.to_ascii_lowercase()),
            }
        }
        let table = parts.pop().unwrap_or_default();
        Self {
            schema: parts.pop(),
            table,
        }
    }
}

/// An identifier in quotes.
pub(crate) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A string in quotes, whatever `standard_conforming_strings` says.
pub(crate) fn literal(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// As much of a name as the server keeps, whole characters.
pub(crate) fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_understood_as_the_server_does() {
        for (written, schema, table) in [
            ("Orders", None, "orders"),
            ("\"Orders\"", None, "Orders"),
            ("Shop . \"a.\"\"b\"", Some("shop"), "a.\"b"),
            ("db.public.订单", Some("public"), "订单"),
        ] {
            let name = Name::parse(written);
            assert_eq!(
                (name.schema.as_deref(), name.table.as_str()),
                (schema, table),
                "{written}"
            );
        }
    }

    #[test]
    fn names_are_cut_between_characters() {
        let long = format!("ab{}", "订".repeat(30));
        assert_eq!(cut(&long).len(), 62);
        assert_eq!(cut("short"), "short");
    }
}
