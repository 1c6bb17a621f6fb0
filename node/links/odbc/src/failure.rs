//! Drivers' errors in the words of all databases.

use odbc_api::handles::Record;
use peerflow_rows::{Error, Trouble};

/// What is said where a driver has no state of its own for a wrong password.
const DENIED: [&str; 5] = [
    "password authentication failed",
    "Access denied",
    "Login failed",
    "ORA-01017",
    "Authentication failed",
];
/// What is said where a driver has no state of its own for a server that does not answer.
const SILENT: [&str; 4] = [
    "Can't connect to",
    "Unknown server host",
    "Lost connection to server at",
    "ORA-125",
];
/// How drivers without a state for it say that a table is not there.
const NO_TABLE: [&str; 4] = [
    "no such table",
    "does not exist",
    "doesn't exist",
    "UNKNOWN_TABLE",
];

/// In the words of all databases, with the SQLSTATE.
pub(crate) fn told(error: &odbc_api::Error) -> Error {
    let Some(record) = record(error) else {
        let trouble = match error {
            odbc_api::Error::TooLargeValueForBuffer { .. } => Trouble::BadValue,
            odbc_api::Error::NoDiagnostics { .. } => Trouble::Lost,
            _ => Trouble::Refused,
        };
        return Error::new(trouble, error.to_string());
    };
    let words = String::from_utf16_lossy(&record.message);
    let state = record.state.as_str();
    let trouble = if DENIED.iter().any(|denied| words.contains(denied)) {
        Trouble::AccessDenied
    } else if SILENT.iter().any(|silent| words.contains(silent)) {
        Trouble::Unreachable
    } else {
        trouble(state)
    };
    let hint = match state {
        "IM002" => " (is the data source in odbc.ini, or the driver in odbcinst.ini?)",
        "01000" if words.contains("Can't open lib") => " (is the driver installed?)",
        _ => "",
    };
    Error::new(trouble, format!("{} [{state}]{hint}", words.trim()))
}

/// Whether a table is not there.
pub(crate) fn is_no_table(error: &odbc_api::Error) -> bool {
    let Some(record) = record(error) else {
        return false;
    };
    let words = String::from_utf16_lossy(&record.message);
    matches!(record.state.as_str(), "42S02" | "42P01" | "S0002")
        || NO_TABLE.iter().any(|missing| words.contains(missing))
}

fn record(error: &odbc_api::Error) -> Option<&Record> {
    use odbc_api::Error as Odbc;
    match error {
        Odbc::Diagnostics { record, .. }
        | Odbc::InvalidRowArraySize { record, .. }
        | Odbc::UnsupportedOdbcApiVersion(record)
        | Odbc::UnableToRepresentNull(record)
        | Odbc::OracleOdbcDriverDoesNotSupport64Bit(record) => Some(record),
        _ => None,
    }
}

fn trouble(state: &str) -> Trouble {
    match state {
        "28000" | "28P01" => Trouble::AccessDenied,
        "08001" | "08004" | "HYT01" => Trouble::Unreachable,
        "HY008" | "HYT00" | "57014" | "70100" | "S1008" | "S1T00" => Trouble::Cancelled,
        "HYC00" | "IM001" => Trouble::Unsupported,
        "01000" => Trouble::Settings,
        _ => match state.get(..2) {
            Some("08") => Trouble::Lost,
            Some("22" | "23") => Trouble::BadValue,
            Some("IM") => Trouble::Settings,
            Some(_) | None => Trouble::Refused,
        },
    }
}
