//! Meeting callers: each on its own and within a bound, so that a slow or silent one holds up nobody.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quinn::Incoming;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::connection::{Connection, close};
use crate::error::Error;
use crate::hello::{Hello, HelloAnswer, Introduction};
use crate::limits::Limits;
use crate::message::Version;
use crate::meters::Meters;
use crate::streams::{Receiver, Sender};
use crate::tls::proves;

/// Part of the places for callers from which on they must show that their address is theirs: that costs them one more
/// round trip, and keeps forged addresses from taking all places.
const CAREFUL_PART: usize = 4;
/// How long the same reason for refusing is not warned of again.
const WARNING_PAUSE: Duration = Duration::from_secs(60);

/// Meets the callers of an endpoint.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) endpoint: quinn::Endpoint,
    pub(crate) introduction: Arc<Introduction>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) accepted: mpsc::Sender<Connection>,
    /// What was last warned of, and when.
    pub(crate) warned: Arc<Mutex<Option<(String, Instant)>>>,
}

/// Why a caller is turned away.
enum Turned {
    /// It has not shown that it knows the secret.
    Stranger(String),
    /// It knows the secret and still does not fit.
    Refused(String),
}

impl Door {
    /// Meets callers until the endpoint is closed.
    pub(crate) async fn run(self) {
        let mut callers = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_done) = callers.join_next(), if !callers.is_empty() => {}
                incoming = self.endpoint.accept() => {
                    let Some(incoming) = incoming else { return };
                    self.clone().let_in(incoming, &mut callers);
                }
            }
        }
    }

    fn let_in(self, incoming: Incoming, callers: &mut JoinSet<()>) {
        if callers.len() >= self.limits.callers {
            self.meters.strangers.add(1);
            incoming.refuse();
        } else if callers.len() >= self.limits.callers / CAREFUL_PART && incoming.may_retry() {
            // It may retry, so this cannot fail.
            drop(incoming.retry());
        } else {
            callers.spawn(self.meet(incoming));
        }
    }

    async fn meet(self, incoming: Incoming) {
        let address = incoming.remote_address();
        let met = timeout(self.limits.connect, self.greet(incoming)).await;
        let late = |_elapsed| Err(Turned::Stranger("it took too long".to_owned()));
        match met.unwrap_or_else(late) {
            Ok(connection) => {
                self.meters.accepted.add(1);
                // Fails only when the endpoint is gone.
                drop(self.accepted.send(connection).await);
            }
            Err(Turned::Stranger(reason)) => {
                self.meters.strangers.add(1);
                tracing::debug!(%address, reason, "a stranger called");
            }
            Err(Turned::Refused(reason)) => {
                self.meters.refused.add(1);
                self.warn(address, reason);
            }
        }
    }

    async fn greet(&self, incoming: Incoming) -> Result<Connection, Turned> {
        let stranger = |error: Error| Turned::Stranger(error.to_string());
        let connecting = incoming.accept().map_err(|error| stranger(error.into()))?;
        let connection = connecting.await.map_err(|error| stranger(error.into()))?;
        let (send, receive) = connection
            .accept_bi()
            .await
            .map_err(|error| stranger(error.into()))?;
        let greeting = Version::GREETING..=Version::GREETING;
        let mut receiver: Receiver<Hello> =
            Receiver::new(receive, greeting, Arc::clone(&self.meters));
        let mut sender: Sender<HelloAnswer> = Sender::new(
            send,
            Version::GREETING,
            self.limits.connect,
            Arc::clone(&self.meters),
        );
        let met = match receiver.expect().await {
            Ok(hello) if proves(&connection, &hello.node) => self.introduction.meet(hello),
            Ok(hello) => Err(format!(
                "who calls itself {} has the certificate of another node",
                hello.node
            )),
            Err(error) => Err(format!("what it said is no greeting: {error}")),
        };
        match met {
            Ok(peer) => {
                let welcome = HelloAnswer::Welcome(self.introduction.hello());
                self.answer(&mut sender, &welcome).await.map_err(stranger)?;
                let (limits, meters) = (Arc::clone(&self.limits), Arc::clone(&self.meters));
                Ok(Connection::new(connection, peer, limits, meters))
            }
            Err(reason) => {
                let refused = HelloAnswer::Refused {
                    reason: reason.clone(),
                };
                if self.answer(&mut sender, &refused).await.is_ok() {
                    // Closing at once could overtake the answer; who does not take it is closed to anyway.
                    drop(sender.delivered().await);
                }
                close(&connection, &reason);
                Err(Turned::Refused(reason))
            }
        }
    }

    /// Whoever is refused calls again and again: the same reason is told once a minute.
    fn warn(&self, address: SocketAddr, reason: String) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = warned
            .as_ref()
            .is_some_and(|(last, at)| *last == reason && at.elapsed() < WARNING_PAUSE);
        if is_told {
            tracing::debug!(%address, "a peer that called was refused: {reason}");
        } else {
            tracing::warn!(%address, "a peer that called was refused: {reason}");
            *warned = Some((reason, Instant::now()));
        }
    }

    async fn answer(
        &self,
        sender: &mut Sender<HelloAnswer>,
        answer: &HelloAnswer,
    ) -> Result<(), Error> {
        sender.send(answer).await?;
        sender.finish().await
    }
}
