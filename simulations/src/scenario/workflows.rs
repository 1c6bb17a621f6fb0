//! The workflows of scenarios: the standard ones, and those that few scenarios want.

use super::{Scenario, ScenarioError};
use crate::client::Registration;

/// Copies of one workflow at most.
const MOST_COPIES: usize = 10_000;

/// Name and document of each from `simulations/workflows`.
const STANDARD: &[(&str, &str)] = &[
    ("chain", include_str!("../../workflows/chain.xml")),
    ("downstream", include_str!("../../workflows/downstream.xml")),
    (
        "every-ten-seconds",
        include_str!("../../workflows/every-ten-seconds.xml"),
    ),
    (
        "every-three-seconds",
        include_str!("../../workflows/every-three-seconds.xml"),
    ),
    ("fan", include_str!("../../workflows/fan.xml")),
    ("lap", include_str!("../../workflows/lap.xml")),
    ("midnight", include_str!("../../workflows/midnight.xml")),
    ("stubborn", include_str!("../../workflows/stubborn.xml")),
];

/// Name and document of each from `simulations/scenarios/workflows`.
const SPECIAL: &[(&str, &str)] = &[
    ("herd", include_str!("../../scenarios/workflows/herd.xml")),
    ("long", include_str!("../../scenarios/workflows/long.xml")),
];

impl Scenario {
    /// The documents that the scenario registers.
    ///
    /// # Errors
    /// When it names a workflow that there is not.
    pub fn registrations(&self) -> Result<Vec<Registration>, ScenarioError> {
        if let Some(name) = self.copies.keys().find(|name| !self.names_workflow(name)) {
            return Err(self.unfit(format!(
                "copies the workflow {name:?}, which it does not register; name it in `workflows`"
            )));
        }
        let mut all = Vec::new();
        for name in self.workflow_names() {
            let xml = document(name).ok_or_else(|| {
                let known = STANDARD.iter().chain(SPECIAL).map(|(name, _)| *name);
                let known: Vec<_> = known.collect();
                self.unfit(format!(
                    "has no workflow {name:?}; there are {}",
                    known.join(", ")
                ))
            })?;
            match self.copies.get(name) {
                None => all.push(registration(name, xml)),
                Some(&copies) if copies <= MOST_COPIES => {
                    all.extend((1..=copies).map(|number| copy(name, xml, number)));
                }
                Some(copies) => {
                    return Err(self.unfit(format!(
                        "has {copies} copies of {name:?}; up to {MOST_COPIES} are taken"
                    )));
                }
            }
        }
        Ok(all)
    }

    fn names_workflow(&self, name: &str) -> bool {
        self.workflow_names().any(|known| known == name)
    }

    fn workflow_names(&self) -> impl Iterator<Item = &str> {
        let standard = STANDARD.iter().map(|(name, _)| *name);
        let standard = standard.filter(|_| self.workflows.is_empty());
        standard.chain(self.workflows.iter().map(String::as_str))
    }
}

fn document(name: &str) -> Option<&'static str> {
    let mut known = STANDARD.iter().chain(SPECIAL);
    known.find(|(other, _)| *other == name).map(|(_, xml)| *xml)
}

fn registration(name: &str, xml: &str) -> Registration {
    Registration {
        workflow: name.to_owned(),
        xml: xml.to_owned(),
    }
}

/// The same workflow under a name of its own.
fn copy(name: &str, xml: &str, number: usize) -> Registration {
    let own = format!("{name}-{number}");
    let named = |name: &str| format!("<work-flow name=\"{name}\"");
    registration(&own, &xml.replacen(&named(name), &named(&own), 1))
}
