//! Cluster-wide settings: they live in the store, by key, as text; here they are read, checked and written.

use std::time::Duration;

use jiff::tz::TimeZone;
use peerflow_workflow::Schedule;
use serde::{Deserialize, Serialize};

use crate::duration::{format_duration, parse_duration};

/// Settings that are the same on every node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// IANA zone for workflows that name none.
    pub timezone: String,
    /// Cron expression, in that zone, at which every coordinator's readiness is reset; empty for never.
    pub reset: String,
    /// Cron expression, in that zone, at which the daily plan is made; empty for never.
    pub plan: String,
    /// After how many failed tries of a step the retry mail is due; 0 for never.
    pub node_retry_fail_times: u32,
    /// A worker's grant.
    pub worker_lease: Duration,
    /// How long mastership holds without renewal.
    pub election_ttl: Duration,
    pub election_renew_every: Duration,
    /// How long ended runs are kept.
    pub retention_instances: Duration,
    /// How long logs of ended runs are kept.
    pub retention_logs: Duration,
}

/// A setting that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such key in the cluster's settings.
    #[error("there is no cluster-wide setting {key:?}; {}", hint(*.nearest))]
    Unknown {
        key: String,
        nearest: Option<&'static str>,
    },
    /// The value makes no sense for that key.
    #[error("{key}: {reason}")]
    Invalid { key: &'static str, reason: String },
}

const TIMEZONE: &str = "node.timezone";
const TTL: &str = "election.ttl";
const RENEW_EVERY: &str = "election.renew_every";
const LEASE: &str = Settings::WORKER_LEASE;
const RESET: &str = "cron_runner.reset";
const PLAN: &str = "cron_runner.plan";
const RETRY_FAIL_TIMES: &str = "email.node_retry_fail_times";
const INSTANCES: &str = "retention.instances";
const LOGS: &str = "retention.logs";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// A hundred years: as good as for ever.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// How many failed tries may go by before a mail.
const MOST_FAILURES: u32 = 100_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            timezone: "UTC".to_owned(),
            reset: "59 23 * * *".to_owned(),
            plan: "1 0 * * *".to_owned(),
            node_retry_fail_times: 1,
            worker_lease: Duration::from_secs(60),
            election_ttl: Duration::from_secs(2),
            election_renew_every: Duration::from_millis(500),
            retention_instances: 90 * DAY,
            retention_logs: 30 * DAY,
        }
    }
}

impl Settings {
    /// The key of [`Settings::worker_lease`].
    pub const WORKER_LEASE: &'static str = "worker.lease";
    /// What stands under this key beside the settings nobody sets: the longest `worker.lease` whose grants may still
    /// hold, written by the master that lowers it.
    pub const LONGEST_LEASE: &'static str = "worker.lease.longest";
    /// All keys, in the order of [`Settings::entries`].
    pub const KEYS: [&'static str; 9] = [
        TIMEZONE,
        TTL,
        RENEW_EVERY,
        LEASE,
        RESET,
        PLAN,
        RETRY_FAIL_TIMES,
        INSTANCES,
        LOGS,
    ];

    /// Every key with its value, as [`Settings::set`] reads it and as the store keeps it.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let values = [
            self.timezone.clone(),
            format_duration(self.election_ttl),
            format_duration(self.election_renew_every),
            format_duration(self.worker_lease),
            self.reset.clone(),
            self.plan.clone(),
            self.node_retry_fail_times.to_string(),
            format_duration(self.retention_instances),
            format_duration(self.retention_logs),
        ];
        Self::KEYS.into_iter().zip(values).collect()
    }

    /// Sets one by its key. What must fit together is not looked at: see [`Settings::check`].
    ///
    /// # Errors
    /// When no setting is called `key`, or the value makes no sense; nothing is changed then.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), SettingError> {
        let text = text.trim();
        let ms = Duration::from_millis;
        match key {
            TIMEZONE => self.timezone = zone(text)?,
            TTL => self.election_ttl = duration(TTL, text, ms(100), ms(600_000))?,
            RENEW_EVERY => {
                self.election_renew_every = duration(RENEW_EVERY, text, ms(10), ms(300_000))?;
            }
            LEASE => self.worker_lease = duration(LEASE, text, ms(1_000), DAY)?,
            RESET => self.reset = cron(RESET, text)?,
            PLAN => self.plan = cron(PLAN, text)?,
            RETRY_FAIL_TIMES => self.node_retry_fail_times = failures(text)?,
            INSTANCES => self.retention_instances = duration(INSTANCES, text, ms(1_000), CENTURY)?,
            LOGS => self.retention_logs = duration(LOGS, text, ms(1_000), CENTURY)?,
            _ => {
                return Err(SettingError::Unknown {
                    key: key.chars().take(80).collect(),
                    nearest: nearest(key),
                });
            }
        }
        Ok(())
    }

    /// Whether the values fit each other.
    ///
    /// # Errors
    /// When two do not.
    pub fn check(&self) -> Result<(), SettingError> {
        if self.election_ttl < self.election_renew_every * 2 {
            return Err(SettingError::Invalid {
                key: TTL,
                reason: format!(
                    "{} is less than twice election.renew_every, which is {}: one slow renewal would cost the mastership",
                    format_duration(self.election_ttl),
                    format_duration(self.election_renew_every)
                ),
            });
        }
        Ok(())
    }
}

fn zone(text: &str) -> Result<String, SettingError> {
    match TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_unknown) => Err(SettingError::Invalid {
            key: TIMEZONE,
            reason: format!(
                "{text:?} is no IANA time zone; write one like \"Asia/Shanghai\" or \"UTC\""
            ),
        }),
    }
}

fn cron(key: &'static str, text: &str) -> Result<String, SettingError> {
    if !text.is_empty() {
        Schedule::parse(text).map_err(|error| SettingError::Invalid {
            key,
            reason: format!("{error}; leave it empty for never"),
        })?;
    }
    Ok(text.to_owned())
}

fn duration(
    key: &'static str,
    text: &str,
    least: Duration,
    most: Duration,
) -> Result<Duration, SettingError> {
    let value = parse_duration(text).map_err(|reason| SettingError::Invalid { key, reason })?;
    if value < least || value > most {
        return Err(SettingError::Invalid {
            key,
            reason: format!(
                "{text} is out of range; give {} to {}",
                format_duration(least),
                format_duration(most)
            ),
        });
    }
    Ok(value)
}

fn failures(text: &str) -> Result<u32, SettingError> {
    text.parse()
        .ok()
        .filter(|number| *number <= MOST_FAILURES)
        .ok_or_else(|| SettingError::Invalid {
            key: RETRY_FAIL_TIMES,
            reason: format!("{text:?} is no number from 0 (never) to {MOST_FAILURES}"),
        })
}

/// The known key that `key` most likely means.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let similarity = |known: &str| {
        strsim::jaro_winkler(&key, known)
            .max(strsim::normalized_damerau_levenshtein(&last(&key), &last(known)) * 0.99)
    };
    Settings::KEYS
        .into_iter()
        .map(|known| (similarity(known), known))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

fn hint(nearest: Option<&'static str>) -> String {
    match nearest {
        Some(known) => format!("did you mean {known:?}?"),
        None => format!("there are {}", Settings::KEYS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let settings = Settings {
            timezone: "Asia/Shanghai".to_owned(),
            reset: String::new(),
            worker_lease: Duration::from_millis(90_500),
            retention_logs: DAY,
            ..Settings::default()
        };
        let mut read = Settings::default();
        for (key, value) in settings.entries() {
            read.set(key, &value).unwrap();
        }
        assert_eq!(read, settings);
        read.check().unwrap();
    }

    #[test]
    fn a_wrong_value_says_what_to_write_and_changes_nothing() {
        for (key, value, says) in [
            ("node.timezone", "Asia/Shanghia", "IANA"),
            ("worker.lease", "60", "\"5s\""),
            ("worker.lease", "0s", "1s to 1d"),
            ("election.ttl", "1w", "out of range"),
            ("cron_runner.reset", "61 * * * *", "cron_runner.reset"),
            ("email.node_retry_fail_times", "-1", "0 (never)"),
            ("retention.logs", "", "a duration is wanted"),
        ] {
            let mut settings = Settings::default();
            let error = settings.set(key, value).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(key), "{error}");
            assert_eq!(settings, Settings::default());
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let error = |key| Settings::default().set(key, "1").unwrap_err().to_string();
        assert!(error("worker.leese").contains("\"worker.lease\""));
        assert!(error("timezone").contains("\"node.timezone\""));
        assert!(error("x").contains("there are node.timezone, election.ttl"));
    }

    #[test]
    fn a_lease_is_renewed_at_least_twice_before_it_ends() {
        let mut settings = Settings::default();
        settings.set("election.renew_every", "1500ms").unwrap();
        let error = settings.check().unwrap_err().to_string();
        assert!(
            error.contains("election.ttl") && error.contains("1s 500ms"),
            "{error}"
        );
        settings.set("election.ttl", "3s").unwrap();
        settings.check().unwrap();
    }
}
