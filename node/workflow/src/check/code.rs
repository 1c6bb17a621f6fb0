//! Programs inside XML: indentation, and here-documents that it breaks.

use std::collections::HashMap;

use crate::check::{Checker, within};
use crate::place::Span;

/// `code` without leading blank lines, common indentation and blanks at its end.
pub(super) fn dedent(code: &str) -> String {
    let lines = || code.lines().skip_while(|line| line.trim().is_empty());
    let indentation = common_indentation(code);
    let mut out = String::with_capacity(code.len());
    for line in lines() {
        if !out.is_empty() {
            out.push('\n');
        }
        // Only a blank line can lack the indentation.
        out.push_str(line.strip_prefix(indentation).unwrap_or(""));
    }
    out.truncate(out.trim_end().len());
    out
}

/// What every line that is not blank begins with.
fn common_indentation(code: &str) -> &str {
    let mut common: Option<&str> = None;
    for line in code.lines().filter(|line| !line.trim().is_empty()) {
        let own = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        common = Some(match common {
            None => own,
            Some(common) => {
                let same = common
                    .bytes()
                    .zip(own.bytes())
                    .take_while(|(left, right)| left == right)
                    .count();
                &common[..same]
            }
        });
    }
    common.unwrap_or("")
}

/// Warns of each here-document whose end mark is still indented when the common indentation is gone: the shell
/// would read on to the end of the script.
pub(super) fn check_here_documents(checker: &mut Checker<'_, '_>, code: &str, span: Span) {
    if !code.contains("<<") || !is_shell(code) {
        return;
    }
    let indentation = common_indentation(code);
    // From the last line to the first, so that what follows a line is known without reading it again.
    let mut following: HashMap<&str, EndMark<'_>> = HashMap::new();
    for line in code.lines().rev() {
        for opened in here_documents(line) {
            let Some(mark) = following.get(opened.word) else {
                continue;
            };
            if mark.at_left_edge || (opened.strips_tabs && mark.behind_tabs) {
                continue;
            }
            let word = opened.word;
            let message = format!(
                "the end mark {word} of a here-document is indented, so the shell does not see it"
            );
            let help = format!(
                "put {word} at the left edge of the code, or write <<-{word} and indent with tabs"
            );
            checker
                .reporter
                .warning(within(code, mark.nearest, span), message, help);
        }
        let rest = line.strip_prefix(indentation).unwrap_or(line);
        let word = line.trim();
        let mark = following.entry(word).or_insert(EndMark {
            nearest: word,
            at_left_edge: false,
            behind_tabs: false,
        });
        mark.nearest = word;
        mark.at_left_edge |= rest == word;
        mark.behind_tabs |= rest.trim_start_matches('\t') == word;
    }
}

/// Lines further down that hold one word and nothing else.
struct EndMark<'c> {
    nearest: &'c str,
    at_left_edge: bool,
    behind_tabs: bool,
}

/// Whether bash or another shell runs it: the first line chooses.
fn is_shell(code: &str) -> bool {
    let first = code
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .trim_start();
    first.strip_prefix("#!").is_none_or(|interpreter| {
        let program = interpreter
            .split_whitespace()
            .find(|word| !word.ends_with("/env"))
            .unwrap_or("");
        program.rsplit('/').next().unwrap_or("").ends_with("sh")
    })
}

struct HereDocument<'c> {
    word: &'c str,
    /// `<<-` lets tabs stand before the end mark.
    strips_tabs: bool,
}

/// The here-documents that a line opens.
fn here_documents(line: &str) -> Vec<HereDocument<'_>> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("<<") {
        let tail = &rest[at + 2..];
        if let Some(here_string) = tail.strip_prefix('<') {
            rest = here_string;
            continue;
        }
        let (tail, strips_tabs) = tail
            .strip_prefix('-')
            .map_or((tail, false), |tail| (tail, true));
        let tail = tail.trim_start_matches([' ', '\t']);
        let quoted = tail.starts_with(['\'', '"', '\\']);
        let word = if quoted { &tail[1..] } else { tail };
        let length =
            word.find(|character: char| !(character.is_alphanumeric() || character == '_'));
        let (word, after) = word.split_at(length.unwrap_or(word.len()));
        // 1 << 2 is arithmetic.
        if !word.is_empty() && !word.starts_with(|first: char| first.is_ascii_digit()) {
            found.push(HereDocument { word, strips_tabs });
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_indentation_goes_and_relative_indentation_stays() {
        assert_eq!(
            dedent("\n\n    if x:\n        print(1)\n\n    print(2)\n  "),
            "if x:\n    print(1)\n\nprint(2)"
        );
        assert_eq!(dedent("echo a"), "echo a");
        assert_eq!(dedent("\n\t\techo a\n\t echo b"), "\techo a\n echo b");
        assert_eq!(dedent("if True:\n    print(1)"), "if True:\n    print(1)");
        assert_eq!(dedent(" \n \n"), "");
    }

    #[test]
    fn a_line_names_its_here_documents() {
        let words = |line| {
            here_documents(line)
                .iter()
                .map(|mark| mark.word.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(words("cat <<EOF > a && cat << 'END'"), ["EOF", "END"]);
        assert_eq!(words("cat <<-\"X_1\""), ["X_1"]);
        assert!(words("cat <<< EOF; echo $((1 << 2))").is_empty());
    }
}
