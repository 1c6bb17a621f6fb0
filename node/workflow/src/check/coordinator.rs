//! `<coordinator>`: inside a workflow, and as a document of its own in its old and older forms.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use crate::check::parameter_list::check_parameters;
use crate::check::values::{boolean, date_time, folder, time_zone};
use crate::check::workflow::text_or;
use crate::check::{Checker, Shape};
use crate::definition::{Coordinator, Misfire};
use crate::document::CoordinatorDocument;
use crate::name::{CoordinatorName, WorkflowName};
use crate::place::Span;
use crate::reporter::Wrong;
use crate::schedule::Schedule;
use crate::xml::Element;

const SHAPE: Shape = Shape {
    attributes: &[
        "is-enabled",
        "start-time",
        "end-time",
        "start",
        "end",
        "misfire",
        "timezone",
        "name",
        "desc",
    ],
    children: &["depend-list", "param-list", "trigger"],
    text: false,
};
const STANDALONE: Shape = Shape {
    attributes: &[
        "name",
        "dir",
        "desc",
        "creator",
        "start-time",
        "start",
        "end-time",
        "end",
        "is-enabled",
        "misfire",
        "timezone",
    ],
    children: &[
        "depend-list",
        "param-list",
        "trigger-list",
        "trigger",
        "workflow-list",
    ],
    text: false,
};
const DEPEND_LIST: Shape = Shape {
    attributes: &["cron"],
    children: &["workflow"],
    text: false,
};
const WORKFLOW_LIST: Shape = Shape {
    attributes: &[],
    children: &["workflow"],
    text: false,
};
const WORKFLOW: Shape = Shape {
    attributes: &["name", "path"],
    children: &[],
    text: false,
};
const TRIGGER: Shape = Shape {
    attributes: &[],
    children: &["cron"],
    text: false,
};
const CRON: Shape = Shape {
    attributes: &["config"],
    children: &[],
    text: false,
};

/// The longest name in bytes: names are keys in every store.
const LONGEST_NAME: usize = 255;

/// Reads a coordinator that stands in the workflow `name`.
pub(super) fn check_coordinator(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
    name: &WorkflowName,
) -> Coordinator {
    checker.shape(element, &SHAPE);
    let own = CoordinatorName::from(name.as_str());
    let coordinator = read(checker, element, own, vec![name.clone()]);
    if coordinator.dependencies.contains(name) {
        let message = if coordinator.schedule.is_some() {
            format!("{name} depends on itself, so its first time waits until somebody triggers it")
        } else {
            format!("{name} depends on itself, so once it succeeds it starts again and again")
        };
        checker
            .reporter
            .warning(element.span(), message, "remove it from <depend-list>");
    }
    coordinator
}

/// Reads a coordinator that is a document of its own.
pub(crate) fn check_standalone(
    checker: &mut Checker<'_, '_>,
    root: Element<'_, '_>,
) -> CoordinatorDocument {
    checker.shape(root, &STANDALONE);
    let name = CoordinatorName::from(registered_name(checker, root, "daily_load"));
    let mut triggers = Vec::new();
    for child in root
        .children()
        .filter(|child| matches!(child.name(), "trigger-list" | "workflow-list"))
    {
        checker.shape(child, &WORKFLOW_LIST);
        workflow_names(checker, child, &mut triggers);
    }
    if triggers.is_empty() {
        let help = "write <trigger-list><workflow name=\"…\"/></trigger-list> in it";
        checker.missing(root, "this coordinator starts no workflow", help);
    }
    let coordinator = read(checker, root, name, triggers);
    if coordinator.schedule.is_none() && coordinator.dependencies.is_empty() {
        checker.reporter.warning(
            root.span(),
            "this coordinator never fires by itself",
            "write <depend-list cron=\"0 1 * * *\"/>, or workflows to wait for in it",
        );
    }
    CoordinatorDocument {
        coordinator,
        dir: folder_of(checker, root),
        description: text_or(checker, root, "desc", ""),
        creator: creator_of(checker, root),
    }
}

/// The name under which a document is registered.
pub(super) fn registered_name<'t>(
    checker: &mut Checker<'_, '_>,
    root: Element<'t, '_>,
    example: &str,
) -> &'t str {
    let Some((name, span)) = checker.fixed(root, "name") else {
        if root.attribute("name").is_none() {
            checker.missing(
                root,
                format!("<{}> has no name", root.name()),
                format!("write name=\"{example}\""),
            );
        }
        return "";
    };
    check_name(checker, name, span, example);
    name
}

/// Reports a name that no store could keep.
pub(super) fn check_name(checker: &mut Checker<'_, '_>, name: &str, span: Span, example: &str) {
    if name.trim().is_empty() {
        checker.reporter.error(
            span,
            "the name is empty",
            format!("write name=\"{example}\""),
        );
    } else if name.len() > LONGEST_NAME {
        let message = format!("the name is longer than {LONGEST_NAME} bytes");
        checker.reporter.error(span, message, "write a shorter one");
    }
}

/// Who owns a document.
pub(super) fn creator_of(checker: &mut Checker<'_, '_>, root: Element<'_, '_>) -> String {
    let Some(value) = checker.attribute(root, "creator") else {
        return "Unknown".to_owned();
    };
    if value.text.len() > LONGEST_NAME {
        let message = format!(
            "creator of <{}> is longer than {LONGEST_NAME} bytes",
            root.name()
        );
        checker
            .reporter
            .error(value.span, message, "write a shorter one");
    }
    value.text.into_owned()
}

/// The folder that a document is registered in.
pub(super) fn folder_of(checker: &mut Checker<'_, '_>, root: Element<'_, '_>) -> String {
    checker.typed(root, "dir", "/tmp".to_owned(), folder)
}

fn read(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
    name: CoordinatorName,
    triggers: Vec<WorkflowName>,
) -> Coordinator {
    let mut schedule = None;
    let mut dependencies = Vec::new();
    if let Some(list) = checker.child(element, "depend-list") {
        checker.shape(list, &DEPEND_LIST);
        schedule = cron(checker, list, "cron");
        workflow_names(checker, list, &mut dependencies);
    }
    if let Some(trigger) = checker.child(element, "trigger") {
        checker.shape(trigger, &TRIGGER);
        if let Some(child) = checker.child(trigger, "cron") {
            checker.shape(child, &CRON);
            let older = cron(checker, child, "config");
            if schedule.is_some() && older.is_some() {
                let message = "the schedule stands here twice, in <depend-list> and in <trigger>";
                checker
                    .reporter
                    .error(child.span(), message, "remove one of them");
            }
            schedule = schedule.or(older);
        }
    }
    let start_time = bound(checker, element, &["start-time", "start"]);
    let end_time = bound(checker, element, &["end-time", "end"]);
    if let (Some(start), Some(end)) = (start_time, end_time)
        && start >= end
    {
        let message = format!("it ends at {end}, before it starts at {start}");
        checker.reporter.error(
            element.span(),
            message,
            "write an end-time after the start-time",
        );
    }
    Coordinator {
        name,
        start_time,
        end_time,
        enabled: fixed_typed(checker, element, "is-enabled", true, boolean),
        schedule,
        dependencies,
        parameters: check_parameters(checker, element),
        misfire: fixed_typed(checker, element, "misfire", Misfire::Once, misfire),
        timezone: fixed_typed(checker, element, "timezone", None, time_zone),
        triggers,
    }
}

fn fixed_typed<T>(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
    name: &str,
    default: T,
    parse: impl FnOnce(&str) -> Result<T, Wrong>,
) -> T {
    let Some((text, span)) = checker.fixed(element, name) else {
        return default;
    };
    if text.trim().is_empty() {
        return default;
    }
    parse(text.trim()).unwrap_or_else(|wrong| {
        checker.reporter.error(
            span,
            format!("{name} of <{}>: {}", element.name(), wrong.message),
            wrong.help,
        );
        default
    })
}

fn bound(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
    names: &[&str],
) -> Option<DateTime> {
    let name = names
        .iter()
        .find(|name| element.attribute(name).is_some())?;
    fixed_typed(checker, element, name, None, |text| {
        date_time(text).map(Some)
    })
}

fn misfire(text: &str) -> Result<Misfire, Wrong> {
    match text {
        "once" => Ok(Misfire::Once),
        "skip" => Ok(Misfire::Skip),
        "all" => Ok(Misfire::All),
        _ => Err(Wrong::new(
            format!("{text} is no misfire policy"),
            "write once, skip or all",
        )),
    }
}

fn cron(checker: &mut Checker<'_, '_>, element: Element<'_, '_>, name: &str) -> Option<Schedule> {
    let (text, span) = checker.fixed(element, name)?;
    if text.trim().is_empty() {
        return None;
    }
    match Schedule::parse(text.trim()) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            checker.reporter.error(span, error.message, error.help);
            None
        }
    }
}

/// Adds the workflows that `list` names, without repetition.
fn workflow_names(
    checker: &mut Checker<'_, '_>,
    list: Element<'_, '_>,
    names: &mut Vec<WorkflowName>,
) {
    let mut known: BTreeSet<WorkflowName> = names.iter().cloned().collect();
    for child in list.children().filter(|child| child.name() == "workflow") {
        checker.shape(child, &WORKFLOW);
        let (attribute, older) = if child.attribute("name").is_some() {
            ("name", false)
        } else {
            ("path", child.attribute("path").is_some())
        };
        if child.attribute("name").is_none() && !older {
            checker.missing(
                child,
                "<workflow> has no name",
                "write name=\"load_orders\"",
            );
            continue;
        }
        let Some((text, span)) = checker.fixed(child, attribute) else {
            continue;
        };
        // The older form may give the way through the tree; names are unique without it.
        let name = if older {
            text.rsplit('/').next().unwrap_or(text)
        } else {
            text
        };
        check_name(checker, name, span, "load_orders");
        let name = WorkflowName::from(name);
        if known.insert(name.clone()) {
            names.push(name);
        } else {
            checker.reporter.warning(
                span,
                format!("{name} stands in this list twice"),
                "remove one of them",
            );
        }
    }
}
