//! What can go wrong, and the exit code it ends with.

use std::process::ExitCode;
use std::time::Duration;

use peerflow_node::http::types::Problem;

/// How a command ends; the codes are those of the interfaces page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    /// The thing asked for failed.
    Failed = 1,
    /// Wrong usage, a missing parameter included.
    Usage = 2,
    /// The instance was killed.
    Killed = 3,
    /// No peer is reachable.
    NoPeer = 4,
    /// No master within `--timeout`.
    NoMaster = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Error {
    /// What was written on the command line, or in a file it names, cannot be meant. The text is in the user's language.
    Usage(String),
    /// It was tried and failed. The text is in the user's language.
    Failed(String),
    /// The peer says no.
    Refused(Box<Problem>),
    /// Nobody answered; of each peer the reason.
    NoPeer { reasons: Vec<String> },
    /// A write was sent and the connection broke; repeated under its key, it had no answer for so long. It may be done.
    Unknown {
        waited: Duration,
        reasons: Vec<String>,
    },
    /// Nobody could decide in time.
    NoMaster { waited: Duration, detail: String },
    /// Ctrl-C, a second time: the instance was to be killed, and nobody waited for its end.
    Interrupted,
    /// An answer broke off.
    Cut(String),
    /// An answer is not what the API promises.
    Answer(String),
}

impl Error {
    /// The code it ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Refused(problem) if problem.name() == "missing-parameters" => Exit::Usage,
            Self::Failed(_) | Self::Refused(_) | Self::Cut(_) | Self::Answer(_) => Exit::Failed,
            Self::Interrupted => Exit::Killed,
            Self::NoPeer { .. } | Self::Unknown { .. } => Exit::NoPeer,
            Self::NoMaster { .. } => Exit::NoMaster,
        }
    }

    /// Whether asking again later may help: the peer went away, or nobody could decide.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::NoPeer { .. } | Self::Unknown { .. } | Self::NoMaster { .. } | Self::Cut(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_error_has_the_code_of_the_interfaces_page() {
        let refused = |kind: &str| {
            let problem = json!({"type": kind, "title": "", "status": 400, "detail": ""});
            Error::Refused(Box::new(
                serde_json::from_value(problem).expect("a problem"),
            ))
        };
        assert_eq!(Error::Usage(String::new()).exit(), Exit::Usage);
        assert_eq!(Error::Failed(String::new()).exit(), Exit::Failed);
        assert_eq!(
            refused("urn:peerflow:problem:missing-parameters").exit(),
            Exit::Usage
        );
        assert_eq!(
            refused("urn:peerflow:problem:not-found").exit(),
            Exit::Failed
        );
        assert_eq!(refused("not-missing-parameters").exit(), Exit::Failed);
        assert_eq!(
            Error::NoPeer {
                reasons: Vec::new()
            }
            .exit(),
            Exit::NoPeer
        );
        assert_eq!(
            Error::NoMaster {
                waited: Duration::ZERO,
                detail: String::new()
            }
            .exit(),
            Exit::NoMaster
        );
        let codes = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Killed,
            Exit::NoPeer,
            Exit::NoMaster,
        ]
        .map(|exit| exit as u8);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
    }
}
