//! `<email>`: HTML to the workflow's receivers.

use std::sync::Arc;

use peerflow_model::ContentHash;
use peerflow_workflow::Email;

use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::mailer::OutgoingMail;

/// Hexadecimal digits of a mail's id.
const ID_DIGITS: usize = 32;

/// Sends one mail.
pub(crate) async fn run(attempt: &mut Attempt<'_>, email: &Email) -> Outcome {
    let task = Arc::clone(&attempt.task);
    let receivers = task.workflow.mail_receivers.clone();
    if receivers.is_empty() {
        return Err(Unsuccessful::failed(
            "the workflow has no `mail-receivers`; name them in its root element",
        ));
    }
    attempt.begin();
    let id = ContentHash::of(task.attempt.to_string().as_bytes()).to_string();
    let addresses = receivers.join(", ");
    let mail = OutgoingMail {
        id: id.chars().take(ID_DIGITS).collect(),
        receivers,
        subject: format!("{}: {}", task.workflow.name, task.attempt.visit.step),
        html: email.html.clone(),
    };
    let mailer = Arc::clone(&attempt.runner.parts.mailer);
    match attempt.stop.guard(mailer.send(mail)).await? {
        Ok(()) => {
            attempt.info(format!("sent to {addresses}")).await;
            Ok(None)
        }
        Err(why) => Err(Unsuccessful::failed(format!(
            "mail to {addresses} was not sent: {why}"
        ))),
    }
}
