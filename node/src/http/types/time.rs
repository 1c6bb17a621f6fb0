//! Instants as the API writes them.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// An instant, written as RFC 3339 with the offset that the cluster's zone has then: `2026-11-20T01:00:00+08:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-20T01:00:00+08:00")]
pub struct Time(At);

/// Ordered by the instant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    instant: Timestamp,
    offset: Offset,
}

impl Time {
    /// `instant` as clocks in `zone` show it.
    pub fn new(instant: Timestamp, zone: &TimeZone) -> Self {
        Self(At {
            instant,
            offset: zone.to_offset(instant),
        })
    }

    /// The instant itself.
    pub fn instant(self) -> Timestamp {
        self.0.instant
    }

    /// The offset it is written with.
    pub fn offset(self) -> Offset {
        self.0.offset
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.instant.display_with_offset(self.0.offset), f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        let offset = Pieces::parse(&text)
            .ok()
            .and_then(|pieces| pieces.to_numeric_offset())
            .unwrap_or(Offset::UTC);
        Ok(Self(At { instant, offset }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_its_zones_offset_and_read_back_the_same() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let time = Time::new("2026-11-19T17:00:00Z".parse().expect("an instant"), &zone);
        let text = serde_json::to_string(&time).expect("a text");
        assert_eq!(text, r#""2026-11-20T01:00:00+08:00""#);
        assert_eq!(serde_json::from_str::<Time>(&text).expect("a time"), time);
        let utc = Time::new(time.instant(), &TimeZone::UTC);
        assert_eq!(utc.to_string(), "2026-11-19T17:00:00+00:00");
    }
}
