//! What a driver is told to connect.

use std::fmt;
use std::time::Duration;

use peerflow_rows::{Error, Trouble};

/// How long connecting may take, in seconds.
const LOGIN_TIMEOUT: u32 = 30;
/// Attributes that hold secrets, in whatever case.
const SECRETS: [&str; 6] = ["PWD", "PASSWORD", "PASS", "TOKEN", "SECRET", "ACCESSTOKEN"];

/// How a database is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `DSN=…` or `Driver=…;…`.
    attributes: String,
    user: Option<String>,
    password: Option<String>,
    /// Attributes that are secrets too, beside [`SECRETS`].
    secrets: Vec<String>,
    /// How long a statement may take, where the driver knows such a limit.
    pub statement_timeout: Option<Duration>,
}

impl Settings {
    /// Understands `DSN=…`, `Driver=…;…`, either after `odbc:` or `jdbc:odbc:`, and the bare name of a DSN after these.
    /// Each property of the link becomes an attribute.
    ///
    /// # Errors
    /// When nothing says what to connect to, or a property's name cannot stand in a connection string.
    pub fn from_url(
        url: &str,
        user: Option<&str>,
        password: Option<&str>,
        properties: &[(String, String)],
    ) -> Result<Self, Error> {
        let url = url.trim();
        let rest = url.strip_prefix("jdbc:").unwrap_or(url);
        let rest = rest
            .strip_prefix("odbc:")
            .unwrap_or(rest)
            .trim()
            .trim_end_matches(';');
        if rest.is_empty() || rest.contains('\0') {
            return Err(Error::new(
                Trouble::Settings,
                "the link names no ODBC data source: its URL is DSN=name, or Driver={name};Server=host;…",
            ));
        }
        let mut attributes = if rest.contains('=') {
            rest.to_owned()
        } else {
            format!("DSN={}", value(rest))
        };
        for (name, property) in properties {
            attributes.push_str(&format!(";{}={}", attribute_name(name)?, value(property)));
        }
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self {
            attributes,
            user: given(user),
            password: given(password),
            secrets: Vec::new(),
            statement_timeout: None,
        })
    }

    /// The same of attributes that stand apart: `DSN` or `Driver`, and others.
    ///
    /// # Errors
    /// As [`Self::from_url`].
    pub fn new(
        attributes: &[(String, String)],
        user: Option<&str>,
        password: Option<&str>,
    ) -> Result<Self, Error> {
        let mut written = Vec::new();
        for (name, text) in attributes {
            written.push(format!("{}={}", attribute_name(name)?, value(text)));
        }
        Self::from_url(&format!("odbc:{}", written.join(";")), user, password, &[])
    }

    /// Never shows these attributes, whatever they are called.
    #[must_use]
    pub fn hiding(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.secrets.extend(names);
        self
    }

    fn is_secret(&self, name: &str) -> bool {
        let own = self.secrets.iter().map(String::as_str);
        SECRETS
            .into_iter()
            .chain(own)
            .any(|secret| name.eq_ignore_ascii_case(secret))
    }

    /// With user and password. Never to be logged.
    pub(crate) fn connection_string(&self) -> String {
        let mut whole = self.attributes.clone();
        for (name, text) in [("UID", &self.user), ("PWD", &self.password)] {
            if let Some(text) = text {
                whole.push_str(&format!(";{name}={}", value(text)));
            }
        }
        whole
    }

    pub(crate) fn login_timeout() -> u32 {
        LOGIN_TIMEOUT
    }

    /// The text without any secret of the link: some drivers repeat what they were told.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let attributes = split(&self.attributes);
        let secrets = attributes
            .iter()
            .filter(|(name, _)| self.is_secret(name))
            .map(|(_, secret)| secret.as_str())
            .chain(self.password.as_deref());
        secrets
            .filter(|secret| secret.len() > 2)
            .fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }

    /// An attribute's value.
    pub(crate) fn attribute(&self, wanted: &str) -> Option<String> {
        split(&self.attributes)
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Settings");
        for (name, value) in split(&self.attributes) {
            if self.is_secret(&name) {
                shown.field(&name, &"…");
            } else {
                shown.field(&name, &value);
            }
        }
        shown.field("user", &self.user).finish_non_exhaustive()
    }
}

/// A name that may stand in a connection string.
fn attribute_name(name: &str) -> Result<&str, Error> {
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || " _-".contains(character));
    if is_name {
        return Ok(name);
    }
    let message = format!("the property {name:?} cannot be an ODBC attribute");
    Err(Error::new(Trouble::Settings, message))
}

/// In braces, in which only the closing one means something and is doubled. Without need it stays bare, for not every
/// driver knows braces.
fn value(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text
            .chars()
            .all(|character| character.is_alphanumeric() || "_-./:\\".contains(character));
    if is_plain {
        text.to_owned()
    } else {
        format!("{{{}}}", text.replace('}', "}}"))
    }
}

/// Names and values, without braces.
fn split(attributes: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = attributes;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, left) = match after.strip_prefix('{') {
            Some(braced) => until_brace(braced),
            None => {
                let (value, left) = after.split_once(';').unwrap_or((after, ""));
                (value.to_owned(), left)
            }
        };
        pairs.push((name.trim_matches([' ', ';']).to_owned(), value));
        rest = left;
    }
    pairs
}

/// The value up to its closing brace, and what comes after the next `;`.
fn until_brace(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '}' {
            value.push(character);
        } else if characters.next_if(|(_, next)| *next == '}').is_some() {
            value.push('}');
        } else {
            let left = &text[at + 1..];
            return (value, left.split_once(';').map_or("", |(_, left)| left));
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stays_one_value_whatever_it_holds() {
        let url = "jdbc:odbc:Driver={MariaDB Unicode};Server=db";
        let settings = Settings::from_url(url, Some("me"), Some("a;PWD=b}{c"), &[]).unwrap();
        let whole = settings.connection_string();
        assert_eq!(
            whole,
            "Driver={MariaDB Unicode};Server=db;UID=me;PWD={a;PWD=b}}{c}"
        );
        let pairs = split(&whole);
        assert_eq!(pairs.len(), 4);
        assert_eq!(pairs[3], ("PWD".to_owned(), "a;PWD=b}{c".to_owned()));
    }

    #[test]
    fn no_secret_is_shown() {
        let settings =
            Settings::from_url("odbc:DSN=x;pwd=hidden1", Some("me"), Some("hidden2"), &[]).unwrap();
        let shown = format!("{settings:?}");
        assert!(shown.contains("me") && !shown.contains("hidden"), "{shown}");
        assert_eq!(settings.without_secrets("bad hidden1, hidden2"), "bad …, …");
        let property = ("apiKey".to_owned(), "hidden3".to_owned());
        let settings = Settings::from_url("odbc:DSN=x", None, None, &[property]);
        let settings = settings.unwrap().hiding(["APIKEY".to_owned()]);
        let told = settings.without_secrets("bad hidden3");
        assert!(!format!("{settings:?} {told}").contains("hidden"), "{told}");
    }

    #[test]
    fn a_bare_name_is_that_of_a_data_source_and_properties_become_attributes() {
        let property = ("Port".to_owned(), "1;x".to_owned());
        let settings = Settings::from_url("odbc:sales", None, None, &[property]).unwrap();
        assert_eq!(settings.connection_string(), "DSN=sales;Port={1;x}");
        assert_eq!(settings.attribute("dsn").as_deref(), Some("sales"));
        assert!(Settings::from_url("odbc:", None, None, &[]).is_err());
        let apart = [("Driver".to_owned(), "My Driver".to_owned())];
        let settings = Settings::new(&apart, None, None).unwrap();
        assert_eq!(settings.connection_string(), "Driver={My Driver}");
        let bad = [("a=b;c".to_owned(), String::new())];
        assert!(Settings::from_url("odbc:sales", None, None, &bad).is_err());
    }
}
