//! The properties of a JDBC URL, as far as they mean something here: those of Hive's driver, and of Cloudera's for Impala.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use peerflow_rows::{Error, Trouble};

use crate::settings::Settings;

/// An answer may take so long unless `socketTimeout` says something else.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Understood in [`Properties::parse`]; lower case.
const UNDERSTOOD: &[&str] = &[
    "auth",
    "authmech",
    "principal",
    "sockettimeout",
    "ssl",
    "ssltruststore",
    "transportmode",
];
/// Means nothing here, because what it asks for is so anyway or belongs to JDBC alone; lower case.
const WITHOUT_EFFECT: &[&str] = &[
    "fetchsize",
    "initfile",
    "truststorepassword",
    "usenativequery",
];

/// How the server learns who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// Not at all.
    None,
    /// By user and password, which the server may believe unseen.
    Plain,
}

/// What the properties of a link say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Properties {
    pub(crate) authentication: Authentication,
    pub(crate) encrypted: bool,
    /// Certificates in PEM form that are trusted instead of the usual ones.
    pub(crate) authorities: Option<PathBuf>,
    /// How long the server may take for one answer.
    pub(crate) patience: Duration,
    /// What a session is opened with.
    pub(crate) session: Vec<(String, String)>,
}

/// A sentence for each property that is left aside.
pub(crate) fn unknown(properties: &BTreeMap<String, String>) -> Vec<String> {
    properties
        .keys()
        .filter(|name| {
            let lower = name.to_ascii_lowercase();
            !UNDERSTOOD.contains(&lower.as_str())
                && !WITHOUT_EFFECT.contains(&lower.as_str())
                && !name.starts_with("hiveconf:")
                && !name.starts_with("hivevar:")
        })
        .map(|name| format!("property {name} is not understood for HiveServer2 and left aside"))
        .collect()
}

impl Properties {
    /// Reads them; names in any case.
    pub(crate) fn parse(settings: &Settings) -> Result<Self, Error> {
        let given = Given(&settings.properties);
        if given
            .text("transportMode")
            .is_some_and(|mode| !mode.eq_ignore_ascii_case("binary"))
        {
            return Err(unsupported(
                "transportMode=http is not supported; use the server's binary port, as a rule 10000",
            ));
        }
        let patience = match given.text("socketTimeout") {
            None | Some("0") => PATIENCE,
            Some(text) => Duration::from_millis(
                text.parse()
                    .map_err(|_not_a_number| wrong("socketTimeout", "milliseconds"))?,
            ),
        };
        Ok(Self {
            authentication: authentication(settings, &given)?,
            encrypted: given.flag("ssl")?.unwrap_or(false),
            authorities: given.text("sslTrustStore").map(PathBuf::from),
            patience,
            session: session(settings),
        })
    }
}

fn authentication(settings: &Settings, given: &Given<'_>) -> Result<Authentication, Error> {
    let kerberos = || {
        unsupported(
            "Kerberos is not supported; ask for LDAP or NONE as the server's hive.server2.authentication, and leave \
             principal out of the link",
        )
    };
    if given.text("principal").is_some() {
        return Err(kerberos());
    }
    if let Some(mechanism) = given.text("AuthMech") {
        return match mechanism {
            "0" => Ok(Authentication::None),
            "1" => Err(kerberos()),
            "2" | "3" => Ok(Authentication::Plain),
            _ => Err(wrong(
                "AuthMech",
                "0 for none, 2 for a user, or 3 for a user and a password",
            )),
        };
    }
    match given.text("auth").map(str::to_ascii_lowercase).as_deref() {
        Some("nosasl") => Ok(Authentication::None),
        Some("kerberos" | "delegationtoken") => Err(kerberos()),
        Some("none" | "plain" | "ldap" | "custom" | "pam") => Ok(Authentication::Plain),
        Some(_) => Err(wrong("auth", "noSasl, or leave it out")),
        None if settings.impala && settings.password.is_empty() => Ok(Authentication::None),
        None => Ok(Authentication::Plain),
    }
}

/// Names as Hive's own driver sends them.
fn session(settings: &Settings) -> Vec<(String, String)> {
    let database = match settings.database.as_str() {
        "" => "default",
        database => database,
    };
    let mut session = vec![("use:database".to_owned(), database.to_owned())];
    for (name, value) in &settings.properties {
        let name = match name.strip_prefix("hiveconf:") {
            // Impala's own settings have no such words before them.
            Some(bare) if settings.impala => bare.to_owned(),
            Some(_) => format!("set:{name}"),
            None if name.starts_with("hivevar:") => format!("set:{name}"),
            None => continue,
        };
        session.push((name, value.clone()));
    }
    session
}

struct Given<'a>(&'a BTreeMap<String, String>);

impl Given<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            _ => Err(wrong(name, "true or false")),
        }
    }
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::new(
        Trouble::Settings,
        format!("property {name} has a value that is not understood; write {expected}"),
    )
}

fn unsupported(what: &str) -> Error {
    Error::new(Trouble::Unsupported, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(impala: bool, properties: &[(&str, &str)]) -> Result<Properties, Error> {
        let mut settings = Settings::new("h");
        settings.impala = impala;
        for &(name, value) in properties {
            settings
                .properties
                .insert(name.to_owned(), value.to_owned());
        }
        Properties::parse(&settings)
    }

    #[test]
    fn authentication_is_as_the_drivers_of_java_have_it() {
        use Authentication::{None, Plain};
        for (impala, properties, expected) in [
            (false, &[][..], Plain),
            (true, &[], None),
            (false, &[("auth", "noSasl")], None),
            (true, &[("AuthMech", "3")], Plain),
        ] {
            let parsed = parse(impala, properties).unwrap();
            assert_eq!(parsed.authentication, expected, "{properties:?}");
        }
        let error = parse(false, &[("principal", "hive/_HOST@EXAMPLE.COM")]).unwrap_err();
        assert_eq!(error.trouble, Trouble::Unsupported);
        assert!(error.message.contains("Kerberos is not supported"));
        assert!(parse(false, &[("transportMode", "http")]).is_err());
    }

    #[test]
    fn settings_of_the_session_are_sent_as_hive_expects_them() {
        let parsed = parse(false, &[("hiveconf:a.b", "1"), ("hivevar:v", "2")]).unwrap();
        let sent: Vec<_> = parsed
            .session
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            sent,
            [
                ("use:database", "default"),
                ("set:hiveconf:a.b", "1"),
                ("set:hivevar:v", "2")
            ]
        );
    }
}
