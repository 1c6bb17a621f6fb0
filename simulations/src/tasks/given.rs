//! Durations given in a file: how steps behave, as an operator knows it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::behaviour::{Behaviour, bounds, exit_code, lines, share};
use super::playbook::PlayError;

/// Stands for every workflow or every step.
const ALL: &str = "*";

/// What is given for (workflow, step).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Given(BTreeMap<(String, String), Behaviour>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    #[serde(default)]
    step: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    workflow: String,
    step: String,
    takes: Option<String>,
    fails: Option<String>,
    fails_first: Option<u32>,
    hangs: Option<String>,
    exit: Option<u32>,
    prints: Option<u32>,
    ignores_term: Option<bool>,
}

impl Given {
    /// Reads the file's text.
    pub(super) fn read(toml: &str) -> Result<Self, PlayError> {
        let sheet: Sheet = toml::from_str(toml).map_err(|error| PlayError::Sheet {
            problem: error.to_string().trim_end().to_owned(),
        })?;
        let mut given = BTreeMap::new();
        for row in sheet.step {
            let refuse = |problem: String| PlayError::Row {
                workflow: row.workflow.clone(),
                step: row.step.clone(),
                problem,
            };
            let behaviour = row.behaviour().map_err(refuse)?;
            let key = (row.workflow.clone(), row.step.clone());
            if given.insert(key, behaviour).is_some() {
                return Err(refuse("it is given twice; leave one of them".to_owned()));
            }
        }
        Ok(Self(given))
    }

    /// What is given for a step; the more it is meant, the more it counts.
    pub(super) fn of(&self, workflow: &str, step: &str) -> Behaviour {
        [(workflow, step), (workflow, ALL), (ALL, step), (ALL, ALL)]
            .into_iter()
            .filter_map(|(workflow, step)| self.0.get(&(workflow.to_owned(), step.to_owned())))
            .fold(Behaviour::default(), |known, next| known.or(*next))
    }

    /// The steps that it names of a workflow.
    pub(super) fn steps_of(&self, workflow: &str) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .filter(move |(of, step)| of == workflow && step != ALL)
            .map(|(_, step)| step.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Row {
    fn behaviour(&self) -> Result<Behaviour, String> {
        Ok(Behaviour {
            takes: self.takes.as_deref().map(bounds).transpose()?,
            fails: self.fails.as_deref().map(share).transpose()?,
            fails_first: self.fails_first,
            hangs: self.hangs.as_deref().map(share).transpose()?,
            exit: self.exit.map(exit_code).transpose()?,
            prints: self.prints.map(lines).transpose()?,
            ignores_term: self.ignores_term,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_given_for_a_step_itself_counts_before_what_is_given_for_all() {
        let given = Given::read(
            r#"
            [[step]]
            workflow = "*"
            step = "*"
            takes = "1m"
            fails = "1%"
            [[step]]
            workflow = "w"
            step = "*"
            takes = "2m"
            [[step]]
            workflow = "w"
            step = "s"
            takes = "5m..10m"
            "#,
        )
        .unwrap();
        let takes = |workflow, step| given.of(workflow, step).takes.unwrap().to;
        assert_eq!(takes("w", "s"), Duration::from_secs(600));
        assert_eq!(takes("w", "t"), Duration::from_secs(120));
        assert_eq!(takes("v", "s"), Duration::from_secs(60));
        assert_eq!(given.of("w", "s").fails, Some(0.01));
    }

    #[test]
    fn a_bad_file_is_refused_with_the_step_that_is_wrong() {
        let row = |rest: &str| format!("[[step]]\nworkflow = \"w\"\nstep = \"s\"\n{rest}\n");
        for (toml, expected) in [
            (row("takes = \"5\""), "step \"s\" of \"w\""),
            (row("takes = \"5\""), "no unit"),
            (row("fails = \"2\""), "like \"10%\""),
            (row("take = \"5s\""), "unknown field `take`"),
            (row("") + &row(""), "given twice"),
            ("[[step]]\nworkflow = \"w\"".to_owned(), "missing field"),
        ] {
            let error = Given::read(&toml).unwrap_err().to_string();
            assert!(error.contains(expected), "{toml}: {error}");
        }
    }
}
