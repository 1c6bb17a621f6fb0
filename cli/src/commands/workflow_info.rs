//! `workflow info`.

use peerflow_node::http::types::{InstanceSummary, WorkflowInfo};

use super::schedule::show_coordinator;
use crate::client::{Ask, segment, typed};
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::output::{Output, Terminal};
use crate::session::Session;
use crate::style::{clean, duration, elapsed, instance_status, instance_tone, time};
use crate::table::{Field, Rows};

pub(super) async fn info(session: &Session, name: &str, xml: bool) -> Result<Exit, Error> {
    let client = session.client()?;
    let path = format!("/workflows/{}", segment(name));
    if xml {
        let document = client.text(&Ask::get(format!("{path}/xml"))).await?;
        session.output.text(&document)?;
        return Ok(Exit::Done);
    }
    let raw = client.value(&Ask::get(path)).await?;
    let workflow: WorkflowInfo = typed(&raw)?;
    session
        .output
        .show(&raw, || show(&session.output, &workflow))?;
    Ok(Exit::Done)
}

fn show(output: &Output, workflow: &WorkflowInfo) -> String {
    let (language, terminal) = (output.language, output.terminal);
    let mut text = facts(language, terminal, workflow);
    match &workflow.coordinator {
        Some(coordinator) => {
            text.push_str(&format!("\n{}\n", language.title_coordinator()));
            text.push_str(&show_coordinator(language, terminal, coordinator));
        }
        None => text.push_str(&format!("\n{}\n", language.no_coordinator())),
    }
    text.push_str(&format!("\n{}\n", language.title_steps()));
    let mut steps = Rows::under(
        &[
            language.label_step(),
            language.label_type(),
            language.label_description(),
        ],
        terminal,
    );
    for step in &workflow.steps {
        steps.row(vec![
            step.name.clone().into(),
            step.kind.clone().into(),
            step.description.clone().into(),
        ]);
    }
    text.push_str(&steps.render());
    if !workflow.instances.is_empty() {
        text.push_str(&format!("\n{}\n", language.title_latest_instances()));
        text.push_str(&instances(language, terminal, &workflow.instances));
    }
    for warning in &workflow.warnings {
        let place = format!(
            "{}:{}: {}",
            warning.line,
            warning.column,
            clean(&language.told_of_document(&warning.message))
        );
        text.push_str(&format!("\n{}", language.warning(&place)));
    }
    text
}

fn facts(language: Language, terminal: Terminal, workflow: &WorkflowInfo) -> String {
    let summary = &workflow.summary;
    let mut facts = Rows::plain(terminal);
    facts.fact(language.label_name(), summary.name.clone());
    facts.fact(language.label_folder(), summary.dir.clone());
    facts.fact(language.label_description(), summary.description.clone());
    facts.fact(language.label_creator(), summary.creator.clone());
    facts.fact(
        language.label_instance_limit(),
        workflow.instance_limit.to_string(),
    );
    if workflow.priority != 0 {
        facts.fact(language.label_priority(), workflow.priority.to_string());
    }
    facts.fact(
        language.label_timezone(),
        workflow.timezone.clone().unwrap_or_default(),
    );
    facts.fact(
        language.label_parameters_needed(),
        workflow
            .parameters_needed
            .iter()
            .cloned()
            .collect::<Vec<_>>()
            .join(", "),
    );
    if !workflow.mail_receivers.is_empty() {
        let level: Vec<_> = workflow
            .mail_level
            .iter()
            .map(|outcome| instance_status(language, (*outcome).into()))
            .collect();
        facts.fact(
            language.label_mail(),
            format!(
                "{}: {}",
                level.join(", "),
                workflow.mail_receivers.join(", ")
            ),
        );
    }
    facts.fact(language.label_downstream(), workflow.downstream.join(", "));
    let files: Vec<_> = workflow
        .files
        .iter()
        .map(|file| match file.hash {
            Some(_) => file.path.clone(),
            None => format!("{} ({})", file.path, language.content_missing()),
        })
        .collect();
    facts.fact(language.label_files(), files.join(", "));
    facts.fact(language.label_created(), time(summary.created_at));
    facts.fact(language.label_updated(), time(summary.updated_at));
    facts.render()
}

/// A table of instances.
pub(super) fn instances(
    language: Language,
    terminal: Terminal,
    instances: &[InstanceSummary],
) -> String {
    let header = [
        language.label_id(),
        language.label_workflow(),
        language.label_status(),
        language.label_trigger(),
        language.label_created(),
        language.label_took(),
        language.label_message(),
    ];
    let mut rows = Rows::under(&header, terminal);
    for each in instances {
        let id = if each.run > 1 {
            format!("{}#{}", each.id, each.run)
        } else {
            each.id.clone()
        };
        let took = elapsed(each.started_at, each.ended_at, crate::now())
            .map(duration)
            .unwrap_or_default();
        rows.row(vec![
            id.into(),
            each.workflow.clone().into(),
            Field::toned(
                instance_status(language, each.status),
                instance_tone(each.status),
            ),
            super::instance::trigger(language, each.trigger).into(),
            time(each.created_at).into(),
            took.into(),
            language.told(&each.message).into(),
        ]);
    }
    rows.render()
}
