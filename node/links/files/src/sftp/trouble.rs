//! What an SFTP server's refusals mean.

use russh_sftp::client::error::Error as Sftp;
use russh_sftp::protocol::StatusCode;

use crate::{Error, Trouble};

/// Of trying to do something (`read the file /x on`) with `server`.
pub(super) fn of(error: Sftp, server: &str, tried: &str) -> Error {
    let (trouble, why) = match error {
        Sftp::Status(status) => {
            let trouble = match status.status_code {
                StatusCode::NoSuchFile => Trouble::NotFound,
                StatusCode::PermissionDenied => Trouble::Forbidden,
                StatusCode::OpUnsupported => Trouble::Unsupported,
                StatusCode::NoConnection | StatusCode::ConnectionLost => Trouble::Unreachable,
                StatusCode::Ok | StatusCode::Eof | StatusCode::Failure | StatusCode::BadMessage => {
                    Trouble::Other
                }
            };
            let why = match status.error_message.is_empty() {
                true => status.status_code.to_string(),
                false => status.error_message,
            };
            (trouble, why)
        }
        Sftp::Timeout => (Trouble::Unreachable, "it does not answer".to_owned()),
        Sftp::IO(why) => (Trouble::Unreachable, why),
        Sftp::UnexpectedBehavior(_) => {
            (Trouble::Unreachable, "the connection broke off".to_owned())
        }
        Sftp::Limited(_) | Sftp::UnexpectedPacket => (Trouble::Other, error.to_string()),
    };
    Error::new(trouble, format!("cannot {tried} {server}: {why}"))
}

/// Whether the server said that there is no such file.
pub(super) fn is_missing(error: &Sftp) -> bool {
    is(error, StatusCode::NoSuchFile)
}

/// Whether the server said that the end is reached.
pub(super) fn is_end(error: &Sftp) -> bool {
    is(error, StatusCode::Eof)
}

fn is(error: &Sftp, code: StatusCode) -> bool {
    matches!(error, Sftp::Status(status) if status.status_code == code)
}
