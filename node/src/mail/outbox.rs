//! Takes mail that is due from the store, sends it, and records what became of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use peerflow_model::{Mail, MailState};
use peerflow_store::{Error, Store};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::render::render;
use super::smtp::{MailServer, SendError};
use crate::clock::Clock;
use crate::cluster::ClusterHandle;
use crate::logs::LogHub;
use crate::metrics::Metrics;
use crate::scheduler::SchedulerHandle;

/// How often the store is asked without being told.
const POLL: Duration = Duration::from_secs(10);
/// Mails taken at once.
const TAKEN: u32 = 64;
/// Mails sent at the same time.
const AT_ONCE: usize = 4;
/// Pauses before the next try, by how often it failed; the last one repeats.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
];
/// After which time a mail is given up.
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 3600);

/// Sends what is due, while this node is master. Owned and run by the node.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) server: Arc<MailServer>,
    pub(crate) logs: LogHub,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) cluster: ClusterHandle,
    pub(crate) due: Arc<Notify>,
}

impl Outbox {
    /// Runs until `stop`. A mail under way then may be sent twice; its Message-ID stays the same.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let rounds = async {
            // Decided, but not recorded because the store was away: never sent again by this life.
            let mut unrecorded = HashMap::new();
            loop {
                if let Err(error) = self.round(&mut unrecorded).await {
                    tracing::debug!(%error, "mail waits for the store");
                }
                tokio::select! {
                    () = self.due.notified() => {}
                    () = sleep(POLL) => {}
                }
            }
        };
        stop.run_until_cancelled(rounds).await;
    }

    /// Sends all that is due now.
    async fn round(&self, unrecorded: &mut HashMap<String, Mail>) -> Result<(), Error> {
        let waiting: Vec<Mail> = unrecorded.values().cloned().collect();
        for mail in waiting {
            self.store.put_mail(&mail).await?;
            unrecorded.remove(&mail.id);
        }
        // The master's to do, or each node would send it.
        while self.scheduler.is_master() {
            let due = self.store.due_mail(self.clock.now(), TAKEN).await?;
            let count = due.len();
            let sending = due.into_iter().map(|mail| self.send(mail));
            let mut sent = std::pin::pin!(futures::stream::iter(sending).buffer_unordered(AT_ONCE));
            let mut failed = None;
            while let Some(result) = sent.next().await {
                let Some(mail) = result? else { continue };
                if let Err(error) = self.store.put_mail(&mail).await {
                    unrecorded.insert(mail.id.clone(), mail);
                    failed = Some(error);
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
            if count < TAKEN as usize {
                break;
            }
        }
        Ok(())
    }

    /// What became of a mail.
    async fn send(&self, mut mail: Mail) -> Result<Option<Mail>, Error> {
        let (run, patience) = (mail.kind.run(), Duration::from_secs(1));
        self.cluster.flush_logs(&self.logs, run, patience).await;
        let Some(letter) = render(&*self.store, &mail).await? else {
            self.metrics.mail_abandoned();
            mail.state = MailState::Abandoned;
            "what it tells of is not kept any more".clone_into(&mut mail.message);
            return Ok(Some(mail));
        };
        match self.server.send(&letter).await {
            Ok(()) => {
                self.metrics.mail_sent();
                tracing::info!(mail = mail.id, workflow = %mail.workflow, receivers = mail.receivers.join(", "), "mail sent");
                mail.state = MailState::Sent;
                mail.message.clear();
            }
            Err(error) => self.failed(&mut mail, &error),
        }
        Ok(Some(mail))
    }

    fn failed(&self, mail: &mut Mail, error: &SendError) {
        let now = self.clock.now();
        mail.failures += 1;
        mail.message = error.to_string();
        let age = now.duration_since(mail.created_at);
        let is_old =
            age >= jiff::SignedDuration::try_from(GIVE_UP).unwrap_or(jiff::SignedDuration::MAX);
        if error.is_final() || is_old {
            mail.state = MailState::Abandoned;
            self.metrics.mail_abandoned();
            if matches!(error, SendError::SwitchedOff) {
                tracing::debug!(mail = mail.id, workflow = %mail.workflow, "mail is switched off");
            } else {
                tracing::error!(mail = mail.id, workflow = %mail.workflow, %error, "mail is given up");
            }
            return;
        }
        self.metrics.mail_failed();
        let pause = PAUSES[(mail.failures as usize - 1).min(PAUSES.len() - 1)];
        mail.due_at = now.checked_add(pause).unwrap_or(now);
        tracing::warn!(mail = mail.id, workflow = %mail.workflow, %error, failures = mail.failures, "mail is not sent yet");
    }
}
