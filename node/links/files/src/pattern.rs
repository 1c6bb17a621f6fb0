//! Names with `*` and `?`, and the files that fit.

use crate::{Entry, Error, FileSystem, Trouble};

/// The files in `directory/pattern` that fit, in the order of their names. `*` and `?` stand in the last part only; without
/// a `/` the directory is `.`, where the user begins.
///
/// # Errors
/// When `path` names a directory, or has a pattern for one, and when the directory cannot be listed.
pub async fn list_fitting(files: &dyn FileSystem, path: &str) -> Result<Vec<Entry>, Error> {
    let (directory, pattern) = split(path)?;
    let mut found = files.list(directory).await?;
    found.retain(|entry| fits(pattern, &entry.name));
    Ok(found)
}

/// Directory and name pattern of `path`.
///
/// # Errors
/// When `path` names a directory, or has a pattern for one.
pub fn split(path: &str) -> Result<(&str, &str), Error> {
    let (directory, pattern) = match path.rsplit_once('/') {
        Some(("", pattern)) => ("/", pattern),
        Some((directory, pattern)) => (directory, pattern),
        None => (".", path),
    };
    if directory.contains(['*', '?']) {
        return Err(Error::advising(
            Trouble::Settings,
            format!(
                "`{path}`: `*` and `?` are understood in the last part only; name the directory"
            ),
        ));
    }
    if pattern.is_empty() {
        return Err(Error::advising(
            Trouble::Settings,
            format!("`{path}` names a directory; add a pattern such as `*`"),
        ));
    }
    Ok((directory, pattern))
}

/// Whether `name` fits `pattern`: `*` is any run of characters, `?` is one. As in a shell, a name that begins with a dot
/// fits only a pattern that does too, so half-written temporary files are not counted.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Where to go on after a mismatch: behind the last star, which then takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            Some(&expected) if expected == '?' || expected == name[seen] => {
                at += 1;
                seen += 1;
            }
            Some(_) | None => match retry {
                Some((behind, taken)) => {
                    retry = Some((behind, taken + 1));
                    at = behind;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        let fitting = [
            ("*", "a"),
            ("*.csv", "a.csv"),
            ("a?c", "a数c"),
            ("*a*b", "xaxbxb"),
            ("订单_*", "订单_1"),
            ("a[1]", "a[1]"),
            ("**", ""),
            (".*", ".x"),
        ];
        for (pattern, name) in fitting {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        let others = [
            ("*", ".a"),
            ("*.csv", "a.csv.tmp"),
            ("?", ""),
            ("a?", "a"),
            ("*a*b", "xaxbx"),
            ("", "a"),
        ];
        for (pattern, name) in others {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        let long = "a".repeat(200);
        assert!(!fits(&"*a".repeat(50), &format!("{long}b")));
    }

    #[test]
    fn only_the_last_part_is_a_pattern() {
        assert_eq!(split("/data/in/*.csv").unwrap(), ("/data/in", "*.csv"));
        assert_eq!(split("/a?").unwrap(), ("/", "a?"));
        assert_eq!(split("a*").unwrap(), (".", "a*"));
        let refused = split("/data/*/a").unwrap_err();
        assert!(refused.message.contains("last part only"));
        let refused = split("/data/").unwrap_err();
        assert!(refused.message.contains("names a directory"));
    }
}
