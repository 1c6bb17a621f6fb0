//! Workflows that rows run.

use std::fmt::Write as _;

/// An action that runs a shell command, or does nothing where the runner does nothing.
pub(crate) fn action(name: &str, to: &str) -> String {
    format!(
        r#"<action name="{name}"><shell><command>true</command></shell><ok to="{to}"/></action>"#
    )
}

/// An action that runs `code` by bash.
pub(crate) fn script(name: &str, code: &str, to: &str) -> String {
    format!(r#"<action name="{name}"><script><code>{code}</code></script><ok to="{to}"/></action>"#)
}

/// A fork into `width` actions and their join.
pub(crate) fn wide(name: &str, width: usize, action: impl Fn(&str, &str) -> String) -> String {
    let mut paths = String::new();
    let mut actions = String::new();
    for at in 0..width {
        write!(paths, r#"<path to="s{at}"/>"#).expect("a string takes it");
        actions.push_str(&action(&format!("s{at}"), "merge"));
    }
    format!(
        r#"<work-flow name="{name}" instance-limit="1000000"><start name="start" to="split"/>
           <fork name="split">{paths}</fork>{actions}<join name="merge" to="end"/><end name="end"/></work-flow>"#
    )
}

/// `length` actions one after the other.
pub(crate) fn chain(name: &str, length: usize, action: impl Fn(&str, &str) -> String) -> String {
    let mut actions = String::new();
    for at in 0..length {
        let to = if at + 1 == length {
            "end".to_owned()
        } else {
            format!("s{}", at + 1)
        };
        actions.push_str(&action(&format!("s{at}"), &to));
    }
    format!(
        r#"<work-flow name="{name}"><start name="start" to="s0"/>{actions}<end name="end"/></work-flow>"#
    )
}

/// One action, started by a schedule.
pub(crate) fn scheduled(name: &str, cron: &str, action: &str) -> String {
    format!(
        r#"<work-flow name="{name}" instance-limit="1000000"><coordinator><depend-list cron="{cron}"/></coordinator>
           <start name="start" to="s"/>{action}<end name="end"/></work-flow>"#
    )
}
