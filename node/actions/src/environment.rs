//! The variables that a task's processes get beside the node's own environment.

use std::ffi::OsString;

use crate::task::Task;

/// Variables, and what there is to say about them.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// Parameters whose names no variable can have.
    pub(crate) unnameable: Vec<String>,
}

/// The variables of `task`: `PEERFLOW_INSTANCE`, `_WORKFLOW`, `_RUN`, `_STEP`, `_VISIT`, `_ATTEMPT` (the number of the try) and
/// `PEERFLOW_PARAM_<NAME>` for each parameter, its name as it stands, in any script.
///
/// # Errors
/// When a value holds a NUL character, which no variable can.
pub(crate) fn environment(task: &Task) -> Result<Environment, String> {
    let visit = &task.attempt.visit;
    let mut variables = vec![
        (
            "PEERFLOW_INSTANCE".into(),
            visit.run.instance.as_str().into(),
        ),
        (
            "PEERFLOW_WORKFLOW".into(),
            task.workflow.name.as_str().into(),
        ),
        ("PEERFLOW_RUN".into(), visit.run.run.to_string().into()),
        ("PEERFLOW_STEP".into(), visit.step.as_str().into()),
        ("PEERFLOW_VISIT".into(), visit.visit.to_string().into()),
        (
            "PEERFLOW_ATTEMPT".into(),
            task.attempt.attempt.to_string().into(),
        ),
    ];
    let mut unnameable = Vec::new();
    for (name, value) in task.params.iter() {
        if name.is_empty() || name.contains(['=', '\0']) {
            unnameable.push(name.clone());
            continue;
        }
        if value.contains('\0') {
            return Err(format!(
                "parameter `{name}` holds a NUL character, which no process can be given; remove it"
            ));
        }
        variables.push((
            format!("PEERFLOW_PARAM_{name}").into(),
            value.as_str().into(),
        ));
    }
    Ok(Environment {
        variables,
        unnameable,
    })
}
