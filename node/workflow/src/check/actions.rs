//! `<action>`: how it is tried, and the simple action types.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::check::code::{check_here_documents, dedent};
use crate::check::email::check_email;
use crate::check::links::{INLINE, check_link};
use crate::check::monitors::{check_data_monitor, check_file_monitor};
use crate::check::steps::Targets;
use crate::check::transfer::check_transfer;
use crate::check::values::{boolean, list, seconds, timeout, tokens, whole};
use crate::check::{Checker, Shape};
use crate::definition::{
    Action, Backoff, Command, FileExecutor, Host, Metadata, OnPartition, Script, Sql, Work,
};
use crate::reporter::{Wrong, instead};
use crate::xml::Element;

const TYPES: [&str; 10] = [
    "script",
    "shell",
    "file-executor",
    "sql",
    "transfer",
    "file-monitor",
    "file-watcher",
    "data-monitor",
    "metadata",
    "email",
];
const SHAPE: Shape = Shape {
    attributes: &[
        "name",
        "host",
        "retry-times",
        "interval",
        "timeout",
        "is-ignore",
        "desc",
        "labels",
        "on-partition",
        "backoff",
    ],
    children: &[
        "ok",
        "error",
        "script",
        "shell",
        "file-executor",
        "sql",
        "transfer",
        "file-monitor",
        "file-watcher",
        "data-monitor",
        "metadata",
        "email",
    ],
    text: false,
};
const SCRIPT: Shape = Shape {
    attributes: &[],
    children: &["code", "param-line", "attach-list", "attach-file"],
    text: false,
};
const SHELL: Shape = Shape {
    attributes: &[],
    children: &["command"],
    text: false,
};
const FILE_EXECUTOR: Shape = Shape {
    attributes: &[],
    children: &["command", "attach-list", "attach-file"],
    text: false,
};
const ATTACH_LIST: Shape = Shape {
    attributes: &[],
    children: &["file"],
    text: false,
};
const SQL: Shape = Shape {
    attributes: &INLINE,
    children: &[],
    text: true,
};
const METADATA: Shape = Shape {
    attributes: &[
        "table", "db-link", "from", "type", "jdbc-url", "username", "password",
    ],
    children: &["column-comment", "table-comment"],
    text: false,
};
const COLUMN_COMMENT: Shape = Shape {
    attributes: &["name"],
    children: &[],
    text: true,
};
const TEXT: Shape = Shape {
    attributes: &[],
    children: &[],
    text: true,
};

/// Reads an action; `None` when it has no type to read.
pub(super) fn check_action(
    checker: &mut Checker<'_, '_>,
    targets: &mut Targets<'_>,
    element: Element<'_, '_>,
) -> Option<Action> {
    checker.shape(element, &SHAPE);
    let work = work(checker, element);
    let ok = match targets.follow_child(checker, element, "ok") {
        Some(ok) => ok,
        None => {
            checker.missing(
                element,
                "this action has no <ok>",
                "write <ok to=\"…\"/> in it",
            );
            targets.give_up()
        }
    };
    let error = targets.follow_child(checker, element, "error");
    let host = checker.typed(element, "host", Host::Any, |text| Ok(host(text)));
    let labels = checker.typed(element, "labels", BTreeSet::new(), |text| {
        Ok(list(text).map(str::to_owned).collect())
    });
    let retry_times = checker.typed(element, "retry-times", 0, whole(0));
    let interval = checker.typed(element, "interval", Duration::ZERO, seconds);
    let backoff = checker.typed(element, "backoff", Backoff::Fixed, backoff);
    let timeout = time_limit(checker, element);
    let ignore = checker.typed(element, "is-ignore", false, boolean);
    let on_partition = checker.typed(element, "on-partition", OnPartition::Wait, on_partition);
    let Some(work) = work else {
        targets.give_up();
        return None;
    };
    Some(Action {
        ok,
        error,
        host,
        labels,
        retry_times,
        interval,
        backoff,
        timeout,
        ignore,
        on_partition,
        work,
    })
}

fn host(text: &str) -> Host {
    if text == "-1" {
        Host::Any
    } else {
        Host::Named(text.to_owned())
    }
}

fn backoff(text: &str) -> Result<Backoff, Wrong> {
    match text {
        "fixed" => Ok(Backoff::Fixed),
        "exponential" => Ok(Backoff::Exponential),
        _ => Err(Wrong::new(
            format!("{text} is no way to wait between tries"),
            "write fixed or exponential",
        )),
    }
}

fn on_partition(text: &str) -> Result<OnPartition, Wrong> {
    match text {
        "wait" => Ok(OnPartition::Wait),
        "rerun" => Ok(OnPartition::Rerun),
        "hold" => Ok(OnPartition::Hold),
        _ => Err(Wrong::new(
            format!("{text} is no policy for a lost node"),
            "write wait, rerun or hold",
        )),
    }
}

fn time_limit(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Option<Duration> {
    let limit = checker.typed(element, "timeout", None, timeout);
    if let Some(attribute) = element.attribute("timeout")
        && attribute.value.trim() == "0"
    {
        let message = "a timeout of 0 means no limit";
        checker.reporter.warning(
            attribute.value_span,
            message,
            "write -1 for no limit, or a number of seconds",
        );
    }
    limit
}

fn work(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Option<Work> {
    let mut found = element
        .children()
        .filter(|child| TYPES.contains(&child.name()));
    let Some(typed) = found.next() else {
        let unknown = element
            .children()
            .find(|child| !matches!(child.name(), "ok" | "error"));
        let nearest = unknown.and_then(|child| checker.reporter.nearest(child.name(), TYPES));
        checker.missing(element, "this action has no type", instead(nearest, &TYPES));
        return None;
    };
    for further in found {
        let message = format!("this action is a <{}> already", typed.name());
        checker.reporter.error(
            further.name_span(),
            message,
            "put each into an action of its own",
        );
    }
    Some(match typed.name() {
        "script" => Work::Script(script(checker, typed)),
        "shell" => {
            checker.shape(typed, &SHELL);
            Work::Shell(Command(command(checker, typed)))
        }
        "file-executor" => Work::FileExecutor(file_executor(checker, typed)),
        "sql" => {
            checker.shape(typed, &SQL);
            let link = check_link(checker, typed);
            let statements = checker.required_text(typed, "statements").text.into_owned();
            let line = first_line(checker, typed);
            Work::Sql(Sql {
                link,
                statements,
                line,
            })
        }
        "transfer" => Work::Transfer(Box::new(check_transfer(checker, typed)?)),
        "file-monitor" | "file-watcher" => Work::FileMonitor(check_file_monitor(checker, typed)?),
        "data-monitor" => Work::DataMonitor(Box::new(check_data_monitor(checker, typed)?)),
        "metadata" => Work::Metadata(metadata(checker, typed)),
        _ => Work::Email(check_email(checker, typed)),
    })
}

/// The line of the document in which the text of `element` begins.
fn first_line(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> u32 {
    let (text, span) = checker.raw_text(element);
    let blank = text.len() - text.trim_start().len();
    let breaks = text[..blank].bytes().filter(|&byte| byte == b'\n').count();
    let start = checker.reporter.places().place(span).line;
    start.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX))
}

fn script(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Script {
    checker.shape(element, &SCRIPT);
    let code = match checker.required_child(element, &["code"], "<code>…</code>") {
        Some(child) => {
            checker.shape(child, &TEXT);
            code(checker, child)
        }
        None => String::new(),
    };
    let arguments = checker
        .child(element, "param-line")
        .map(|child| checker.text(child).text.into_owned());
    Script {
        code,
        arguments: arguments.unwrap_or_default(),
        attachments: attachments(checker, element),
    }
}

/// The program of a script. Indentation is removed before anything is substituted: a value of several lines must
/// not decide how the code is indented.
fn code(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> String {
    let (raw, span) = checker.raw_text(element);
    if checker.reporter.wants_warnings() {
        check_here_documents(checker, &raw, span);
        // Macros are checked where they stand in the source, so that their places are exact.
        checker.expand(&raw, span);
        let code = dedent(&raw);
        if code.trim().is_empty() {
            checker.missing(
                element,
                "<code> is empty",
                "write the program between <code> and </code>",
            );
        }
        return code;
    }
    let code = dedent(&raw);
    let expanded = checker.expand(&code, span).text.into_owned();
    if expanded.trim().is_empty() {
        checker.missing(
            element,
            "<code> is empty",
            "write the program between <code> and </code>",
        );
    }
    expanded
}

fn command(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> String {
    let Some(child) = checker.required_child(element, &["command"], "<command>…</command>")
    else {
        return String::new();
    };
    checker.shape(child, &TEXT);
    checker.required_text(child, "a command").text.into_owned()
}

fn file_executor(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> FileExecutor {
    checker.shape(element, &FILE_EXECUTOR);
    let attachments = attachments(checker, element);
    let Some(child) = checker.required_child(element, &["command"], "<command>…</command>")
    else {
        return FileExecutor {
            command: String::new(),
            file: String::new(),
            attachments,
        };
    };
    checker.shape(child, &TEXT);
    let value = checker.required_text(child, "a command");
    let mut files: Vec<String> = tokens(&value.text)
        .into_iter()
        .filter(|token| token.contains('/'))
        .collect();
    if files.len() != 1 && !value.open && !value.text.is_empty() {
        let message = match files.len() {
            0 => "no token of this command names a file".to_owned(),
            _ => format!(
                "several tokens of this command name a file: {}",
                files.join(", ")
            ),
        };
        let help = "write one token with a / in it, such as bash ./job.sh; bring further files by <attach-list>";
        checker.reporter.error(value.span, message, help);
    }
    let file = if files.len() == 1 {
        files.remove(0)
    } else {
        String::new()
    };
    FileExecutor {
        command: value.text.into_owned(),
        file,
        attachments,
    }
}

fn attachments(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Vec<String> {
    let mut files = Vec::new();
    for child in element.children() {
        match child.name() {
            "attach-list" => {
                checker.shape(child, &ATTACH_LIST);
                for file in child.children().filter(|file| file.name() == "file") {
                    checker.shape(file, &TEXT);
                    files.push(checker.required_text(file, "a path").text.into_owned());
                }
            }
            "attach-file" => {
                checker.shape(child, &TEXT);
                files.push(checker.required_text(child, "a path").text.into_owned());
            }
            _ => {}
        }
    }
    files
}

fn metadata(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Metadata {
    checker.shape(element, &METADATA);
    let table = checker
        .required(element, "table", "orders")
        .map(|value| value.text.into_owned());
    let from = checker
        .attribute(element, "from")
        .map(|value| list(&value.text).map(str::to_owned).collect());
    let mut column_comments: Vec<(String, String)> = Vec::new();
    for child in element
        .children()
        .filter(|child| child.name() == "column-comment")
    {
        checker.shape(child, &COLUMN_COMMENT);
        let comment = checker.text(child).text.into_owned();
        if let Some(name) = checker.required(child, "name", "order_id") {
            column_comments.push((name.text.into_owned(), comment));
        }
    }
    let table_comment = checker.child(element, "table-comment");
    if let Some(child) = table_comment {
        checker.shape(child, &TEXT);
    }
    Metadata {
        link: check_link(checker, element),
        table: table.unwrap_or_default(),
        from: from.unwrap_or_default(),
        column_comments,
        table_comment: table_comment.map(|child| checker.text(child).text.into_owned()),
    }
}
