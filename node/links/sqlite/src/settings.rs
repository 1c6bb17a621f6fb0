//! Which file, and how it is opened.

use std::path::PathBuf;
use std::time::Duration;

use peerflow_rows::{Error, Trouble};

/// How long to wait for other writers unless the link says otherwise.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a link may wait for other writers.
const MAX_BUSY_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// What may be done with the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Reading only.
    ReadOnly,
    /// Reading and writing a file that exists.
    #[default]
    ReadWrite,
    /// The same, and the file is made if there is none. Its folder must exist.
    Create,
}

/// Which file, and how it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Of the database; a relative one is seen from where the node was started.
    pub path: PathBuf,
    pub access: Access,
    /// How long a statement waits while others write.
    pub busy_timeout: Duration,
}

impl Settings {
    /// A file that exists, for reading and writing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            access: Access::default(),
            busy_timeout: BUSY_TIMEOUT,
        }
    }

    /// Understands `jdbc:sqlite:PATH`, `sqlite:PATH`, `sqlite://PATH`, `file:PATH` and a plain path, each with
    /// `?mode=ro|rw|rwc&busy_timeout=MILLISECONDS` after it. `properties` are those of the link, of the same names.
    ///
    /// # Errors
    /// When there is no path, or a setting has no meaning.
    pub fn from_url(url: &str, properties: &[(String, String)]) -> Result<Self, Error> {
        let url = url.trim();
        let rest = url.strip_prefix("jdbc:").unwrap_or(url);
        let rest = rest.strip_prefix("sqlite:").unwrap_or(rest);
        let is_uri = rest.starts_with("file:");
        let rest = rest.strip_prefix("file:").unwrap_or(rest);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, query) = match rest.rsplit_once('?') {
            Some((path, query)) if query.is_empty() || query.contains('=') => (path, query),
            Some(_) | None => (rest, ""),
        };
        if path.is_empty() || path == ":memory:" {
            return Err(Error::new(
                Trouble::Settings,
                "the link names no file: every connection would have an empty database of its own; write \
                 jdbc:sqlite:/path/of/the/file",
            ));
        }
        let path = if is_uri {
            unescape(path)
        } else {
            path.to_owned()
        };
        let mut settings = Self::new(path);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            settings.set(name, value)?;
        }
        for (name, value) in properties {
            settings.set(name, value)?;
        }
        Ok(settings)
    }

    /// Settings of other drivers mean nothing here and are left aside.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let meaningless = |wanted: &str| {
            Error::new(
                Trouble::Settings,
                format!("{name}={value} has no meaning; it is one of {wanted}"),
            )
        };
        match name {
            "mode" => {
                self.access = match value {
                    "ro" => Access::ReadOnly,
                    "rw" => Access::ReadWrite,
                    "rwc" => Access::Create,
                    _ => return Err(meaningless("ro, rw, rwc")),
                }
            }
            "busy_timeout" => {
                self.busy_timeout = value
                    .parse()
                    .ok()
                    .map(Duration::from_millis)
                    .filter(|&timeout| timeout <= MAX_BUSY_TIMEOUT)
                    .ok_or_else(|| meaningless("0 to 86400000 milliseconds"))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The path of a `file:` URL, in which `%20` is a space.
fn unescape(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(plain).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Settings {
        Settings::from_url(url, &[]).unwrap()
    }

    #[test]
    fn the_usual_spellings_name_the_same_file() {
        for url in [
            "jdbc:sqlite:/data/a b.db",
            "sqlite:///data/a b.db",
            "sqlite:/data/a b.db",
            "jdbc:sqlite:file:/data/a%20b.db",
            "/data/a b.db",
        ] {
            assert_eq!(parsed(url), Settings::new("/data/a b.db"), "{url}");
        }
        assert_eq!(parsed("jdbc:sqlite:a.db").path, PathBuf::from("a.db"));
    }

    #[test]
    fn the_mode_and_the_patience_are_read_from_the_url_and_the_properties() {
        let settings = parsed("jdbc:sqlite:/a.db?mode=ro&busy_timeout=250");
        assert_eq!(settings.access, Access::ReadOnly);
        assert_eq!(settings.busy_timeout, Duration::from_millis(250));
        let properties = [("mode".to_owned(), "rwc".to_owned())];
        let settings = Settings::from_url("jdbc:sqlite:/a.db?mode=ro", &properties).unwrap();
        assert_eq!(settings.access, Access::Create);
    }

    #[test]
    fn a_link_that_names_no_file_or_has_a_meaningless_setting_is_refused() {
        for url in [
            "jdbc:sqlite:",
            "jdbc:sqlite::memory:",
            "/a.db?mode=rwx",
            "/a.db?busy_timeout=long",
        ] {
            let error = Settings::from_url(url, &[]).unwrap_err();
            assert_eq!(error.trouble, Trouble::Settings, "{url}");
        }
    }
}
