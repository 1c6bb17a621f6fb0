//! Names of tables as their users write them.

use peerflow_rows::{Error, Trouble};

/// `table` or `schema.table`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    /// Absent: that of the connection.
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

impl TableName {
    /// Takes a name apart; each part may be quoted by backticks or double quotes.
    pub(crate) fn parse(written: &str) -> Result<Self, Error> {
        let refused = |why: &str| {
            let message = format!(
                "`{written}` is no name of a table: {why}; write table or schema.table, in backticks where a name has dots or blanks"
            );
            Err(Error::new(Trouble::Refused, message))
        };
        let mut parts = Vec::new();
        let mut rest = written.trim();
        loop {
            let Some((part, after)) = part(rest) else {
                return refused("a part is empty or a quote is not closed");
            };
            parts.push(part);
            let after = after.trim_start();
            if after.is_empty() {
                break;
            }
            let Some(next) = after.strip_prefix('.') else {
                return refused("something stands after it");
            };
            rest = next.trim_start();
        }
        let Some(table) = parts.pop() else {
            return refused("it is empty");
        };
        let schema = parts.pop();
        if parts.is_empty() {
            Ok(Self { schema, table })
        } else {
            refused("it has more than two parts")
        }
    }

    /// Quoted, as it stands in a statement.
    pub(crate) fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&self.table)),
            None => quote(&self.table),
        }
    }

    /// The schema as an expression.
    pub(crate) fn schema_expression(&self) -> String {
        self.schema
            .as_deref()
            .map_or_else(|| "DATABASE()".to_owned(), text)
    }
}

/// The first part of a name, and what follows it.
fn part(rest: &str) -> Option<(String, &str)> {
    let first = rest.chars().next()?;
    if first != '`' && first != '"' {
        let end = rest
            .find(|c: char| c == '.' || c == '`' || c == '"' || c.is_whitespace())
            .unwrap_or(rest.len());
        return (end > 0).then(|| (rest[..end].to_owned(), &rest[end..]));
    }
    let mut name = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != first {
            name.push(c);
        } else if characters.next_if(|(_, next)| *next == first).is_some() {
            name.push(first);
        } else {
            return (!name.is_empty()).then(|| (name, &rest[at + 1..]));
        }
    }
    None
}

/// An identifier in backticks.
pub(crate) fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// A text literal that means the same whatever sql_mode says of backslashes.
pub(crate) fn text(value: &str) -> String {
    if value.contains('\\') {
        format!("CONVERT(X'{}' USING utf8mb4)", hex(value.as_bytes()))
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    write_hex(bytes, &mut digits);
    digits.into_iter().map(char::from).collect()
}

/// Appends two digits for each byte.
pub(crate) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|byte| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_with_and_without_quotes() {
        for (written, quoted) in [
            ("t", "`t`"),
            (" dw . 订单 ", "`dw`.`订单`"),
            ("`a.b`.`c``d`", "`a.b`.`c``d`"),
            ("\"a b\".c", "`a b`.`c`"),
        ] {
            assert_eq!(TableName::parse(written).unwrap().quoted(), quoted);
        }
        for written in ["", "a.b.c", "`a", "a b", "a.", "``", "a; drop table b"] {
            TableName::parse(written).unwrap_err();
        }
    }

    #[test]
    fn literals_hold_quotes_and_backslashes() {
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text("a\\"), "CONVERT(X'615c' USING utf8mb4)");
    }
}
