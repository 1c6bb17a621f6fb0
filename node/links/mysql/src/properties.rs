//! The properties of a JDBC URL, as far as they mean something here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use peerflow_rows::{Error, Trouble};

/// Whether the connection is sealed, and what is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    Off,
    /// Where the server offers it; its certificate is not checked.
    Preferred,
    Required {
        /// Whether its certificate must come from an authority that is known.
        verify: bool,
        /// Whether it must be of the host's name.
        verify_host: bool,
    },
}

/// What becomes of dates that are zero, like `0000-00-00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ZeroDates {
    Keep,
    Null,
    /// `0001-01-01`, as JDBC drivers do.
    Round,
    Refuse,
}

/// What the properties of a link say.
#[derive(Clone, Debug)]
pub(crate) struct Properties {
    pub(crate) tls: Tls,
    /// A certificate in PEM that is trusted besides the usual ones.
    pub(crate) authority: Option<PathBuf>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) zero_dates: ZeroDates,
    /// Whether TINYINT(1) and BIT(1) hold booleans.
    pub(crate) tiny_is_boolean: bool,
    pub(crate) local_infile: bool,
    pub(crate) compression: bool,
    /// Whether an UPDATE counts the rows that it found, not those that it changed.
    pub(crate) found_rows: bool,
    /// `name=value, …`, set on each connection.
    pub(crate) session_variables: Option<String>,
}

/// Understood in [`Properties::parse`]; lower case.
const UNDERSTOOD: &[&str] = &[
    "allowloadlocalinfile",
    "connecttimeout",
    "requiressl",
    "serversslcert",
    "sessionvariables",
    "sslmode",
    "tinyint1isbit",
    "trustservercertificate",
    "useaffectedrows",
    "usecompression",
    "usessl",
    "verifyservercertificate",
    "zerodatetimebehavior",
];

/// Means nothing here, because what it asks for is so anyway or belongs to JDBC alone; lower case.
const WITHOUT_EFFECT: &[&str] = &[
    "allowmultiqueries",
    "allowpublickeyretrieval",
    "autoreconnect",
    "autoreconnectforpools",
    "cacheprepstmts",
    "characterencoding",
    "characterresultsets",
    "charactersetresults",
    "connectiontimezone",
    "defaultfetchsize",
    "failoverreadonly",
    "maxreconnects",
    "noaccesstoprocedurebodies",
    "nullcatalogmeanscurrent",
    "prepstmtcachesize",
    "prepstmtcachesqllimit",
    "remarks",
    "rewritebatchedstatements",
    "servertimezone",
    "tcpkeepalive",
    "tcpnodelay",
    "usecursorfetch",
    "useinformationschema",
    "usejdbccomplianttimezoneshift",
    "uselegacydatetimecode",
    "useoldaliasmetadatabehavior",
    "useserverprepstmts",
    "useunicode",
    "yearisdatetype",
];

/// A sentence for each property that is left aside.
pub(crate) fn unknown(properties: &BTreeMap<String, String>) -> Vec<String> {
    properties
        .keys()
        .filter(|name| {
            let name = name.to_ascii_lowercase();
            !UNDERSTOOD.contains(&name.as_str()) && !WITHOUT_EFFECT.contains(&name.as_str())
        })
        .map(|name| format!("property {name} is not understood for MySQL and left aside"))
        .collect()
}

impl Properties {
    /// Reads them; names in any case.
    pub(crate) fn parse(properties: &BTreeMap<String, String>) -> Result<Self, Error> {
        let given = Given(properties);
        Ok(Self {
            tls: tls(&given)?,
            authority: given.text("serverSslCert").map(PathBuf::from),
            connect_timeout: milliseconds(&given, "connectTimeout")?,
            zero_dates: zero_dates(&given)?,
            tiny_is_boolean: given.flag("tinyInt1isBit")?.unwrap_or(true),
            local_infile: given.flag("allowLoadLocalInfile")?.unwrap_or(true),
            compression: given.flag("useCompression")?.unwrap_or(false),
            found_rows: given.flag("useAffectedRows")? == Some(false),
            session_variables: given.text("sessionVariables").map(str::to_owned),
        })
    }
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

fn milliseconds(given: &Given<'_>, name: &str) -> Result<Option<Duration>, Error> {
    let Some(text) = given.text(name) else {
        return Ok(None);
    };
    let value: u64 = text
        .parse()
        .map_err(|_not_a_number| wrong(name, "milliseconds"))?;
    Ok((value > 0).then(|| Duration::from_millis(value)))
}

fn tls(given: &Given<'_>) -> Result<Tls, Error> {
    let required = |verify, verify_host| Tls::Required {
        verify,
        verify_host,
    };
    if let Some(mode) = given.text("sslMode") {
        return match mode.to_ascii_lowercase().replace('-', "_").as_str() {
            "disabled" | "disable" => Ok(Tls::Off),
            "preferred" => Ok(Tls::Preferred),
            "required" | "trust" => Ok(required(false, false)),
            "verify_ca" => Ok(required(true, false)),
            "verify_identity" | "verify_full" => Ok(required(true, true)),
            _ => Err(wrong(
                "sslMode",
                "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
            )),
        };
    }
    let verify = given.flag("verifyServerCertificate")?.unwrap_or(false)
        && given.flag("trustServerCertificate")? != Some(true);
    match (given.flag("useSSL")?, given.flag("requireSSL")?) {
        (Some(false), _) => Ok(Tls::Off),
        (_, Some(true)) | (Some(true), _) => Ok(required(verify, false)),
        (None, _) if verify => Ok(required(true, false)),
        (None, _) => Ok(Tls::Preferred),
    }
}

fn zero_dates(given: &Given<'_>) -> Result<ZeroDates, Error> {
    const NAME: &str = "zeroDateTimeBehavior";
    let Some(text) = given.text(NAME) else {
        return Ok(ZeroDates::Keep);
    };
    match text.to_ascii_lowercase().replace('_', "").as_str() {
        "converttonull" => Ok(ZeroDates::Null),
        "round" => Ok(ZeroDates::Round),
        "exception" => Ok(ZeroDates::Refuse),
        _ => Err(wrong(NAME, "CONVERT_TO_NULL, ROUND or EXCEPTION")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[(&str, &str)]) -> Result<Properties, Error> {
        Properties::parse(&map(text))
    }

    fn map(text: &[(&str, &str)]) -> BTreeMap<String, String> {
        text.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn tls_is_as_jdbc_properties_say() {
        let required = |verify, verify_host| Tls::Required {
            verify,
            verify_host,
        };
        for (properties, tls) in [
            (&[][..], Tls::Preferred),
            (&[("useSSL", "false")], Tls::Off),
            (&[("usessl", "true")], required(false, false)),
            (
                &[("useSSL", "true"), ("verifyServerCertificate", "true")],
                required(true, false),
            ),
            (&[("requireSSL", "true")], required(false, false)),
            (&[("sslMode", "VERIFY_IDENTITY")], required(true, true)),
            (&[("sslMode", "verify-ca")], required(true, false)),
        ] {
            assert_eq!(parse(properties).unwrap().tls, tls, "{properties:?}");
        }
        let error = parse(&[("sslMode", "secret")]).unwrap_err();
        assert_eq!(error.trouble, Trouble::Settings);
        assert!(!error.message.contains("secret"));
    }

    #[test]
    fn unknown_properties_are_told_by_name_only() {
        let told = unknown(&map(&[
            ("useSSL", "false"),
            ("serverTimezone", "UTC"),
            ("password2", "hidden"),
        ]));
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("password2") && !told[0].contains("hidden"));
    }
}
