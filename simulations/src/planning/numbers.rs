//! Times between instants, and how they are written in JSON.

use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::format_duration;
use serde::Serializer;

/// How long from `earlier` to `later`; zero where it is not earlier.
pub(super) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

/// For people: to the second, from a second on.
pub(super) fn rounded(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format_duration(duration);
    }
    let seconds = duration.as_secs() + u64::from(duration.subsec_millis() >= 500);
    format_duration(Duration::from_secs(seconds))
}

/// Writes a duration as whole milliseconds.
pub(super) fn milliseconds<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
