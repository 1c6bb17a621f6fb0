//! Names of tables as their users write them.

/// A table, perhaps of an attached database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

impl TableName {
    /// Understands `table` and `schema.table`, each part plain or quoted as SQLite knows it: `"a"`, `` `a` ``, `[a]`.
    pub(crate) fn parse(written: &str) -> Self {
        let mut parts = parts(written.trim());
        let table = parts.pop().unwrap_or_default();
        Self {
            schema: parts.pop(),
            table,
        }
    }

    /// `other` beside this table, quoted.
    pub(crate) fn beside(&self, other: &str) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(other)),
            None => quote(other),
        }
    }
}

/// One identifier, quoted.
pub(crate) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Text as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn parts(written: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = written.chars().peekable();
    let mut open = None;
    while let Some(character) = characters.next() {
        let part = parts.last_mut();
        match (open, character) {
            (Some(close), _) if character == close => {
                if close != ']' && characters.peek() == Some(&close) {
                    characters.next();
                    part.into_iter().for_each(|part| part.push(close));
                } else {
                    open = None;
                }
            }
            (None, '"' | '`') => open = Some(character),
            (None, '[') => open = Some(']'),
            (None, '.') => parts.push(String::new()),
            (None, ' ') => {}
            _ => part.into_iter().for_each(|part| part.push(character)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_as_sqlite_does() {
        let name = |schema: Option<&str>, table: &str| TableName {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
        };
        assert_eq!(TableName::parse("orders"), name(None, "orders"));
        assert_eq!(
            TableName::parse("main.orders"),
            name(Some("main"), "orders")
        );
        assert_eq!(TableName::parse("\"a.b\""), name(None, "a.b"));
        assert_eq!(TableName::parse("`x`.[y z]"), name(Some("x"), "y z"));
        assert_eq!(
            TableName::parse("\"say \"\"hi\"\"\""),
            name(None, "say \"hi\"")
        );
        assert_eq!(
            TableName::parse("main . \"订单\""),
            name(Some("main"), "订单")
        );
        assert_eq!(
            name(Some("main"), "t").beside("s\"1"),
            "\"main\".\"s\"\"1\""
        );
    }
}
