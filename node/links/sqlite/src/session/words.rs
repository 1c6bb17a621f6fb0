//! What a statement does, by its words.

/// Whether the number of rows that SQLite says it changed belongs to this statement: it is that of the last one that did.
pub(super) fn changes_rows(statement: &str) -> bool {
    let word = first_word(statement);
    ["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"]
        .iter()
        .any(|changing| word.eq_ignore_ascii_case(changing))
}

/// Whether running it twice does nothing: a query, and none that gives back what it changes.
pub(crate) fn only_reads(statement: &str) -> bool {
    let word = first_word(statement);
    ["SELECT", "VALUES", "WITH"]
        .iter()
        .any(|reading| word.eq_ignore_ascii_case(reading))
        && !statement.to_ascii_uppercase().contains("RETURNING")
}

/// The first word after blanks and comments.
fn first_word(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            break;
        };
        rest = after.trim_start();
    }
    let end = rest
        .find(|character: char| !character.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_stands_behind_all_comments() {
        assert_eq!(first_word(" -- all\n/* of\nit */ select 1"), "select");
        assert_eq!(first_word("insert"), "insert");
        assert_eq!(first_word("-- nothing"), "");
        assert!(changes_rows("/**/Update t set a = 1"));
        assert!(!changes_rows("create table t (a)"));
        assert!(!only_reads(
            "with x as (select 1) insert into t select * from x returning a"
        ));
    }
}
