//! The texts of SQL of a transfer: its `pre`, its `after`, and what its source is.

use peerflow_rows::Dialect;
use peerflow_rows::statements::split;

use crate::attempt::Unsuccessful;

/// A statement of `pre` or `after`, with its place for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) text: String,
    /// `statement 2 of <pre> (line 3)`
    pub(super) place: String,
}

/// The statements of `<pre>` or `<after>`.
pub(super) fn steps(
    name: &str,
    text: &str,
    dialect: &dyn Dialect,
) -> Result<Vec<Step>, Unsuccessful> {
    let statements = split(text, dialect.lexis()).map_err(|error| {
        Unsuccessful::failed(format!(
            "the statements of <{name}> cannot be told apart: {error}"
        ))
    })?;
    let step = |statement: &peerflow_rows::statements::Statement<'_>| Step {
        text: statement.text.to_owned(),
        place: format!(
            "statement {} of <{name}> (line {})",
            statement.number, statement.line
        ),
    };
    Ok(statements.iter().map(step).collect())
}

/// The query that a table's name or a query means.
pub(super) fn query(table_or_query: &str, dialect: &dyn Dialect) -> Result<String, Unsuccessful> {
    let statements = split(table_or_query, dialect.lexis()).map_err(|error| {
        Unsuccessful::failed(format!("the source's query cannot be read: {error}"))
    })?;
    let [statement] = statements[..] else {
        return Err(Unsuccessful::failed(format!(
            "the source must be one table or one query, but has {} statements; what is to be done before goes into a `sql` step",
            statements.len()
        )));
    };
    Ok(if is_table_name(statement.text) {
        dialect.select_all(statement.text)
    } else {
        statement.text.to_owned()
    })
}

/// Whether a text is a table's name: words or quoted words with points between.
fn is_table_name(text: &str) -> bool {
    let mut rest = text;
    loop {
        let quoted = [('"', '"'), ('`', '`'), ('[', ']')]
            .iter()
            .find_map(|&(open, close)| {
                let inner = rest.strip_prefix(open)?;
                let end = inner.find(close)?;
                (end > 0).then(|| &inner[end + close.len_utf8()..])
            });
        let after = match quoted {
            Some(after) => after,
            None => {
                let word = |it: char| it.is_alphanumeric() || "_$#@-".contains(it);
                let after = rest.trim_start_matches(word);
                if after.len() == rest.len() {
                    return false;
                }
                after
            }
        };
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return after.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_told_from_a_query() {
        for name in [
            "orders",
            "数据.订单",
            "`a b`.\"c\"",
            "[x].y$1",
            "default.t-1",
        ] {
            assert!(is_table_name(name), "{name}");
        }
        for query in [
            "SELECT 1",
            "select(1)",
            "SELECT`a`FROM`t`",
            "a.",
            "",
            "\"a",
            "a b",
            "VALUES(1)",
        ] {
            assert!(!is_table_name(query), "{query}");
        }
    }
}
