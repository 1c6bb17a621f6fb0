//! `<param-list>` of a coordinator.

use std::collections::BTreeSet;

use crate::check::{Checker, Shape, within};
use crate::expansion::{Segment, segments};
use crate::time::TimeMacro;
use crate::xml::{Attribute, Element};

const PARAM_LIST: Shape = Shape {
    attributes: &[],
    children: &["param"],
    text: false,
};
const PARAM: Shape = Shape {
    attributes: &["name", "value", "desc"],
    children: &[],
    text: false,
};
/// The parameter list, macros not expanded. A later parameter of the same name stays beside the earlier: those in
/// between may mention the earlier one.
pub(super) fn check_parameters(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
) -> Vec<(String, String)> {
    let Some(list) = checker.child(element, "param-list") else {
        return Vec::new();
    };
    checker.shape(list, &PARAM_LIST);
    let mut parameters = Vec::new();
    let mut above: BTreeSet<&str> = BTreeSet::new();
    for child in list.children().filter(|child| child.name() == "param") {
        checker.shape(child, &PARAM);
        let Some(value) = child.attribute("value") else {
            checker.missing(
                child,
                "<param> has no value",
                "write value=\"…\"; it may be empty",
            );
            continue;
        };
        check_parameter_value(checker, value, &above);
        let Some((name, span)) = checker.fixed(child, "name") else {
            if child.attribute("name").is_none() {
                checker.missing(child, "<param> has no name", "write name=\"stadate\"");
            }
            continue;
        };
        if name.trim().is_empty() || name.contains(['{', '}', '\n']) {
            checker.reporter.error(
                span,
                format!("{name:?} is no parameter's name"),
                "write a name such as stadate",
            );
            continue;
        }
        above.insert(name);
        parameters.push((name.to_owned(), value.value.clone().into_owned()));
    }
    parameters
}

fn check_parameter_value(
    checker: &mut Checker<'_, '_>,
    value: &Attribute<'_>,
    above: &BTreeSet<&str>,
) {
    let text = &*value.value;
    for segment in segments(text) {
        match segment {
            Segment::Literal(_) => {}
            Segment::Time { body, raw } => {
                if let Err(wrong) = TimeMacro::parse(body) {
                    checker
                        .reporter
                        .wrong(within(text, raw, value.value_span), wrong);
                }
            }
            Segment::Parameter { name: "", raw } => {
                let span = within(text, raw, value.value_span);
                checker
                    .reporter
                    .error(span, "a parameter without a name", "write ${param:NAME}");
            }
            Segment::Parameter { .. } => {}
            Segment::Other { name, raw } => {
                if !above.contains(name) {
                    let span = within(text, raw, value.value_span);
                    let message = format!(
                        "no parameter above is called {name}; {raw} stays as it is unless one is given"
                    );
                    let help =
                        format!("write ${{param:{name}}} if it must be given, or define it above");
                    checker.reporter.warning(span, message, help);
                }
            }
            Segment::Unclosed { raw } => {
                let span = within(text, raw, value.value_span);
                checker.reporter.warning(
                    span,
                    "a macro without its closing brace stays as it is",
                    "write } after it",
                );
            }
        }
    }
}
