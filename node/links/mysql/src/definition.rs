//! Columns as SHOW CREATE TABLE defines them.

/// The name and the definition of each column in the words of SHOW CREATE TABLE, without its comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// What stands between name and comment.
    before: String,
    /// What stands after the comment, or must: a CHECK.
    after: String,
}

impl Definition {
    /// All columns of a table; `sql` must have been made with an empty sql_mode.
    pub(crate) fn all(sql: &str) -> Vec<Self> {
        let Some(open) = sql.find("(\n") else {
            return Vec::new();
        };
        elements(&sql[open + 1..])
            .into_iter()
            .filter_map(|element| Self::parse(element.trim()))
            .collect()
    }

    fn parse(element: &str) -> Option<Self> {
        let rest = element.strip_prefix('`')?;
        let mut end = 0;
        while let Some(at) = rest[end..].find('`') {
            end += at;
            if !rest[end + 1..].starts_with('`') {
                break;
            }
            end += 2;
        }
        let name = rest.get(..end)?.replace("``", "`");
        let definition = rest.get(end + 1..)?.trim();
        let (comment, check) = marks(definition);
        let (before, after) = match (comment, check) {
            (Some((start, stop)), _) => (&definition[..start], &definition[stop..]),
            (None, Some(check)) => definition.split_at(check),
            (None, None) => (definition, ""),
        };
        Some(Self {
            name,
            before: before.trim().to_owned(),
            after: after.trim().to_owned(),
        })
    }

    /// The same column with another comment.
    pub(crate) fn modified(&self, comment: &str) -> String {
        format!(
            "MODIFY COLUMN {} {} COMMENT {} {}",
            crate::names::quote(&self.name),
            self.before,
            literal(comment),
            self.after
        )
        .trim_end()
        .to_owned()
    }
}

/// A text literal under an empty sql_mode. A comment takes no expression.
pub(crate) fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "''");
    format!("'{}'", text.replace('\0', "\\0"))
}

/// Walks over SQL and gives each byte that stands outside of quotes and comments, with the depth of parentheses.
fn outside(sql: &str, mut seen: impl FnMut(usize, u8, u32) -> bool) {
    let bytes = sql.as_bytes();
    let (mut at, mut depth) = (0, 0_u32);
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'\'' | b'"' | b'`' => {
                at += 1;
                while at < bytes.len() && bytes[at] != byte {
                    at += if bytes[at] == b'\\' && byte != b'`' {
                        2
                    } else {
                        1
                    };
                }
            }
            b'(' => depth += 1,
            b')' if depth == 0 => {
                seen(at, byte, 0);
                return;
            }
            b')' => depth -= 1,
            _ => {
                if !seen(at, byte, depth) {
                    return;
                }
            }
        }
        at += 1;
    }
}

/// What stands between the commas, up to the parenthesis that closes.
fn elements(body: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    outside(body, |at, byte, depth| {
        if depth == 0 && matches!(byte, b',' | b')') {
            found.push(&body[start..at]);
            start = at + 1;
        }
        true
    });
    found
}

/// Where the comment begins and ends with its text, and where a CHECK begins.
fn marks(definition: &str) -> (Option<(usize, usize)>, Option<usize>) {
    let (mut comment, mut check) = (None, None);
    let bytes = definition.as_bytes();
    outside(definition, |at, _, depth| {
        let begins = at == 0 || bytes[at - 1] == b' ';
        if depth == 0 && begins {
            let rest = &bytes[at..];
            if rest.starts_with(b"COMMENT '") && comment.is_none() {
                let text = at + "COMMENT '".len();
                comment = Some((at, text + closing(&bytes[text..])));
            } else if check.is_none()
                && (rest.starts_with(b"CHECK (") || rest.starts_with(b"CONSTRAINT `"))
            {
                check = Some(at);
            }
        }
        true
    });
    (comment, check)
}

/// How many bytes of a quoted text there are, with the quote that closes it.
fn closing(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'\'' if text.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_comment_of_a_definition_changes() {
        let sql = "CREATE TABLE `t` (\n  `a``,b` varchar(9) CHARACTER SET latin1 DEFAULT 'x, COMMENT ''y''' COMMENT 'it''s, \\'old\\'' CHECK (`a` <> 'COMMENT '),\n  `c` enum('(',')') NOT NULL,\n  `d` int(11) GENERATED ALWAYS AS (length('COMMENT ''z''')) VIRTUAL CHECK (`d` > 0),\n  PRIMARY KEY (`c`)\n) ENGINE=InnoDB COMMENT='t'";
        let all = Definition::all(sql);
        let new: Vec<String> = all
            .iter()
            .map(|column| column.modified("n'e\\w\n"))
            .collect();
        assert_eq!(
            new,
            [
                "MODIFY COLUMN `a``,b` varchar(9) CHARACTER SET latin1 DEFAULT 'x, COMMENT ''y''' COMMENT 'n''e\\\\w\n' CHECK (`a` <> 'COMMENT ')",
                "MODIFY COLUMN `c` enum('(',')') NOT NULL COMMENT 'n''e\\\\w\n'",
                "MODIFY COLUMN `d` int(11) GENERATED ALWAYS AS (length('COMMENT ''z''')) VIRTUAL COMMENT 'n''e\\\\w\n' CHECK (`d` > 0)",
            ]
        );
    }
}
