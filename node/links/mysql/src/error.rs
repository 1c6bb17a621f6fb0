//! What the driver and the server say, as trouble with a row and a column.

use mysql_async::{DriverError, Error as Driver, IoError, LocalInfileError, ServerError};
use peerflow_rows::{Error, Trouble};

/// `ER_DBACCESS_DENIED_ERROR`: the login was well, the database is refused. A missing one is refused so as well.
const NO_RIGHT_TO_DATABASE: u16 = 1044;

/// Trouble while a connection is being made.
pub(crate) fn connecting(error: &Driver, place: &str) -> Error {
    match error {
        // The server knows who it is, so looking after user name and password would be in vain.
        Driver::Server(server) if server.code == NO_RIGHT_TO_DATABASE => Error::new(
            Trouble::Refused,
            format!(
                "{}: user name and password are right, but this user may not use that database, or there is none of the name",
                words(server)
            ),
        ),
        Driver::Server(server) => {
            let trouble = match server.code {
                1045 | 1130 | 1251 | 1698 | 1820 | 1862 | 3118 | 3159 | 4151 => {
                    Trouble::AccessDenied
                }
                1049 | 1193 | 1231 | 1064 => Trouble::Settings,
                _ => Trouble::Unreachable,
            };
            Error::new(trouble, words(server))
        }
        Driver::Driver(DriverError::NoClientSslFlagFromServer) => Error::new(
            Trouble::Settings,
            format!(
                "{place} offers no TLS, but the link demands it; set useSSL=false or sslMode=DISABLED"
            ),
        ),
        Driver::Driver(DriverError::UnknownAuthPlugin { name }) => Error::new(
            Trouble::AccessDenied,
            format!(
                "{place} asks for the authentication `{name}`, which is not spoken here; give the user mysql_native_password or caching_sha2_password"
            ),
        ),
        Driver::Io(IoError::Tls(tls)) => Error::new(
            Trouble::Unreachable,
            format!(
                "TLS with {place} failed: {tls}; check sslMode, serverSslCert and the server's certificate"
            ),
        ),
        Driver::Io(IoError::Io(io)) => {
            Error::new(Trouble::Unreachable, format!("cannot reach {place}: {io}"))
        }
        other => Error::new(
            Trouble::Unreachable,
            format!("cannot reach {place}: {other}"),
        ),
    }
}

/// Trouble on a connection that was made.
pub(crate) fn talking(error: &Driver) -> Error {
    match error {
        Driver::Server(server) => refused(server),
        Driver::Driver(DriverError::LocalInfile(LocalInfileError::NoHandler)) => Error::new(
            Trouble::Refused,
            "a statement may not read files of this machine by LOAD DATA LOCAL; use a transfer",
        ),
        Driver::Driver(DriverError::PacketTooLarge) => Error::new(
            Trouble::Refused,
            "a row or statement is larger than the server's max_allowed_packet; raise it there",
        ),
        other => Error::new(Trouble::Lost, format!("the connection was lost: {other}")),
    }
}

/// A server's refusal.
fn refused(server: &ServerError) -> Error {
    let trouble = match server.code {
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 => Trouble::AccessDenied,
        1317 | 1907 | 1969 | 3024 => Trouble::Cancelled,
        1053 | 1077 | 1159 | 1161 | 1927 | 4031 => Trouble::Lost,
        code if is_bad_value(code) => Trouble::BadValue,
        _ => Trouble::Refused,
    };
    let error = Error::new(trouble, words(server));
    if trouble == Trouble::BadValue {
        placed(error, &server.message)
    } else {
        error
    }
}

/// A warning of a load, which is an error here: the server would have changed or left out the value.
pub(crate) fn warned(code: u16, message: &str) -> Error {
    let trouble = match code {
        1317 | 1969 | 3024 => Trouble::Cancelled,
        _ => Trouble::BadValue,
    };
    placed(
        Error::new(trouble, format!("{message} (warning {code})")),
        message,
    )
}

/// Codes that speak of a value, not of the statement.
fn is_bad_value(code: u16) -> bool {
    matches!(
        code,
        1022 | 1048 | 1062 | 1063 | 1216 | 1261
            ..=1265
                | 1292
                | 1364
                | 1366
                | 1367
                | 1406
                | 1411
                | 1416
                | 1452
                | 1525
                | 1526
                | 1586
                | 1690
                | 1859
                | 3140
                | 3156
                | 3617
                | 3819
                | 3903
                | 4025
                | 4078
    )
}

fn words(server: &ServerError) -> String {
    format!(
        "{} (error {}, {})",
        server.message, server.code, server.state
    )
}

/// Adds the row and the column that the server's words name.
fn placed(error: Error, message: &str) -> Error {
    let error = match row(message) {
        Some(row) => error.at_row(row),
        None => error,
    };
    match column(message) {
        Some(column) => error.at_column(column),
        None => error,
    }
}

/// The row in `… at row 3` and `Row 3 doesn't contain …`.
fn row(message: &str) -> Option<u64> {
    let digits = match message.rfind(" at row ") {
        Some(at) => &message[at + " at row ".len()..],
        None => message.strip_prefix("Row ")?,
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The column in `… for column 'x' …`, ``… for column `db`.`table`.`x` …`` and `Column 'x' …`.
fn column(message: &str) -> Option<String> {
    const FOR: &str = "for column ";
    let rest = match message.rfind(FOR) {
        Some(at) => &message[at + FOR.len()..],
        None => message
            .strip_prefix("Column ")
            .or_else(|| message.strip_prefix("Field "))?,
    };
    let quote = rest.chars().next()?;
    if quote == '\'' {
        // A name that holds this quote is not doubled by the server: what follows tells where it ends.
        let inner = &rest[1..];
        let end = inner
            .find("' at row ")
            .or_else(|| inner.find("' cannot "))
            .or_else(|| inner.find("' doesn't "))
            .or_else(|| inner.rfind('\''))?;
        return Some(inner[..end].to_owned());
    }
    let written = rest
        .rfind(" at row ")
        .map_or(rest, |end| &rest[..end])
        .trim_end();
    let mut last = None;
    let mut name = String::new();
    let mut inside = false;
    let mut characters = written.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '`' if inside && characters.next_if_eq(&'`').is_some() => name.push('`'),
            '`' if inside => {
                inside = false;
                last = Some(std::mem::take(&mut name));
            }
            '`' => inside = true,
            c if inside => name.push(c),
            _ => {}
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_found_in_the_words_of_both_servers() {
        for (message, place, name) in [
            (
                "Incorrect integer value: 'at row 9' for column 'n' at row 3",
                Some(3),
                Some("n"),
            ),
            (
                "Incorrect integer value: 'x' for column `db`.`t.u`.`数 ``量` at row 700000",
                Some(700_000),
                Some("数 `量"),
            ),
            ("Row 5 doesn't contain data for all columns", Some(5), None),
            ("Column 'a b' cannot be null", None, Some("a b")),
            ("Duplicate entry '1' for key 'PRIMARY'", None, None),
            (
                "Data truncated for column 'it's' at row 1",
                Some(1),
                Some("it's"),
            ),
        ] {
            let error = warned(1265, message);
            assert_eq!(
                (error.row, error.column.as_deref()),
                (place, name),
                "{message}"
            );
            assert_eq!(error.trouble, Trouble::BadValue);
        }
    }
}
