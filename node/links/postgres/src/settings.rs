//! What a link says of a PostgreSQL server, with the properties that JDBC URLs have.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use peerflow_rows::{Error, Trouble};

/// Where a server is, who asks, and how.
#[derive(Clone)]
pub struct Settings {
    /// A name, an address, or the folder of the server's socket, which begins with `/`.
    pub host: String,
    pub port: u16,
    /// Empty: the one that is named like the user.
    pub database: String,
    pub user: String,
    pub password: String,
    /// Names and values as in a JDBC URL; [`Self::warnings`] tells which of them do nothing.
    pub properties: Vec<(String, String)>,
    /// Until the session is open, unless a property says otherwise.
    pub connect_timeout: Duration,
}

impl Settings {
    /// How long opening a session may take where a link says nothing.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// The server's usual port.
    pub const PORT: u16 = 5432;

    /// What of the properties does nothing here, for the log.
    pub fn warnings(&self) -> Vec<String> {
        self.properties
            .iter()
            .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
            .map(|(name, _)| format!("the property {name:?} does nothing with PostgreSQL links"))
            .collect()
    }

    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        let found = self
            .properties
            .iter()
            .rev()
            .find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whoever connects: the properties may name one where the link does not, as JDBC URLs do.
    pub(crate) fn credentials(&self) -> (&str, &str) {
        if self.user.is_empty() {
            let password = self.property("password").unwrap_or(&self.password);
            (self.property("user").unwrap_or_default(), password)
        } else {
            (&self.user, &self.password)
        }
    }

    /// The limit on opening a session: `loginTimeout`, else `connectTimeout`, in seconds, else the link's own.
    pub(crate) fn time_to_connect(&self) -> Result<Duration, Error> {
        for name in ["loginTimeout", "connectTimeout"] {
            if let Some(value) = self.property(name) {
                let seconds: u64 = value.parse().ok().ok_or_else(|| {
                    settings(format!("{name} is {value:?}; it takes whole seconds"))
                })?;
                if seconds > 0 {
                    return Ok(Duration::from_secs(seconds));
                }
            }
        }
        Ok(self.connect_timeout)
    }

    pub(crate) fn keepalive(&self) -> bool {
        self.property("tcpKeepAlive") != Some("false")
    }

    pub(crate) fn encryption(&self) -> Result<Encryption, Error> {
        let named = self.property("sslmode");
        let on = self
            .property("ssl")
            .is_some_and(|value| value.is_empty() || value == "true");
        let blind = self
            .property("sslfactory")
            .is_some_and(|factory| factory.ends_with("NonValidatingFactory"));
        let mode = match named {
            None if on && blind => Mode::Require,
            None if on => Mode::VerifyFull,
            None | Some("prefer" | "allow") => Mode::Prefer,
            Some("disable") => Mode::Disable,
            Some("require") => Mode::Require,
            Some("verify-ca") => Mode::VerifyAuthority,
            Some("verify-full") => Mode::VerifyFull,
            Some(other) => {
                return Err(settings(format!(
                    "sslmode is {other:?}; it takes disable, allow, prefer, require, verify-ca or verify-full"
                )));
            }
        };
        Ok(Encryption {
            mode,
            authorities: self
                .property("sslrootcert")
                .filter(|path| *path != "system")
                .map(PathBuf::from),
            certificate: self.property("sslcert").map(PathBuf::from),
            key: self.property("sslkey").map(PathBuf::from),
        })
    }
}

/// Values stay out of it but for those that tell where: a property may hold a password too.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .properties
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        formatter
            .debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("database", &self.database)
            .field("user", &self.user)
            .field("properties", &names)
            .finish_non_exhaustive()
    }
}

/// Whether and how the connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encryption {
    pub(crate) mode: Mode,
    /// A PEM file of authorities to trust; absent, those that browsers trust.
    pub(crate) authorities: Option<PathBuf>,
    /// Our own certificate, as PEM, for servers that ask for one.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// The words of `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyAuthority,
    VerifyFull,
}

/// Properties that mean something here.
const KNOWN: &[&str] = &[
    "ApplicationName",
    "connectTimeout",
    "currentSchema",
    "loginTimeout",
    "options",
    "password",
    "ssl",
    "sslcert",
    "sslfactory",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "tcpKeepAlive",
    "user",
];

pub(crate) fn settings(message: impl Into<String>) -> Error {
    Error::new(Trouble::Settings, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(properties: &[(&str, &str)]) -> Settings {
        Settings {
            host: "db".to_owned(),
            port: Settings::PORT,
            database: "shop".to_owned(),
            user: "ann".to_owned(),
            password: "hunter2".to_owned(),
            properties: properties
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            connect_timeout: Settings::CONNECT_TIMEOUT,
        }
    }

    #[test]
    fn no_password_is_shown_wherever_it_stands() {
        let shown = format!(
            "{:?}",
            with(&[("sslpassword", "hunter3"), ("password", "hunter4")])
        );
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(
            shown.contains("ann") && shown.contains("sslpassword"),
            "{shown}"
        );
    }

    #[test]
    fn properties_mean_what_they_mean_to_the_jdbc_driver() {
        let mode = |properties: &[(&str, &str)]| with(properties).encryption().unwrap().mode;
        assert_eq!(mode(&[]), Mode::Prefer);
        assert_eq!(mode(&[("ssl", "true")]), Mode::VerifyFull);
        let blind = ("sslfactory", "org.postgresql.ssl.NonValidatingFactory");
        assert_eq!(mode(&[("ssl", ""), blind]), Mode::Require);
        assert_eq!(
            mode(&[("ssl", "true"), ("sslmode", "disable")]),
            Mode::Disable
        );
        let slow = with(&[("connectTimeout", "30")]);
        assert_eq!(slow.time_to_connect().unwrap(), Duration::from_secs(30));
    }

    #[test]
    fn what_makes_no_sense_or_does_nothing_is_told() {
        let error = with(&[("sslmode", "yes")]).encryption().unwrap_err();
        assert_eq!(error.trouble, Trouble::Settings);
        assert!(error.message.contains("verify-full"), "{error}");
        assert!(
            with(&[("connectTimeout", "soon")])
                .time_to_connect()
                .is_err()
        );
        let warnings = with(&[("prepareThreshold", "0"), ("ssl", "true")]).warnings();
        assert_eq!(
            warnings,
            ["the property \"prepareThreshold\" does nothing with PostgreSQL links"]
        );
    }
}
