//! What the client's errors mean.

use std::io::ErrorKind;

use hdfs_native::HdfsError;

use crate::{Error, Trouble, hadoop};

const ALIVE: &str =
    "; see whether its name nodes and data nodes are alive, and reachable from this node";

/// An error of the client, with what was tried at `place`.
pub(super) fn error(error: &HdfsError, tried: &str, place: &str) -> Error {
    let (trouble, why, advice) = meaning(error);
    Error {
        has_advice: !advice.is_empty(),
        ..Error::new(trouble, format!("cannot {tried} {place}: {why}{advice}"))
    }
}

/// What kind of trouble it is, what happened, and what to do where that is known.
fn meaning(error: &HdfsError) -> (Trouble, String, &'static str) {
    let without = |trouble, why| (trouble, why, "");
    match error {
        HdfsError::RPCError(exception, words) | HdfsError::FatalRPCError(exception, words) => {
            let words = hadoop::first_sentences(words);
            let (trouble, advice) =
                hadoop::trouble(exception, words).unwrap_or((Trouble::Other, ""));
            let exception = exception.rsplit('.').next().unwrap_or_default();
            (trouble, format!("{exception}: {words}"), advice)
        }
        HdfsError::FileNotFound(path) => without(
            Trouble::NotFound,
            format!("{path}: no such file or directory"),
        ),
        HdfsError::IOError(error) if has_ended(error.kind()) => (
            Trouble::Unreachable,
            error.to_string(),
            "; see whether the port is that of Hadoop's own protocol (usually 8020), whether it lets users in without \
             Kerberos, and whether its data nodes are alive",
        ),
        // Of whom is not told.
        HdfsError::IOError(error) => (Trouble::Unreachable, error.to_string(), ALIVE),
        // Followed by all that is known of each of them.
        HdfsError::DataTransferError(words) if words.starts_with("All DataNodes failed") => (
            Trouble::Unreachable,
            "none of the data nodes that have it answers as it should".to_owned(),
            ALIVE,
        ),
        HdfsError::DataTransferError(words) => (Trouble::Unreachable, words.clone(), ALIVE),
        HdfsError::SASLError(_) | HdfsError::GSSAPIError(..) | HdfsError::NoSASLMechanism => {
            without(Trouble::AccessDenied, error.to_string())
        }
        HdfsError::UnsupportedFeature(_) | HdfsError::UnsupportedErasureCodingPolicy(_) => {
            without(Trouble::Unsupported, error.to_string())
        }
        HdfsError::InvalidArgument(_)
        | HdfsError::InvalidPath(_)
        | HdfsError::IsADirectoryError(_)
        | HdfsError::UrlParseError(_)
        | HdfsError::XmlParseError(_) => without(Trouble::Settings, error.to_string()),
        HdfsError::ChecksumError
        | HdfsError::AlreadyExists(_)
        | HdfsError::OperationFailed(_)
        | HdfsError::BlocksNotFound(_)
        | HdfsError::TrashNotEnabled
        | HdfsError::ErasureCodingError(_)
        | HdfsError::InternalError(_)
        | HdfsError::InvalidRPCResponse(_) => without(Trouble::Other, error.to_string()),
    }
}

/// The other side did not like what it was sent, or is gone.
fn has_ended(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_the_words_say_what_to_do_is_known() {
        let of = |kind| error(&HdfsError::IOError(std::io::Error::from(kind)), "x", "y");
        let ended = of(ErrorKind::ConnectionReset);
        assert!(
            ended.has_advice && ended.message.contains("; see whether"),
            "{ended}"
        );
        let missing = error(&HdfsError::FileNotFound("/a".to_owned()), "x", "y");
        assert!(
            !missing.has_advice && !missing.message.contains(';'),
            "{missing}"
        );
    }
}
