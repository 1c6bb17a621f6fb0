//! The text form of what nodes say of themselves: small JSON values under a key each.
//!
//! Versions live together: unknown fields are ignored, missing ones have a default. What a peer wrote is not trusted in
//! its form: every length is bounded, and what cannot be read is an error, never a panic.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use jiff::Timestamp;
use peerflow_model::{Epoch, NodeId};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::member::{About, LeaseProgress, Word};

/// Key of what is said for a whole life.
pub(crate) const ABOUT: &str = "about";
/// Key of what changes, but for the lease.
pub(crate) const WORD: &str = "word";
/// Key of the lease's progress: apart, since peers wait for it and for nothing else of the word.
pub(crate) const LEASE: &str = "lease";
/// Key that is there once a node has said that it goes.
pub(crate) const LEFT: &str = "left";

/// Longest node id, in bytes: a digest names every node and must fit one datagram.
pub(crate) const ID_BYTES: usize = 20;
/// Longest value, in bytes.
const VALUE_BYTES: usize = 4_096;
/// Longest URL, in bytes.
const URL_BYTES: usize = 512;
/// Longest version, in bytes.
const VERSION_BYTES: usize = 64;
/// Longest label or host name, in bytes.
const NAME_BYTES: usize = 255;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct AboutText {
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rpc: Option<SocketAddr>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    labels: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    hosts: BTreeSet<String>,
    slots: u32,
    version: String,
    /// Milliseconds since 1970.
    started: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct WordText {
    running: u32,
    load: f32,
    epoch: u64,
    store: bool,
    draining: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct LeaseText {
    epoch: u64,
    renewals: u64,
    released: bool,
}

/// A value of a peer that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is longer than allowed")]
    TooLong,
    #[error("it has not the form it should have")]
    Form,
}

/// The id of a node, if this can be one: 1 to 20 bytes without control characters.
pub(crate) fn node_id(text: &str) -> Option<NodeId> {
    let fits = (1..=ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

/// The text of what a node says for its whole life.
pub(crate) fn write_about(about: &About) -> Result<String, Error> {
    let text = AboutText {
        http: about.http.clone(),
        rpc: about.rpc,
        labels: about.labels.clone(),
        hosts: about.hosts.clone(),
        slots: about.slots,
        version: about.version.clone(),
        started: about.started_at.as_millisecond(),
    };
    check(&text).map_err(|(what, length, limit)| Error::TooLong {
        what,
        length,
        limit,
    })?;
    let value = json(&text);
    if value.len() > VALUE_BYTES {
        return Err(Error::TooLong {
            what: "the list of labels and host names",
            length: value.len(),
            limit: VALUE_BYTES,
        });
    }
    Ok(value)
}

/// What a peer says for its whole life.
pub(crate) fn read_about(value: &str) -> Result<About, Unreadable> {
    let text: AboutText = parse(value)?;
    check(&text).map_err(|_limit| Unreadable::TooLong)?;
    Ok(About {
        http: text.http,
        rpc: text.rpc,
        labels: text.labels,
        hosts: text.hosts,
        slots: text.slots,
        version: text.version,
        started_at: Timestamp::from_millisecond(text.started).map_err(|_error| Unreadable::Form)?,
    })
}

/// The text of what changes, but for the lease.
pub(crate) fn write_word(word: &Word) -> String {
    json(&WordText {
        running: word.running,
        load: rounded(word.load),
        epoch: word.highest_epoch.0,
        store: word.store_reachable,
        draining: word.draining,
    })
}

/// What a peer says now, but for the lease.
pub(crate) fn read_word(value: &str) -> Result<Word, Unreadable> {
    let text: WordText = parse(value)?;
    Ok(Word {
        running: text.running,
        load: rounded(text.load),
        highest_epoch: Epoch(text.epoch),
        lease: None,
        store_reachable: text.store,
        draining: text.draining,
    })
}

/// The text of the lease's progress; who does not hold it says so.
pub(crate) fn write_lease(lease: Option<LeaseProgress>) -> String {
    json(&lease.map(|lease| LeaseText {
        epoch: lease.epoch.0,
        renewals: lease.renewals,
        released: lease.released,
    }))
}

/// The progress of the lease that a peer holds.
pub(crate) fn read_lease(value: &str) -> Result<Option<LeaseProgress>, Unreadable> {
    let text: Option<LeaseText> = parse(value)?;
    Ok(text.map(|lease| LeaseProgress {
        epoch: Epoch(lease.epoch),
        renewals: lease.renewals,
        released: lease.released,
    }))
}

fn parse<'a, T: Deserialize<'a>>(value: &'a str) -> Result<T, Unreadable> {
    if value.len() > VALUE_BYTES {
        return Err(Unreadable::TooLong);
    }
    serde_json::from_str(value).map_err(|_error| Unreadable::Form)
}

/// These types have text keys and finite numbers only, so that writing them cannot fail.
fn json(text: &impl Serialize) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A load in steps of 0.05: a smaller change is no news.
pub(crate) fn rounded(load: f32) -> f32 {
    if load.is_finite() {
        (load.clamp(0.0, 1_000_000.0) * 20.0).round() / 20.0
    } else {
        0.0
    }
}

/// What is too long, its length and its limit.
fn check(text: &AboutText) -> Result<(), (&'static str, usize, usize)> {
    let one = |what, length, limit| {
        if length > limit {
            Err((what, length, limit))
        } else {
            Ok(())
        }
    };
    let url = text.http.as_ref().map_or(0, String::len);
    one("the URL of the HTTP interface", url, URL_BYTES)?;
    one("the version", text.version.len(), VERSION_BYTES)?;
    for label in &text.labels {
        one("a label", label.len(), NAME_BYTES)?;
    }
    for host in &text.hosts {
        one("a host name", host.len(), NAME_BYTES)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
