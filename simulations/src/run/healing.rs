//! What follows when the faults of a run are over.

use std::time::Duration;

/// What follows when the faults of a run are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Healing {
    /// The cluster must heal within what its settings ask for, and all that is under way must end within that.
    #[default]
    Bounded,
    /// The same within a longer time, for workflows that take longer.
    Within(Duration),
    /// The run is over, whatever is under way: where nothing went wrong, nothing has to heal.
    Skipped,
}
