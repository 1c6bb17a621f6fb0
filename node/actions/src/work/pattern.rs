//! Names with `*` and `?`.

/// Whether `name` fits `pattern`: `*` is any run of characters, `?` is one. As in a shell, a name that begins with a dot
/// fits only a pattern that does too, so half-written temporary files are not counted.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
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
    fn stars_and_question_marks() {
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
}
