//! Links.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::time::Time;

/// A link, without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// `db` or `file`.
    pub kind: String,
    pub name: String,
    /// `MYSQL`, `SFTP`, …
    #[serde(rename = "type")]
    pub system: String,
    /// Of a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jdbc_url: Option<String>,
    /// Of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Of files; absent: the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    pub username: String,
    pub description: String,
    /// Those that are no secrets.
    pub properties: BTreeMap<String, String>,
    /// Whether a password or another secret is kept with it.
    pub has_secrets: bool,
    pub updated_at: Time,
}

/// A page of links, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinkPage {
    pub items: Vec<Link>,
    /// Give it as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
}

/// A link as it is added or changed. What is not given stays as it is, secrets too.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinkGiven {
    /// Of a new link; otherwise the path names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of a database `MYSQL`, `POSTGRES`, `SQLITE`, `HIVE`, `IMPALA`, `ORACLE`, `CLICKHOUSE`, `ODBC`; of files `LOCAL`, `SFTP`,
    /// `HDFS`, `WEBHDFS`, `S3`, `FTP`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Of a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jdbc_url: Option<String>,
    /// Of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Kept encrypted and never given out again.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "hidden_text"
    )]
    pub password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Added or replaced; `null` takes one away. Those that are secrets by their names are kept encrypted.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "hidden_texts"
    )]
    pub properties: BTreeMap<String, Option<String>>,
}

/// A text; what else was given is not shown in the error, as it may be a secret.
fn hidden_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text_of(Value::deserialize(deserializer)?)
        .map_err(|()| D::Error::custom("the password must be a text in quotes"))
}

fn hidden_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Option<String>>, D::Error> {
    let wrong = "properties must be an object whose values are texts in quotes, or null";
    let Value::Object(given) = Value::deserialize(deserializer)? else {
        return Err(D::Error::custom(wrong));
    };
    given
        .into_iter()
        .map(|(name, value)| Ok((name, text_of(value)?)))
        .collect::<Result<_, ()>>()
        .map_err(|()| D::Error::custom(wrong))
}

fn text_of(value: Value) -> Result<Option<String>, ()> {
    match value {
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(()),
    }
}

/// Passwords may stand anywhere in it, so only the name is shown.
impl fmt::Debug for LinkGiven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkGiven")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkSaved {
    pub name: String,
    pub outcome: LinkOutcome,
    /// What works, but hardly as it was meant.
    pub warnings: Vec<String>,
}

/// What adding or changing a link did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkOutcome {
    Added,
    Updated,
    Unchanged,
}

/// What trying a link from the asked peer found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkTrial {
    pub name: String,
    /// The peer that tried.
    pub node: String,
    /// Whether the other side was reached and let us in.
    pub ok: bool,
    /// What is there, or what is wrong and what to do.
    pub message: String,
}
