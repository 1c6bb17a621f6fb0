//! The scenarios that have a name, from the files in `simulations/scenarios`.

use super::{Scenario, ScenarioError};

macro_rules! file {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../scenarios/", $name, ".toml")),
        )
    };
}

/// Name and text of each, in order of their names.
const FILES: &[(&str, &str)] = &[
    file!("all-stopped-one-by-one"),
    file!("clock-jumps"),
    file!("flapping-links"),
    file!("lossy-network"),
    file!("lost-disk"),
    file!("master-killed-fifty-times"),
    file!("master-unheard"),
    file!("master-without-store"),
    file!("midnight-herd"),
    file!("one-way-cuts"),
    file!("paused-master"),
    file!("paused-worker"),
    file!("rolling-upgrade"),
    file!("slow-machines"),
    file!("split-votes"),
    file!("store-away-during-takeover"),
    file!("store-away-long"),
    file!("store-away-shortly"),
    file!("store-restored-while-down"),
    file!("store-restored-while-running"),
    file!("worker-cut-off"),
    file!("worker-killed-and-back"),
    file!("worker-killed-for-good"),
];

/// The scenario of that name.
///
/// # Errors
/// When there is none, with the names of those that there are.
pub fn named(name: &str) -> Result<Scenario, ScenarioError> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    let (file, text) = found.ok_or_else(|| ScenarioError::Unknown {
        name: name.to_owned(),
        known: FILES
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", "),
    })?;
    Scenario::parse(&format!("{file}.toml"), text)
}

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}
