//! How a statement begins, for the log.

/// Characters of a statement that the log shows.
const SHOWN: usize = 80;

/// After these words a password may stand, in some databases without quotes.
const BEFORE_SECRETS: [&str; 3] = ["identified", "password", "credentials"];

/// The first words of a statement in one line, up to the first quoted value or what may be a secret: the log is read by more
/// people than the database.
pub(super) fn beginning(statement: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut whole = true;
    for word in statement.split_whitespace() {
        let hidden = word
            .find(['\'', '"', '$'])
            .or_else(|| after_secret_word(word));
        let word = &word[..hidden.unwrap_or(word.len())];
        let gap = usize::from(!shown.is_empty() && !word.is_empty());
        let room = SHOWN.saturating_sub(length + gap);
        let fitting: String = word.chars().take(room).collect();
        if gap == 1 && !fitting.is_empty() {
            shown.push(' ');
            length += 1;
        }
        length += fitting.chars().count();
        shown.push_str(&fitting);
        let is_cut = fitting.len() < word.len();
        if hidden.is_some() || is_cut {
            whole = false;
            break;
        }
    }
    if !whole {
        shown.push_str(if shown.is_empty() { "…" } else { " …" });
    }
    shown
}

/// Where a word ends that says that a secret follows.
fn after_secret_word(word: &str) -> Option<usize> {
    let lower = word.to_ascii_lowercase();
    let ends = BEFORE_SECRETS.iter().filter_map(|secret| {
        let start = lower.find(secret)?;
        Some(start + secret.len())
    });
    ends.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_statement_is_shown_in_one_line() {
        assert_eq!(
            beginning("SELECT *\n  FROM `t`\twhere a = 1"),
            "SELECT * FROM `t` where a = 1"
        );
    }

    #[test]
    fn nothing_quoted_and_no_password_is_shown() {
        for (statement, expected) in [
            (
                "DELETE FROM t WHERE day = '2026-01-01' AND b",
                "DELETE FROM t WHERE day = …",
            ),
            ("SET PASSWORD FOR x = tiger", "SET PASSWORD …"),
            (
                "create user x identified by tiger",
                "create user x identified …",
            ),
            ("ALTER USER x (password=tiger)", "ALTER USER x (password …"),
            ("DO $$ BEGIN END $$", "DO …"),
            ("'a'", "…"),
        ] {
            assert_eq!(beginning(statement), expected, "{statement}");
        }
    }

    #[test]
    fn a_long_statement_is_cut() {
        let shown = beginning(&"SELECT 订单_编号, ".repeat(100));
        assert!(shown.ends_with('…'), "{shown}");
        assert!(shown.chars().count() <= SHOWN + 2, "{shown}");
    }
}
