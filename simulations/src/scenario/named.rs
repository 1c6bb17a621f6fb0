//! The scenarios that have a name, from the files in `simulations/scenarios`.

use super::{Scenario, ScenarioError};

/// Name and text of each.
const FILES: &[(&str, &str)] = &[];

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
    Scenario::parse(file, text)
}

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}
