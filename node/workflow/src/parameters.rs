//! Parameters and time macros: `${param:NAME}` and `${time.X|FORMAT|OFFSET}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An instance's parameters by name.
pub type Parameters = BTreeMap<String, String>;

/// The instant and zone that time macros are computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct LogicalTime {
    pub instant: Timestamp,
    pub zone: TimeZone,
}
