//! The steps of a workflow and where each goes on.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::check::actions::check_action;
use crate::check::coordinator::check_name;
use crate::check::workflow::text_or;
use crate::check::{Checker, Shape, Value};
use crate::definition::{Step, StepIndex, StepKind};
use crate::name::StepName;
use crate::reporter::instead;
use crate::xml::Element;

const START: Shape = Shape {
    attributes: &["name", "to", "desc"],
    children: &[],
    text: false,
};
const FORK: Shape = Shape {
    attributes: &["name", "desc"],
    children: &["path"],
    text: false,
};
const JOIN: Shape = Shape {
    attributes: &["name", "to", "desc"],
    children: &[],
    text: false,
};
const KILL: Shape = Shape {
    attributes: &["name", "desc"],
    children: &["message"],
    text: false,
};
const END: Shape = Shape {
    attributes: &["name", "desc"],
    children: &[],
    text: false,
};
const TARGET: Shape = Shape {
    attributes: &["to", "desc"],
    children: &[],
    text: false,
};
const MESSAGE: Shape = Shape {
    attributes: &[],
    children: &[],
    text: true,
};

/// The steps of a document.
pub(super) struct Steps<'t, 's> {
    pub(super) steps: Vec<Step>,
    /// The element of each step.
    pub(super) elements: Vec<Element<'t, 's>>,
    pub(super) start: Option<StepIndex>,
    /// Every target is known, so the graph can be judged.
    pub(super) whole: bool,
    /// Some target is a parameter, so which steps can be reached is not known yet.
    pub(super) moving: bool,
}

/// Finds steps by name.
pub(super) struct Targets<'t> {
    by_name: HashMap<Cow<'t, str>, StepIndex>,
    /// Stands for a target that is not known yet, or that is wrong.
    placeholder: StepIndex,
    whole: bool,
    moving: bool,
}

/// Reads all steps under `root`.
pub(super) fn check_steps<'t, 's>(
    checker: &mut Checker<'_, '_>,
    root: Element<'t, 's>,
) -> Steps<'t, 's> {
    let is_step =
        |name: &str| matches!(name, "start" | "fork" | "join" | "kill" | "end" | "action");
    let elements: Vec<_> = root
        .children()
        .filter(|child| is_step(child.name()))
        .collect();
    let mut names = Vec::with_capacity(elements.len());
    let mut by_name: HashMap<Cow<'t, str>, StepIndex> = HashMap::with_capacity(elements.len());
    let mut whole = !root.broken();
    for (at, element) in elements.iter().enumerate() {
        let name = step_name(checker, *element);
        let index = index_of(at);
        if name.text.is_empty() {
            whole = false;
        } else if let Some(earlier) = by_name.get(&name.text) {
            whole = false;
            let place = checker
                .reporter
                .places()
                .place(elements[earlier.0 as usize].span());
            let message = format!("a second step is called {}", name.text);
            let help = format!(
                "the first is in line {}; give this one another name",
                place.line
            );
            checker.reporter.error(name.span, message, help);
        } else {
            by_name.insert(name.text.clone(), index);
        }
        names.push(name);
    }
    let start = only_start(checker, root, &elements);
    let end = elements.iter().position(|element| element.name() == "end");
    if end.is_none() {
        checker.missing(
            root,
            "the workflow has no end",
            "write <end name=\"end\"/> in it and lead to it",
        );
    }
    let placeholder = index_of(end.unwrap_or(0));
    let mut targets = Targets {
        by_name,
        placeholder,
        whole: whole && end.is_some(),
        moving: false,
    };
    let mut steps = Vec::with_capacity(elements.len());
    for (element, name) in elements.iter().zip(names) {
        let kind = step_kind(checker, &mut targets, *element);
        steps.push(Step {
            name: StepName::from(&*name.text),
            description: text_or(checker, *element, "desc", ""),
            kind,
            place: checker.reporter.places().place(element.span()),
        });
    }
    Steps {
        steps,
        elements,
        start,
        whole: targets.whole,
        moving: targets.moving,
    }
}

/// Documents of 4 MiB hold far fewer than 2^32 steps.
fn index_of(at: usize) -> StepIndex {
    StepIndex(u32::try_from(at).unwrap_or(u32::MAX))
}

fn step_name<'t>(checker: &mut Checker<'_, '_>, element: Element<'t, '_>) -> Value<'t> {
    if let Some(value) = checker.attribute(element, "name") {
        check_name(checker, &value.text, value.span, "load_orders");
        return value;
    }
    checker.missing(
        element,
        format!("<{}> has no name", element.name()),
        "write name=\"…\", unique in the workflow",
    );
    Value {
        text: Cow::Borrowed(""),
        span: element.span(),
        open: false,
    }
}

fn only_start(
    checker: &mut Checker<'_, '_>,
    root: Element<'_, '_>,
    elements: &[Element<'_, '_>],
) -> Option<StepIndex> {
    let mut starts = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.name() == "start");
    let Some((first, _)) = starts.next() else {
        checker.missing(
            root,
            "the workflow has no start",
            "write <start name=\"start\" to=\"…\"/> in it",
        );
        return None;
    };
    for (_, further) in starts {
        let message = "a second <start>; a workflow has one";
        checker.reporter.error(
            further.span(),
            message,
            "remove it; a <fork> goes on to several steps at once",
        );
    }
    Some(index_of(first))
}

fn step_kind(
    checker: &mut Checker<'_, '_>,
    targets: &mut Targets<'_>,
    element: Element<'_, '_>,
) -> StepKind {
    match element.name() {
        "start" => {
            checker.shape(element, &START);
            StepKind::Start {
                to: targets.follow(checker, element),
            }
        }
        "join" => {
            checker.shape(element, &JOIN);
            StepKind::Join {
                to: targets.follow(checker, element),
            }
        }
        "fork" => {
            checker.shape(element, &FORK);
            StepKind::Fork {
                paths: paths(checker, targets, element),
            }
        }
        "kill" => {
            checker.shape(element, &KILL);
            let message = checker.child(element, "message");
            if let Some(child) = message {
                checker.shape(child, &MESSAGE);
            }
            StepKind::Kill {
                message: message
                    .map_or_else(String::new, |child| checker.text(child).text.into_owned()),
            }
        }
        "end" => {
            checker.shape(element, &END);
            StepKind::End
        }
        _ => match check_action(checker, targets, element) {
            Some(action) => StepKind::Action(Box::new(action)),
            None => StepKind::End,
        },
    }
}

fn paths(
    checker: &mut Checker<'_, '_>,
    targets: &mut Targets<'_>,
    element: Element<'_, '_>,
) -> Vec<StepIndex> {
    let mut paths: Vec<StepIndex> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for path in element.children().filter(|child| child.name() == "path") {
        checker.shape(path, &TARGET);
        let whole = targets.whole;
        let to = targets.follow(checker, path);
        if whole && targets.whole && !targets.moving && !known.insert(to) {
            let message = "this fork goes to the same step twice, which runs it twice";
            checker
                .reporter
                .warning(path.span(), message, "remove one of the paths");
        }
        paths.push(to);
    }
    match paths.len() {
        0 => {
            targets.whole = false;
            checker.missing(
                element,
                "this fork has no <path>",
                "write <path to=\"…\"/> for each branch",
            );
        }
        1 => checker.reporter.warning(
            element.span(),
            "this fork has only one path",
            "lead to that step directly",
        ),
        _ => {}
    }
    paths
}

impl Targets<'_> {
    /// The only child of `element` with this name, and where it leads.
    pub(super) fn follow_child(
        &mut self,
        checker: &mut Checker<'_, '_>,
        element: Element<'_, '_>,
        name: &str,
    ) -> Option<StepIndex> {
        let child = checker.child(element, name)?;
        checker.shape(child, &TARGET);
        Some(self.follow(checker, child))
    }

    /// Something is missing that leads on, so the graph is not worth judging.
    pub(super) fn give_up(&mut self) -> StepIndex {
        self.whole = false;
        self.placeholder
    }

    /// Where the `to` of `element` leads.
    fn follow(&mut self, checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> StepIndex {
        let Some(value) = checker.required(element, "to", "name of a step") else {
            return self.give_up();
        };
        if let Some(&index) = self.by_name.get(&*value.text) {
            return index;
        }
        if value.open {
            self.moving = true;
            let message = "where this leads is known only when an instance starts";
            checker.reporter.warning(
                value.span,
                message,
                "name the step, unless that is what you want",
            );
            return self.placeholder;
        }
        if !element.broken() {
            let nearest = match checker.reporter.is_full() {
                true => None,
                false => checker
                    .reporter
                    .nearest(&value.text, self.by_name.keys().map(|name| &**name)),
            };
            let help = match nearest {
                Some(_) => instead(nearest, &[]),
                None => "write the name of a step of this workflow, or add that step".to_owned(),
            };
            checker.reporter.error(
                value.span,
                format!("no step is called {}", value.text),
                help,
            );
        }
        self.give_up()
    }
}
