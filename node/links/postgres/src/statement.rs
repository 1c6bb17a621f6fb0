//! As much of the server's grammar as it takes to find where a statement begins and ends.

use peerflow_rows::{Error, Trouble};

/// The first word of a statement in capitals, whatever comments and parentheses stand before it.
pub(crate) fn first_word(sql: &str) -> String {
    let bytes = sql.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let after = token(bytes, at);
        match bytes[at] {
            b'-' | b'/' if after > at + 1 => {}
            b'(' | b' ' | b'\t' | b'\r' | b'\n' | 0x0c => {}
            _ => break,
        }
        at = after;
    }
    let word = bytes[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic());
    word.map(|byte| char::from(byte.to_ascii_uppercase()))
        .collect()
}

/// A query without the semicolon that may end it and what follows.
///
/// # Errors
/// When another statement follows.
pub(crate) fn single(sql: &str) -> Result<&str, Error> {
    let bytes = sql.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b';' {
        at = token(bytes, at);
    }
    let query = &sql[..at.min(sql.len())];
    while at < bytes.len() {
        let after = token(bytes, at);
        let nothing = matches!(bytes[at], b';' | b' ' | b'\t' | b'\r' | b'\n')
            || (matches!(bytes[at], b'-' | b'/') && after > at + 1);
        if !nothing {
            return Err(Error::new(
                Trouble::Refused,
                "a source's query is one statement; here another follows its semicolon",
            ));
        }
        at = after;
    }
    Ok(query)
}

/// Where the string, quoted name, comment or single byte that begins at `at` ends.
fn token(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let length = match rest[0] {
        b'\'' => 1 + quoted(&rest[1..], b'\'', has_escapes(&bytes[..at])),
        b'"' => 1 + quoted(&rest[1..], b'"', false),
        b'-' if rest.starts_with(b"--") => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        b'/' if rest.starts_with(b"/*") => comment(rest),
        b'$' if !bytes[..at].last().is_some_and(|&byte| in_name(byte)) => dollar(rest),
        _ => 1,
    };
    at + length.min(rest.len())
}

/// Bytes up to and with the closing quote. A doubled quote ends one string and begins the next, which is as good here.
fn quoted(inside: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 0;
    while at < inside.len() {
        match inside[at] {
            b'\\' if escapes => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    inside.len()
}

/// Whether a string that follows is `E'…'`.
fn has_escapes(before: &[u8]) -> bool {
    match before {
        [.., previous, b'e' | b'E'] => !in_name(*previous),
        [b'e' | b'E'] => true,
        _ => false,
    }
}

/// Comments nest.
fn comment(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// `$tag$ … $tag$`, or one byte when it is none, as in `$1`.
fn dollar(rest: &[u8]) -> usize {
    let Some(end) = memchr::memchr(b'$', &rest[1..]) else {
        return 1;
    };
    let tag = &rest[..end + 2];
    let name = &tag[1..tag.len() - 1];
    if !name.iter().all(|&byte| in_name(byte)) || name.first().is_some_and(u8::is_ascii_digit) {
        return 1;
    }
    memchr::memmem::find(&rest[tag.len()..], tag).map_or(rest.len(), |found| tag.len() * 2 + found)
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_semicolon_that_ends_a_query_goes_and_others_stay() {
        for (whole, query) in [
            ("select 1", "select 1"),
            ("select 1; -- done; really\n /* ; */ ;", "select 1"),
            (
                "select ';', E'\\';', \";\", $$;$$, $a$;$$;$a$;",
                "select ';', E'\\';', \";\", $$;$$, $a$;$$;$a$",
            ),
            (
                "select 1 /* a; /* b; */ c; */",
                "select 1 /* a; /* b; */ c; */",
            ),
            (
                "select 'it''s;' -- ;\n, name$x$;",
                "select 'it''s;' -- ;\n, name$x$",
            ),
        ] {
            assert_eq!(single(whole).unwrap(), query);
        }
        assert!(single("select 1; drop table t").is_err());
        assert!(single("select $1;$2").is_err(), "parameters are no quotes");
    }

    #[test]
    fn the_first_word_is_found_behind_comments() {
        assert_eq!(first_word("-- all\n/* of */ ((select 1))"), "SELECT");
        assert_eq!(first_word("  with x as (select 1) table x"), "WITH");
        assert_eq!(first_word("-5"), "");
        assert_eq!(first_word(""), "");
    }
}
