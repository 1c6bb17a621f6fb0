//! What people ask, on its way into the engine: kept answers, and what must be read from the store first.

use std::time::Duration;

use peerflow_engine::{
    Answer, Command, Event, Refusal, RefusalKind, Request, RequestId, RerunMode, RerunOf,
};
use peerflow_model::{ActiveRun, Change, ContentHash, InstanceId};
use peerflow_store::Error;
use tokio::time::timeout;

use super::answers;
use super::handle::{Ask, AskError, Asked};
use super::term::Term;

/// How long a read that a request needs may take.
const READ_PATIENCE: Duration = Duration::from_secs(3);

impl Term<'_> {
    /// Takes a request, or puts it off until this batch is committed.
    pub(super) async fn ask(&mut self, ask: Ask) {
        self.scheduler.metrics.requested();
        let reads = matches!(
            ask.what,
            Asked::Rerun { .. } | Asked::Engine(Request::DeleteInstance { .. })
        );
        let reads_what_is_pending = reads && self.batch.size() > 0;
        let repeats_what_is_pending = ask.key.as_ref().is_some_and(|key| self.keys.contains(key));
        if reads_what_is_pending || repeats_what_is_pending {
            return self.put_off.push_back(ask);
        }
        let Ask { what, key, answer } = ask;
        let key = key.map(|key| (key, answers::fingerprint(&what)));
        let prepared = match self.recorded(key.as_ref()).await {
            Ok(None) => self.prepare(what).await,
            Ok(Some(recorded)) => Err(Ok(recorded)),
            Err(error) => Err(Err(error)),
        };
        match prepared {
            Ok(request) => {
                self.last_request += 1;
                let id = RequestId(self.last_request);
                self.waiting.insert(id, answer);
                let now = self.scheduler.now();
                self.engine
                    .handle(now, Event::Request { id, request }, &mut self.commands);
                if let Some((key, fingerprint)) = key {
                    self.record_answer(id, key, fingerprint);
                }
                self.batch.take(&mut self.commands);
            }
            // Whoever asked may be gone.
            Err(early) => drop(answer.send(early)),
        }
    }

    /// The answer that an earlier request with this key got.
    async fn recorded(
        &self,
        key: Option<&(String, ContentHash)>,
    ) -> Result<Option<Answer>, AskError> {
        let Some((key, fingerprint)) = key else {
            return Ok(None);
        };
        match read(self.scheduler.store.answer(key)).await? {
            None => Ok(None),
            Some(stored) if stored.request != *fingerprint => Err(AskError::KeyReused),
            Some(stored) => answers::from_text(&stored.answer)
                .map(Some)
                .map_err(|error| AskError::Unavailable {
                    reason: format!(
                        "the answer kept for this Idempotency-Key cannot be read: {error}"
                    ),
                    retry_after: Duration::from_secs(60),
                }),
        }
    }

    /// What the engine is asked, or an answer that needs no engine.
    async fn prepare(&self, asked: Asked) -> Result<Request, Result<Answer, AskError>> {
        match asked {
            // The engine holds no instances that are over, so it cannot tell whether there is one.
            Asked::Engine(Request::DeleteInstance { instance }) => {
                self.latest_run(&instance).await.map_err(Err)?;
                Ok(Request::DeleteInstance { instance })
            }
            Asked::Engine(request) => Ok(request),
            Asked::Rerun {
                instance,
                mode,
                as_was,
            } => self
                .prepare_rerun(&instance, mode, as_was)
                .await
                .map_err(Err),
        }
    }

    async fn prepare_rerun(
        &self,
        instance: &InstanceId,
        mode: RerunMode,
        as_was: bool,
    ) -> Result<Request, AskError> {
        let store = &self.scheduler.store;
        let latest = self.latest_run(instance).await?;
        let of = if as_was {
            let definition = read(store.definition(latest.instance.definition)).await?.ok_or_else(|| {
                missing(format!("the definition that instance {instance} ran by is not kept any more; rerun it by the current one"))
            })?;
            RerunOf::Recorded(definition)
        } else {
            RerunOf::Current
        };
        Ok(Request::Rerun {
            latest: Box::new(latest),
            mode,
            of,
        })
    }

    async fn latest_run(&self, instance: &InstanceId) -> Result<ActiveRun, AskError> {
        read(self.scheduler.store.run(instance, None))
            .await?
            .ok_or_else(|| missing(format!("there is no instance {instance}")))
    }

    /// Puts the answer to a request that bears a key into the batch that makes it true. A refusal changes nothing, so
    /// it is not kept: the request is simply judged again.
    fn record_answer(&mut self, request: RequestId, key: String, fingerprint: ContentHash) {
        let answered = self.commands.iter().find_map(|command| match command {
            Command::Reply {
                id,
                result: Ok(answer),
            } if *id == request => Some(answers::to_text(answer)),
            _ => None,
        });
        match answered {
            Some(Ok(answer)) => {
                self.keys.insert(key.clone());
                self.batch.persist(Change::PutAnswer {
                    key,
                    request: fingerprint,
                    answer,
                    at: self.scheduler.clock.now(),
                });
            }
            Some(Err(error)) => {
                tracing::error!(%error, "an answer cannot be kept under its Idempotency-Key")
            }
            None => {}
        }
    }
}

fn missing(message: String) -> AskError {
    AskError::Refused(Refusal {
        kind: RefusalKind::NotFound,
        message,
    })
}

/// A read that a request needs, within [`READ_PATIENCE`].
async fn read<T>(reading: impl Future<Output = Result<T, Error>>) -> Result<T, AskError> {
    let problem = match timeout(READ_PATIENCE, reading).await {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => "the store does not answer in time".to_owned(),
    };
    Err(AskError::Unavailable {
        reason: problem,
        retry_after: Duration::from_secs(1),
    })
}
