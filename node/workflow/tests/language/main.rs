//! The language from outside: documents in, types and diagnostics out.

mod broken;
mod coordinators;
mod elements;
mod older;
mod parameters;
mod properties;
mod warnings;
mod xml;

use peerflow_workflow::{
    Action, Diagnostics, Document, LogicalTime, StepKind, Work, Workflow, WorkflowDocument,
};

/// The document and its warnings.
fn parsed(xml: &str) -> (WorkflowDocument, Diagnostics) {
    match Document::parse(xml) {
        Ok((Document::Workflow(document), warnings)) => (document, warnings),
        Ok((Document::Coordinator(document), _)) => panic!("a coordinator: {document:?}"),
        Err(diagnostics) => panic!("{}", diagnostics.render("test.xml", xml, false)),
    }
}

/// The workflow of a document that must not even be warned of.
fn workflow(xml: &str) -> Workflow {
    let (document, warnings) = parsed(xml);
    assert!(warnings.0.is_empty(), "{warnings}");
    document.workflow().clone()
}

/// A workflow with one action around `inside`.
fn with_action(inside: &str) -> String {
    format!(
        "<work-flow name=\"w\"><start name=\"start\" to=\"a\"/><action name=\"a\">{inside}<ok to=\"end\"/></action>\
         <end name=\"end\"/></work-flow>"
    )
}

fn action(workflow: &Workflow) -> &Action {
    let found = workflow.steps.iter().find_map(|step| match &step.kind {
        StepKind::Action(action) => Some(&**action),
        _ => None,
    });
    found.expect("an action")
}

/// What the only action of a workflow around `inside` does.
fn work(inside: &str) -> Work {
    action(&workflow(&with_action(inside))).work.clone()
}

/// All errors of a document.
fn errors(xml: &str) -> Diagnostics {
    match Document::parse(xml) {
        Ok(_) => panic!("accepted: {xml}"),
        Err(diagnostics) => diagnostics,
    }
}

fn at(instant: &str, zone: &str) -> LogicalTime {
    LogicalTime {
        instant: instant.parse().expect("an instant"),
        zone: jiff::tz::TimeZone::get(zone).expect("a zone"),
    }
}
