//! Hints in workflows: comments `# simulate: takes 5s..20s` in any text of a step.

use peerflow_workflow::{
    Action, FileTarget, Metadata, Reading, Step, StepKind, TableTarget, Transfer, TransferSource,
    TransferTarget, Work,
};

use super::behaviour::Behaviour;

const MARK: &str = "simulate:";

/// A hint that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadHint {
    pub(super) hint: String,
    pub(super) problem: String,
}

/// What the hints of a step say, all together.
pub(super) fn read(step: &Step) -> Result<Behaviour, BadHint> {
    let mut behaviour = Behaviour::default();
    let StepKind::Action(action) = &step.kind else {
        return Ok(behaviour);
    };
    let texts = texts(action);
    for text in texts.into_iter().chain([step.description.as_str()]) {
        // Programs are long and hints are rare.
        if !text.contains(MARK) {
            continue;
        }
        for hint in text.lines().filter_map(hint_of) {
            behaviour.hear(hint).map_err(|problem| BadHint {
                hint: hint.to_owned(),
                problem,
            })?;
        }
    }
    Ok(behaviour)
}

/// The hint in a line, if it has one: after the mark, which follows the opening of a comment.
fn hint_of(line: &str) -> Option<&str> {
    let (before, hint) = line.split_once(MARK)?;
    let before = before.trim_end();
    if !["#", "//", "--"].iter().any(|it| before.ends_with(it)) {
        return None;
    }
    let hint = hint.split_once("-->").map_or(hint, |(hint, _)| hint);
    Some(hint.trim())
}

fn texts(action: &Action) -> Vec<&str> {
    match &action.work {
        Work::Script(script) => vec![&script.code],
        Work::Shell(command) => vec![&command.0],
        Work::FileExecutor(executor) => vec![&executor.command],
        Work::Sql(sql) => vec![&sql.statements],
        Work::Transfer(transfer) => match &**transfer {
            Transfer::Script(command) => vec![&command.0],
            Transfer::Rows { source, target } => rows(source, target),
        },
        Work::FileMonitor(monitor) => vec![&monitor.warn_message],
        Work::DataMonitor(monitor) => {
            let readings = [
                Some(&monitor.source),
                monitor.min.as_ref(),
                monitor.max.as_ref(),
            ];
            let mut texts: Vec<&str> = readings.into_iter().flatten().filter_map(reading).collect();
            texts.push(&monitor.warn_message);
            texts
        }
        Work::Metadata(Metadata { table_comment, .. }) => {
            table_comment.iter().map(String::as_str).collect()
        }
        Work::Email(email) => vec![&email.html],
    }
}

fn reading(reading: &Reading) -> Option<&str> {
    match reading {
        Reading::Sql { query, .. } => Some(query),
        Reading::Command(command) => Some(&command.0),
        Reading::Number(_) => None,
    }
}

fn rows<'w>(source: &'w TransferSource, target: &'w TransferTarget) -> Vec<&'w str> {
    let mut texts: Vec<&str> = Vec::new();
    if let TransferSource::Table(table) = source {
        texts.push(&table.table_or_query);
    }
    match target {
        TransferTarget::Table(TableTarget { pre, after, .. })
        | TransferTarget::File(FileTarget { pre, after, .. }) => texts.extend([&**pre, &**after]),
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_in_a_comment_of_any_kind() {
        for line in [
            "# simulate: takes 5s",
            "echo a; echo b # simulate: takes 5s  ",
            "//simulate: takes 5s",
            "select 1 -- simulate: takes 5s",
            "<p>a</p><!-- simulate: takes 5s --><p>b</p>",
        ] {
            assert_eq!(hint_of(line), Some("takes 5s"), "{line}");
        }
        for line in ["we simulate: a storm", "# simulated: takes 5s", "echo"] {
            assert_eq!(hint_of(line), None, "{line}");
        }
    }
}
