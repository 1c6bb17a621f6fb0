//! One module for each group of commands.

mod check;
mod cluster;
mod coordinator;
mod front;
mod instance;
mod link;
mod log;
mod node;
mod run;
mod schedule;
mod shell;
mod simulate;
mod up;
mod util;
mod workflow;
mod workflow_info;

use http::Method;
use peerflow_model::InstanceStatus;
use peerflow_node::http::types::{Done, Instance, Problem};
use serde_json::Value;

use crate::args::Command;
use crate::client::{Ask, problem_text, typed};
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::language::Language;
use crate::output::Output;
use crate::progress::{OnInterrupt, follow, show_reason};
use crate::session::Session;
use crate::style::clean;

/// Does what was asked.
///
/// # Errors
/// When it did not come to pass.
pub(crate) async fn execute(session: &Session, command: Command) -> Result<Exit, Error> {
    match command {
        Command::Run(args) => run::run(session, args).await,
        Command::Node(args) => node::node(session, *args).await,
        Command::Up(args) => up::up(session, args).await,
        Command::Front { watch } => front::front(session, watch).await,
        Command::Workflow(command) => workflow::workflow(session, command).await,
        Command::Coordinator(command) => coordinator::coordinator(session, command).await,
        Command::Instance(command) => instance::instance(session, command).await,
        Command::Util(command) => util::util(session, command).await,
        Command::Cluster(command) => cluster::cluster(session, command).await,
        Command::Link(command) => link::link(session, command).await,
        Command::Simulate(args) => simulate::simulate(session, *args).await,
        Command::Completions { shell } => shell::completions(session, shell),
        Command::Man { directory } => shell::man(session, directory.as_deref()),
    }
}

/// Tells what went wrong.
pub(crate) fn report(output: &Output, error: &Error) {
    let language = output.language;
    let text = match error {
        Error::Interrupted => return,
        Error::Usage(text) | Error::Failed(text) => text.clone(),
        Error::Refused(problem) => refusal(output, problem),
        Error::NoPeer { reasons } => language.no_peer(told_reasons(language, reasons)),
        Error::Unknown { waited, reasons } => {
            language.outcome_unknown(waited.as_secs(), told_reasons(language, reasons))
        }
        Error::NoMaster { waited, detail } => {
            language.no_master(waited.as_secs(), clean(&language.told(detail)))
        }
        Error::Cut(reason) => language.answer_cut(language.told(reason)),
        Error::Answer(reason) => language.answer_not_understood(reason),
    };
    output.note(&language.error(&text));
}

fn refusal(output: &Output, problem: &Problem) -> String {
    let mut text = if problem.missing.is_empty() {
        told(output.language, problem)
    } else {
        output
            .language
            .missing_parameters(problem.missing.join(", "))
    };
    for fault in &problem.errors {
        text.push_str(&format!(
            "\n  {}:{}: {}",
            fault.line,
            fault.column,
            clean(&output.language.told_of_document(&fault.message))
        ));
        if !fault.help.is_empty() {
            let help = output.language.told_of_document(&fault.help);
            text.push_str(&output.language.in_brackets(clean(&help)));
        }
    }
    text
}

/// Why peers gave no answer: before each reason stands whose it is.
fn told_reasons(language: Language, reasons: &[String]) -> String {
    let told = reasons.iter().map(|reason| match reason.split_once(": ") {
        Some((peer, why)) => format!("{peer}: {}", clean(&language.told(why))),
        None => reason.clone(),
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What a problem says, in the user's language; of one that a newer peer tells, at least the kind.
fn told(language: Language, problem: &Problem) -> String {
    let text = problem_text(problem);
    let told = language.told(text);
    let detail = clean(&told);
    // What to do about a token is for this command line to say.
    if language.knows(text) && problem.name() != "unauthorized" {
        return detail.into_owned();
    }
    match problem.name() {
        "not-found" | "unknown-route" => language.refused_not_found(detail),
        "conflict" => language.refused_conflict(detail),
        "invalid" | "key-reused" | "limit-reached" => language.refused_invalid(detail),
        "invalid-document" => language.refused_document(detail),
        "invalid-request" | "method-not-allowed" | "unsupported-media-type" | "request-timeout" => {
            language.refused_request(detail)
        }
        "too-large" => language.refused_too_large(detail),
        "busy" | "unavailable" | "store-unavailable" => language.refused_unavailable(detail),
        "unauthorized" => language.refused_token(detail),
        "forbidden" => language.refused_forbidden(detail),
        "internal" => language.refused_internal(detail),
        // A newer peer's kind, or what a proxy said.
        _ => detail.into_owned(),
    }
}

/// Asks for something that answers with what was done, and says so.
async fn ask_done(session: &Session, method: Method, path: String) -> Result<Exit, Error> {
    let raw = session.client()?.value(&Ask::write(method, path)).await?;
    show_done(&session.output, &raw)?;
    Ok(Exit::Done)
}

fn show_done(output: &Output, raw: &Value) -> Result<(), Error> {
    output.show(raw, || match (typed::<Done>(raw), output.language) {
        (Ok(done), language) if language.knows(&done.message) => {
            clean(&language.told(&done.message)).into_owned()
        }
        // Half an answer in each language helps nobody.
        (Ok(_) | Err(_), language) => language.done(),
    })
}

/// Shows an instance of a peer until it ends; its outcome is the exit code.
async fn wait(session: &Session, id: &str) -> Result<Exit, Error> {
    let client = session.client()?;
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    let followed = follow(
        &client,
        &session.output,
        id,
        OnInterrupt::Leave,
        &mut interrupts,
        session.timeout(),
    )
    .await?;
    let (raw, instance) = followed;
    show_reason(&client, &session.output, &instance).await;
    show_end(&session.output, &raw)?;
    Ok(outcome(&instance))
}

/// For programs, the instance as it ended; people have seen it.
fn show_end(output: &Output, raw: &Value) -> Result<(), Error> {
    if output.is_table() {
        Ok(())
    } else {
        output.raw(raw)
    }
}

/// The exit code of an instance that is over.
fn outcome(instance: &Instance) -> Exit {
    match instance.summary.status {
        InstanceStatus::Succeeded => Exit::Done,
        InstanceStatus::Killed => Exit::Killed,
        InstanceStatus::Failed | InstanceStatus::Waiting | InstanceStatus::Running => Exit::Failed,
    }
}
