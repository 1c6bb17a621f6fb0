//! What mail is due, and to whom.

use peerflow_model::{AttemptId, Change, Instance, Mail, MailKind, MailState};
use peerflow_workflow::WorkflowName;

use crate::definitions::MailRule;
use crate::engine::Engine;
use crate::event::Now;
use crate::run::Notice;

impl Engine {
    /// Queues the mail about an instance that ended, where its outcome is one that is told of: to the workflow's
    /// receivers and to those of every enabled workflow downstream, each once.
    pub(crate) fn mail_outcome(&mut self, now: Now, instance: &Instance, rule: &MailRule) {
        let outcome = instance.status.outcome();
        if !outcome.is_some_and(|outcome| rule.level.contains(&outcome)) {
            return;
        }
        let downstream = self.downstream(&instance.workflow);
        let mut receivers = rule.receivers.clone();
        for name in &downstream {
            let others = self.definitions.get(name);
            for receiver in others.iter().flat_map(|other| &other.mail.receivers) {
                if !receivers.contains(receiver) {
                    receivers.push(receiver.clone());
                }
            }
        }
        let id = format!("outcome.{}.{}", instance.id.instance, instance.id.run);
        let run = instance.id.clone();
        let workflow = instance.workflow.clone();
        self.put_mail(
            now,
            id,
            MailKind::Outcome { run },
            workflow,
            receivers,
            downstream,
        );
    }

    /// Queues the mail that a try's outcome makes due.
    pub(crate) fn mail_notice(&mut self, now: Now, notice: Notice) {
        let limit = self.settings.node_retry_fail_times;
        let (name, attempt, kind) = match notice {
            Notice::TryFailed { attempt, failures } if limit > 0 && failures == limit => {
                let kind = MailKind::RetryFailed {
                    attempt: attempt.clone(),
                };
                ("retry-failed", attempt, kind)
            }
            Notice::Recovered { attempt, failures } if limit > 0 && failures >= limit => {
                let kind = MailKind::RetryRecovered {
                    attempt: attempt.clone(),
                };
                ("retry-recovered", attempt, kind)
            }
            Notice::DataExceeded { attempt, warning } => {
                let kind = MailKind::DataExceeded {
                    attempt: attempt.clone(),
                    warning,
                };
                ("data-exceeded", attempt, kind)
            }
            Notice::TryFailed { .. } | Notice::Recovered { .. } => return,
        };
        let Some((id, workflow, receivers)) = self.about_attempt(name, &attempt) else {
            return;
        };
        self.put_mail(now, id, kind, workflow, receivers, Vec::new());
    }

    /// The id of a mail about `attempt`, the workflow, and its receivers. A step's name may be in any script, so the
    /// id, which goes into a header, names its visit by number.
    fn about_attempt(
        &self,
        name: &str,
        attempt: &AttemptId,
    ) -> Option<(String, WorkflowName, Vec<String>)> {
        let run = self.instances.run(&attempt.visit.run)?;
        let sequence = run.visit(&attempt.visit)?.sequence;
        let id = format!(
            "{name}.{}.{}.{sequence}.{}",
            run.instance.id.instance, run.instance.id.run, attempt.attempt
        );
        let receivers = run.workflow.mail_receivers.clone();
        Some((id, run.instance.workflow.clone(), receivers))
    }

    fn put_mail(
        &mut self,
        now: Now,
        id: String,
        kind: MailKind,
        workflow: WorkflowName,
        receivers: Vec<String>,
        downstream: Vec<WorkflowName>,
    ) {
        if receivers.is_empty() {
            return;
        }
        self.out.put(Change::PutMail(Mail {
            id,
            kind,
            workflow,
            receivers,
            downstream,
            state: MailState::Due,
            created_at: now.wall,
            failures: 0,
            due_at: now.wall,
            message: String::new(),
        }));
    }
}
