//! Answers kept under an `Idempotency-Key`, as text in the store.

use peerflow_engine::{Answer, RegisterOutcome, Request};
use peerflow_model::{ContentHash, InstanceId};
use peerflow_workflow::{Diagnostic, Diagnostics, Place, Severity};
use serde::{Deserialize, Serialize};

use super::handle::Asked;

/// What tells one request from another that comes with the same key: what was sent, not what was read to complete it.
pub(super) fn fingerprint(asked: &Asked) -> ContentHash {
    if let Asked::Engine(Request::PutDocument {
        sent: Some(sent), ..
    }) = asked
    {
        return *sent;
    }
    if let Asked::Engine(Request::PutLink { sent, .. }) = asked {
        return *sent;
    }
    // The derived text shows every field, and all collections in requests are ordered.
    ContentHash::of(format!("{asked:?}").as_bytes())
}

/// As the store keeps it.
pub(super) fn to_text(answer: &Answer) -> serde_json::Result<String> {
    serde_json::to_string(&Recorded::from(answer))
}

/// As the store kept it.
pub(super) fn from_text(text: &str) -> serde_json::Result<Answer> {
    serde_json::from_str::<Recorded>(text).map(Answer::from)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recorded {
    Registered {
        name: String,
        standalone: bool,
        outcome: RecordedOutcome,
        warnings: Vec<RecordedWarning>,
        notes: Vec<String>,
    },
    Instances(Vec<InstanceId>),
    Done(String),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordedOutcome {
    Added,
    Updated,
    Unchanged,
    Kept,
}

#[derive(Serialize, Deserialize)]
struct RecordedWarning {
    is_error: bool,
    line: u32,
    column: u32,
    offset: usize,
    length: usize,
    message: String,
    help: String,
}

impl From<&Answer> for Recorded {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Registered {
                name,
                standalone,
                outcome,
                warnings,
                notes,
            } => Self::Registered {
                name: name.clone(),
                standalone: *standalone,
                outcome: match outcome {
                    RegisterOutcome::Added => RecordedOutcome::Added,
                    RegisterOutcome::Updated => RecordedOutcome::Updated,
                    RegisterOutcome::Unchanged => RecordedOutcome::Unchanged,
                    RegisterOutcome::Kept => RecordedOutcome::Kept,
                },
                warnings: warnings.0.iter().map(RecordedWarning::from).collect(),
                notes: notes.clone(),
            },
            Answer::Instances(ids) => Self::Instances(ids.clone()),
            Answer::Done(text) => Self::Done(text.clone()),
        }
    }
}

impl From<Recorded> for Answer {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Registered {
                name,
                standalone,
                outcome,
                warnings,
                notes,
            } => Self::Registered {
                name,
                standalone,
                outcome: match outcome {
                    RecordedOutcome::Added => RegisterOutcome::Added,
                    RecordedOutcome::Updated => RegisterOutcome::Updated,
                    RecordedOutcome::Unchanged => RegisterOutcome::Unchanged,
                    RecordedOutcome::Kept => RegisterOutcome::Kept,
                },
                warnings: Diagnostics(warnings.into_iter().map(Diagnostic::from).collect()),
                notes,
            },
            Recorded::Instances(ids) => Self::Instances(ids),
            Recorded::Done(text) => Self::Done(text),
        }
    }
}

impl From<&Diagnostic> for RecordedWarning {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            is_error: diagnostic.severity == Severity::Error,
            line: diagnostic.place.line,
            column: diagnostic.place.column,
            offset: diagnostic.place.offset,
            length: diagnostic.place.length,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }
    }
}

impl From<RecordedWarning> for Diagnostic {
    fn from(recorded: RecordedWarning) -> Self {
        Self {
            severity: if recorded.is_error {
                Severity::Error
            } else {
                Severity::Warning
            },
            place: Place {
                line: recorded.line,
                column: recorded.column,
                offset: recorded.offset,
                length: recorded.length,
            },
            message: recorded.message,
            help: recorded.help,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let warning = Diagnostic {
            severity: Severity::Warning,
            place: Place {
                line: 3,
                column: 9,
                offset: 40,
                length: 4,
            },
            message: "unknown attribute nmae".to_owned(),
            help: "write name".to_owned(),
        };
        for answer in [
            Answer::Registered {
                name: "监控".to_owned(),
                standalone: true,
                outcome: RegisterOutcome::Kept,
                warnings: Diagnostics(vec![warning]),
                notes: vec!["note".to_owned()],
            },
            Answer::Instances(vec!["a".into(), "b".into()]),
            Answer::Done("deleted".to_owned()),
        ] {
            assert_eq!(from_text(&to_text(&answer).unwrap()).unwrap(), answer);
        }
    }
}
