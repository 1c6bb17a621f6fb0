//! The root element `<work-flow>`.

use crate::check::coordinator::{check_coordinator, creator_of, folder_of, registered_name};
use crate::check::graph::check_graph;
use crate::check::steps::check_steps;
use crate::check::values::{date_time, list, mail_level, signed, time_zone, whole};
use crate::check::{Checker, Shape};
use crate::definition::{MailLevel, Outcome, StepIndex, Workflow};
use crate::name::WorkflowName;
use crate::xml::Element;

const SHAPE: Shape = Shape {
    attributes: &[
        "name",
        "creator",
        "dir",
        "desc",
        "mail-level",
        "mail-receivers",
        "instance-limit",
        "create-time",
        "timezone",
        "priority",
    ],
    children: &[
        "coordinator",
        "start",
        "end",
        "action",
        "fork",
        "join",
        "kill",
    ],
    text: false,
};

/// Reads a workflow. What is wrong is in the checker's reporter; after an error the result must be thrown away.
pub(crate) fn check_workflow(checker: &mut Checker<'_, '_>, root: Element<'_, '_>) -> Workflow {
    checker.shape(root, &SHAPE);
    let name = WorkflowName::from(registered_name(checker, root, "load_orders"));
    let mail_default = || MailLevel::from([Outcome::Failed]);
    let mail_level = match root.attribute("mail-level") {
        // Written and empty: nothing sends mail.
        Some(attribute) if attribute.value.trim().is_empty() => MailLevel::new(),
        _ => checker.typed(root, "mail-level", mail_default(), mail_level),
    };
    let steps = check_steps(checker, root);
    let workflow = Workflow {
        creator: creator_of(checker, root),
        dir: folder_of(checker, root),
        description: text_or(checker, root, "desc", ""),
        mail_level,
        mail_receivers: receivers(checker, root),
        instance_limit: checker.typed(root, "instance-limit", 1, whole(1)),
        create_time: checker.typed(root, "create-time", None, |text| date_time(text).map(Some)),
        timezone: checker.typed(root, "timezone", None, time_zone),
        priority: checker.typed(root, "priority", 0, signed),
        coordinator: checker
            .child(root, "coordinator")
            .map(|element| check_coordinator(checker, element, &name)),
        name,
        start: steps.start.unwrap_or(StepIndex(0)),
        steps: steps.steps,
    };
    if steps.whole && steps.start.is_some() {
        check_graph(checker, &workflow, &steps.elements, steps.moving);
    }
    workflow
}

/// The attribute's text, or `default` where it is absent.
pub(super) fn text_or(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
    name: &str,
    default: &str,
) -> String {
    checker
        .attribute(element, name)
        .map_or_else(|| default.to_owned(), |value| value.text.into_owned())
}

fn receivers(checker: &mut Checker<'_, '_>, root: Element<'_, '_>) -> Vec<String> {
    let Some(value) = checker.attribute(root, "mail-receivers") else {
        return Vec::new();
    };
    let mut receivers: Vec<String> = Vec::new();
    for address in value.text.split([';', '；']).flat_map(list) {
        if !value.open && !address.contains('@') {
            let message = format!("{address} is no mail address");
            checker.reporter.warning(
                value.span,
                message,
                "write a comma list such as ann@example.com,bob@example.com",
            );
        }
        if !receivers.iter().any(|known| known == address) {
            receivers.push(address.to_owned());
        }
    }
    receivers
}
