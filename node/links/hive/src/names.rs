//! Names and texts, as people write them and as the servers take them.

use peerflow_rows::{Error, Trouble};

/// A table as its user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    /// The database, with its catalog before it where one is named.
    pub(crate) before: Vec<String>,
    pub(crate) table: String,
}

impl TableName {
    /// Understands `table` and `database.table`, each part in backticks or not.
    pub(crate) fn parse(written: &str) -> Result<Self, Error> {
        let mut parts = vec![String::new()];
        let mut is_quoted = false;
        let mut characters = written.trim().chars().peekable();
        while let Some(character) = characters.next() {
            let Some(part) = parts.last_mut() else { break };
            match character {
                '`' if is_quoted && characters.next_if_eq(&'`').is_some() => part.push('`'),
                '`' => is_quoted = !is_quoted,
                '.' if !is_quoted => parts.push(String::new()),
                _ if is_quoted => part.push(character),
                _ if character.is_whitespace() => {}
                _ => part.push(character),
            }
        }
        match parts.pop() {
            Some(table)
                if !is_quoted
                    && !table.is_empty()
                    && parts.len() < 3
                    && parts.iter().all(|part| !part.is_empty()) =>
            {
                Ok(Self {
                    before: parts,
                    table,
                })
            }
            _ => Err(Error::new(
                Trouble::Refused,
                format!("{written:?} is no name of a table; write table or database.table"),
            )),
        }
    }

    pub(crate) fn quoted(&self) -> String {
        let mut quoted = self.database();
        if !quoted.is_empty() {
            quoted.push('.');
        }
        quoted.push_str(&quote(&self.table));
        quoted
    }

    /// What stands before the table's name, quoted.
    pub(crate) fn database(&self) -> String {
        let parts: Vec<_> = self.before.iter().map(|part| quote(part)).collect();
        parts.join(".")
    }
}

/// An identifier in quotes.
pub(crate) fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// A text in quotes. Hive and Spark put the values of variables even into texts, unless `$` is written otherwise.
pub(crate) fn text(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len() + 2);
    write_text(value, true, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a text in quotes; `has_variables` where the server knows `${…}`.
pub(crate) fn write_text(value: &str, has_variables: bool, out: &mut Vec<u8>) {
    let bytes = value.as_bytes();
    out.push(b'\'');
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'\'' => b"\\'",
            b'\\' => b"\\\\",
            0 => b"\\0",
            b'$' if has_variables && bytes.get(at + 1) == Some(&b'{') => b"\\u0024",
            _ => continue,
        };
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(escaped);
        from = at + 1;
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_understood_with_its_database() {
        for (written, quoted) in [
            ("orders", "`orders`"),
            ("shop.orders", "`shop`.`orders`"),
            ("`a.b` . `c``d`", "`a.b`.`c``d`"),
            ("spark_catalog.shop.订单", "`spark_catalog`.`shop`.`订单`"),
        ] {
            assert_eq!(TableName::parse(written).unwrap().quoted(), quoted);
        }
        for wrong in ["", "a.", ".a", "`a", "a.b.c.d"] {
            assert!(TableName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_in_a_text_is_read_as_sql_or_as_a_variable() {
        assert_eq!(text("it's \\ ${x} $y"), "'it\\'s \\\\ \\u0024{x} $y'");
    }
}
