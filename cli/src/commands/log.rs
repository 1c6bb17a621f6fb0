//! `instance log`.

mod follower;

use peerflow_node::http::types::{InstanceSummary, LogLine, LogPage};
use serde_json::Value;

use crate::client::{Ask, Client, query, segment, typed};
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::session::Session;
use crate::style::{Tone, clean, level_tone};
use follower::LogFollower;

pub(super) async fn log(
    session: &Session,
    id: &str,
    step: Option<String>,
    follow: bool,
) -> Result<Exit, Error> {
    let client = session.client()?;
    let output = &session.output;
    if follow {
        let run = run(&client, id).await?;
        LogFollower::new(&client, output, id, run, step)
            .follow(session.timeout())
            .await?;
    } else {
        if let Some(step) = &step {
            must_have_reached(&client, output, id, step).await?;
        }
        print_all(&client, output, id, step).await?;
    }
    Ok(Exit::Done)
}

/// The latest run: a rerun meanwhile has a log of its own.
async fn run(client: &Client, id: &str) -> Result<u32, Error> {
    let instance = client
        .value(&Ask::get(format!("/instances/{}", segment(id))))
        .await?;
    Ok(typed::<InstanceSummary>(&instance)?.run)
}

/// An empty log of a step that the run never reached, or that is misspelt, would say that all is well.
async fn must_have_reached(
    client: &Client,
    output: &Output,
    id: &str,
    step: &str,
) -> Result<(), Error> {
    let instance = client
        .value(&Ask::get(format!("/instances/{}", segment(id))))
        .await?;
    let mut steps = instance["steps"].as_array().into_iter().flatten();
    if steps.any(|each| each["name"] == step) {
        Ok(())
    } else {
        Err(Error::Failed(output.language.step_not_reached(id, step)))
    }
}

/// Prints the whole log, page by page. As JSON each line is an object of its own, so that it can be read while it
/// comes; as YAML each is a document.
pub(super) async fn print_all(
    client: &Client,
    output: &Output,
    id: &str,
    step: Option<String>,
) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = page(client, id, step.clone(), cursor).await?;
        print_page(output, &page)?;
        let page: LogPage = typed(&page)?;
        if !page.more {
            return Ok(());
        }
        cursor = Some(page.next);
    }
}

/// The whole log.
pub(super) async fn collect_all(client: &Client, id: &str) -> Result<Vec<Value>, Error> {
    let mut lines = Vec::new();
    let mut cursor = None;
    loop {
        let mut page = page(client, id, None, cursor).await?;
        if let Some(Value::Array(more)) = page.get_mut("lines").map(Value::take) {
            lines.extend(more);
        }
        if page.get("more").and_then(Value::as_bool) != Some(true) {
            return Ok(lines);
        }
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
    }
}

async fn page(
    client: &Client,
    id: &str,
    step: Option<String>,
    cursor: Option<String>,
) -> Result<Value, Error> {
    let query = query(&[
        ("step", step),
        ("cursor", cursor),
        ("format", Some("json".to_owned())),
    ]);
    client
        .value(&Ask::get(format!("/instances/{}/log{query}", segment(id))))
        .await
}

/// Prints the lines of a page.
fn print_page(output: &Output, page: &Value) -> Result<(), Error> {
    let mut text = String::new();
    for raw in page["lines"].as_array().into_iter().flatten() {
        text.push_str(&shown(output, &typed(raw)?, raw)?);
    }
    output.text(&text)
}

/// One line with its line break.
fn shown(output: &Output, line: &LogLine, raw: &Value) -> Result<String, Error> {
    let wrong = |error: &dyn std::fmt::Display| Error::Answer(error.to_string());
    Ok(match output.format {
        crate::args::Format::Json => {
            serde_json::to_string(raw).map_err(|error| wrong(&error))? + "\n"
        }
        crate::args::Format::Yaml => {
            format!(
                "---\n{}",
                serde_yaml_ng::to_string(raw).map_err(|error| wrong(&error))?
            )
        }
        crate::args::Format::Table => {
            let at = line
                .at
                .offset()
                .to_datetime(line.at.instant())
                .strftime("%H:%M:%S%.3f")
                .to_string();
            let colour = output.terminal.colour;
            let mut place = clean(&line.step).into_owned();
            if line.visit > 1 {
                place.push_str(&format!(" ({})", line.visit));
            }
            if line.attempt > 1 {
                place.push_str(&format!(", {}", output.language.attempt(line.attempt)));
            }
            let text = clean(&line.text);
            let text = match level_tone(line.level) {
                Some(tone) => tone.paint(&text, colour),
                None => text.into_owned(),
            };
            format!(
                "{} {:5} [{place}] {text}\n",
                Tone::Quiet.paint(&at, colour),
                line.level.as_str()
            )
        }
    })
}
