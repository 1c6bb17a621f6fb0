//! `front`.

use std::time::Duration;

use peerflow_node::http::types::Front;
use tokio::time::Instant;

use super::workflow_info::instances;
use crate::client::{Ask, typed};
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::session::Session;
use crate::style::Tone;
use crate::table::{Field, Rows};

/// Between two looks of `--watch`.
const EVERY: Duration = Duration::from_secs(2);
/// Between two tries to reach a peer again.
const RETRY_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn front(session: &Session, watch: bool) -> Result<Exit, Error> {
    let client = session.client()?;
    let output = &session.output;
    let ask = Ask::get("/front");
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    // A watch bears the absence of all peers once one has answered, as long as `--timeout` says.
    let mut answered: Option<Instant> = None;
    let mut told = false;
    loop {
        let mut pause = EVERY;
        let answer = tokio::select! {
            biased;
            () = interrupts.next() => return Ok(if watch { Exit::Done } else { Exit::Failed }),
            answer = client.value(&ask) => answer,
        };
        match answer {
            Ok(raw) => {
                (answered, told) = (Some(Instant::now()), false);
                let front: Front = typed(&raw)?;
                output.show(&raw, || {
                    // On a terminal the picture replaces the last one; elsewhere they follow each other.
                    let clear = if watch && output.terminal.size.is_some() {
                        "\x1b[H\x1b[2J"
                    } else {
                        ""
                    };
                    format!("{clear}{}", show(output, &front))
                })?;
            }
            Err(error) => {
                let left = answered
                    .filter(|_| watch && error.is_passing())
                    .map(|last| session.timeout().saturating_sub(last.elapsed()))
                    .filter(|left| !left.is_zero());
                let Some(left) = left else {
                    return Err(error);
                };
                if !std::mem::replace(&mut told, true) {
                    let language = output.language;
                    output.note(&language.note(language.peer_away(left.as_secs())));
                }
                pause = RETRY_EVERY.min(left);
            }
        }
        if !watch {
            return Ok(Exit::Done);
        }
        tokio::select! {
            biased;
            () = interrupts.next() => return Ok(Exit::Done),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn show(output: &Output, front: &Front) -> String {
    let (language, terminal) = (output.language, output.terminal);
    let header = [
        language.label_day(),
        language.succeeded(),
        language.failed(),
        language.killed(),
    ];
    let mut days = Rows::under(&header, terminal);
    let count = |count: u64, tone| {
        if count == 0 {
            Field::from("0")
        } else {
            Field::toned(count.to_string(), tone)
        }
    };
    for day in &front.days {
        days.row(vec![
            day.date.clone().into(),
            count(day.succeeded, Tone::Good),
            count(day.failed, Tone::Bad),
            count(day.killed, Tone::Stopped),
        ]);
    }
    let mut text = days.render();
    text.push_str(&format!(
        "\n{}\n",
        language.waiting_and_running(front.waiting, front.running)
    ));
    if !front.active.is_empty() {
        text.push_str(&instances(language, terminal, &front.active));
    }
    if !front.last_ended.is_empty() {
        text.push_str(&format!("\n{}\n", language.title_last_ended()));
        text.push_str(&instances(language, terminal, &front.last_ended));
    }
    text
}
