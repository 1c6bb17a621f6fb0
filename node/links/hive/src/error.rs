//! What a server says when it refuses something, made readable.

use peerflow_rows::{Error, Trouble};

/// Characters of a server's words at most; those of Spark may hold whole plans.
const WORDS: usize = 2000;

/// Hive's code of a table that is not there.
const HIVE_NO_TABLE: i32 = 10001;

/// The status that comes with every answer, or that of a statement which failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) state: String,
    pub(crate) code: i32,
    pub(crate) words: String,
}

impl Failure {
    /// Whether it says that a table or view is not there.
    pub(crate) fn is_missing_table(&self) -> bool {
        let words = self.words.to_ascii_lowercase();
        self.code == HIVE_NO_TABLE
            || matches!(self.state.as_str(), "42S02" | "42P01")
            || words.contains("table_or_view_not_found")
            || words.contains("table not found")
            || words.contains("could not resolve path")
            || words.contains("table does not exist")
    }

    pub(crate) fn error(&self) -> Error {
        let mut words = readable(&self.words);
        // The last cause is the first that happened; what stands over it may say no more than that something did.
        if let Some((_, cause)) = self.words.rsplit_once("\nCaused by: ") {
            let cause = readable(cause);
            if !words.contains(&cause) {
                words = format!("{words}: {cause}");
            }
        }
        if words.is_empty() {
            "the server says no more than that it failed".clone_into(&mut words);
        }
        if !self.state.is_empty() && !words.contains(&self.state) {
            words.push_str(&format!(" (SQLSTATE {})", self.state));
        }
        Error::new(self.trouble(), words)
    }

    fn trouble(&self) -> Trouble {
        match self.state.get(..2) {
            Some("08") => Trouble::Lost,
            Some("28") => Trouble::AccessDenied,
            Some("22" | "23") => Trouble::BadValue,
            _ if self.state == "HY008" || self.words.contains("cancelled by user") => {
                Trouble::Cancelled
            }
            _ if self.state == "42501" || self.words.contains("Permission denied") => {
                Trouble::AccessDenied
            }
            _ => Trouble::Refused,
        }
    }
}

/// Without the names of Java's classes and the trace of where in them it happened.
fn readable(words: &str) -> String {
    let end = words
        .find("\n\tat ")
        .or_else(|| words.find("\n== SQL"))
        .or_else(|| words.find("\n'"))
        .unwrap_or(words.len());
    let mut rest = words[..end].trim();
    while let Some((class, behind)) = rest.split_once(": ")
        && class.contains('.')
        && class
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '$' | '_'))
    {
        rest = behind.trim_start();
    }
    rest = rest
        .strip_prefix("Error running query: ")
        .unwrap_or(rest)
        .trim();
    if rest != words
        && rest
            .split_once(": ")
            .is_some_and(|(c, _)| c.ends_with("Exception"))
    {
        return readable(rest);
    }
    match rest.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{} …", &rest[..end]),
        None => rest.to_owned(),
    }
}

/// The server ended the connection, or it broke.
pub(crate) fn lost(place: &str, why: impl std::fmt::Display) -> Error {
    Error::new(
        Trouble::Lost,
        format!("the connection to {place} was lost: {why}"),
    )
}

/// An answer that is none of HiveServer2.
pub(crate) fn senseless(place: &str, call: &str, error: &thrift::Error) -> Error {
    match error {
        thrift::Error::Application(told) => Error::new(
            Trouble::Unsupported,
            format!("{place} does not do {call}: {}", told.message),
        ),
        thrift::Error::Protocol(wrong) => not_understood(place, call, &wrong.message),
        other => not_understood(place, call, &other.to_string()),
    }
}

fn not_understood(place: &str, call: &str, why: &str) -> Error {
    Error::new(
        Trouble::Lost,
        format!("the answer of {place} to {call} is not understood: {why}"),
    )
}

pub(crate) fn cancelled() -> Error {
    Error::new(Trouble::Cancelled, "the statement was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_without_the_trace_of_java() {
        let failure = Failure {
            state: "42P01".to_owned(),
            code: 0,
            words: "org.apache.hive.service.cli.HiveSQLException: Error running query: [TABLE_OR_VIEW_NOT_FOUND] \
                    org.apache.spark.sql.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table `x` cannot be found.\n\
                    Verify it; line 1 pos 14;\n'Project [*]\n+- 'UnresolvedRelation [x]\n\n\tat org.apache.Foo(Foo.scala:1)"
                .to_owned(),
        };
        assert!(failure.is_missing_table());
        let error = failure.error();
        assert_eq!(error.trouble, Trouble::Refused);
        assert!(error.message.contains("The table `x` cannot be found"));
        assert!(!error.message.contains("\tat") && !error.message.contains("UnresolvedRelation"));
        assert!(!error.message.contains("HiveSQLException"), "{error}");
    }

    #[test]
    fn the_first_cause_is_told() {
        let failure = Failure {
            words: "org.a.HiveSQLException: Error running query: org.a.SparkException: Job aborted.\n\tat org.a.B(B.scala:1)\n\
                    Caused by: org.a.SparkException: Task failed.\n\tat org.a.C(C.scala:1)\n\t... 3 more\n\
                    Caused by: org.a.UpgradeException: dates before 1582\n\tat org.a.D(D.scala:1)"
                .to_owned(),
            ..Failure::default()
        };
        assert_eq!(failure.error().message, "Job aborted.: dates before 1582");
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let failure = Failure {
            words: "错".repeat(5000),
            ..Failure::default()
        };
        assert!(failure.error().message.chars().count() < WORDS + 10);
    }
}
