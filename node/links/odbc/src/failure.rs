//! Drivers' errors in the words of all databases.

use odbc_api::handles::Record;
use peerflow_rows::{Error, Trouble};

use crate::system::System;

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
/// That a table is not there: by the standard, by PostgreSQL's own list, and as drivers of the second version say it.
const NO_TABLE: [&str; 3] = ["42S02", "42P01", "S0002"];
/// What drivers say that have no state for an error.
const GENERAL: [&str; 2] = ["HY000", "S1000"];

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

/// Whether a table is not there. Much else may not exist: a column, a schema, a function, the definer of a view.
pub(crate) fn is_no_table(error: &odbc_api::Error, system: System) -> bool {
    let Some(record) = record(error) else {
        return false;
    };
    // These two drivers have one state for all errors, so their words have to tell.
    let words = match system {
        System::Sqlite => "no such table: ",
        System::ClickHouse => "UNKNOWN_TABLE",
        _ => return NO_TABLE.contains(&record.state.as_str()),
    };
    let state = record.state.as_str();
    NO_TABLE.contains(&state)
        || GENERAL.contains(&state) && String::from_utf16_lossy(&record.message).contains(words)
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

#[cfg(test)]
mod tests {
    use odbc_api::handles::State;

    use super::*;

    fn said(state: [u8; 5], words: &str) -> odbc_api::Error {
        let record = Record {
            state: State(state),
            native_error: 1,
            message: words.encode_utf16().collect(),
        };
        odbc_api::Error::Diagnostics {
            record,
            function: "SQLExecDirect",
        }
    }

    #[test]
    fn a_missing_table_is_known_by_the_state_and_not_by_words_that_fit_much_else() {
        let gone = "relation \"t\" does not exist";
        for (state, words, system) in [
            (b"42S02", "Table 'x.t' doesn't exist", System::MySql),
            (b"42P01", gone, System::PostgreSql),
            (b"S0002", gone, System::Other),
            (
                b"42S02",
                "ORA-00942: table or view does not exist",
                System::Oracle,
            ),
            (b"HY000", "no such table: t (1)", System::Sqlite),
            (
                b"HY000",
                "Code: 60. DB::Exception: … (UNKNOWN_TABLE)",
                System::ClickHouse,
            ),
        ] {
            assert!(is_no_table(&said(*state, words), system), "{words}");
        }
        for (state, words, system) in [
            (b"42S22", "column \"a\" does not exist", System::PostgreSql),
            (b"42883", "function f() does not exist", System::PostgreSql),
            (b"3F000", "schema \"s\" does not exist", System::PostgreSql),
            (b"28000", "role \"me\" does not exist", System::PostgreSql),
            (
                b"HY000",
                "The user specified as a definer ('a'@'%') does not exist",
                System::MySql,
            ),
            (b"HY000", "no such table: t", System::MySql),
            (b"HY000", "no such column: t", System::Sqlite),
            (
                b"HY000",
                "Code: 81. Database s doesn't exist. (UNKNOWN_DATABASE)",
                System::ClickHouse,
            ),
        ] {
            assert!(!is_no_table(&said(*state, words), system), "{words}");
        }
    }
}
