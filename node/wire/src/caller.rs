//! Calling a peer: handshake, greeting, answer.

use std::net::SocketAddr;
use std::sync::Arc;

use peerflow_model::NodeId;
use quinn::ClientConfig;
use tokio::time::timeout;

use crate::connection::{Connection, close};
use crate::error::{Error, reason_of, tls_failure};
use crate::hello::{Hello, HelloAnswer, Introduction, PeerHello};
use crate::limits::Limits;
use crate::message::Version;
use crate::meters::Meters;
use crate::streams::{Receiver, Sender};
use crate::tls::{ANY_PEER, proves};

/// Calls peers.
pub(crate) struct Caller {
    pub(crate) client: ClientConfig,
    pub(crate) introduction: Arc<Introduction>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) meters: Arc<Meters>,
}

impl Caller {
    /// Connects to `peer`, or says why not.
    pub(crate) async fn connect(
        &self,
        endpoint: &quinn::Endpoint,
        peer: &NodeId,
        address: SocketAddr,
    ) -> Result<Connection, Error> {
        let call = Call {
            caller: self,
            peer,
            address,
        };
        let connected = timeout(self.limits.connect, call.place(endpoint)).await;
        let result = connected.unwrap_or_else(|_elapsed| {
            Err(call.unreachable(format!(
                "no answer within {} s; is it up, and does UDP pass?",
                self.limits.connect.as_secs_f32()
            )))
        });
        let meter = if result.is_ok() {
            &self.meters.dialled
        } else {
            &self.meters.failed
        };
        meter.add(1);
        result
    }
}

/// One call.
struct Call<'c> {
    caller: &'c Caller,
    peer: &'c NodeId,
    address: SocketAddr,
}

impl Call<'_> {
    async fn place(&self, endpoint: &quinn::Endpoint) -> Result<Connection, Error> {
        let connecting = endpoint
            .connect_with(self.caller.client.clone(), self.address, ANY_PEER)
            .map_err(|error| match error {
                quinn::ConnectError::EndpointStopping => Error::Closed,
                error => self.unreachable(error.to_string()),
            })?;
        let connection = connecting.await.map_err(|error| self.lost(&error))?;
        match self.greet(&connection).await {
            Ok(peer) => Ok(Connection::new(
                connection,
                peer,
                Arc::clone(&self.caller.limits),
                Arc::clone(&self.caller.meters),
            )),
            Err(error) => {
                close(&connection, &error.to_string());
                Err(error)
            }
        }
    }

    async fn greet(&self, connection: &quinn::Connection) -> Result<PeerHello, Error> {
        let answer = match self.exchange(connection).await {
            Ok(answer) => answer,
            // Only now a peer tells that it does not believe our certificate.
            Err(error) => match connection.close_reason() {
                Some(reason) => return Err(self.lost(&reason)),
                None => return Err(self.unreachable(error.to_string())),
            },
        };
        let theirs = match answer {
            HelloAnswer::Welcome(theirs) => theirs,
            HelloAnswer::Refused { reason } => {
                return Err(Error::Refused {
                    peer: self.peer.clone(),
                    address: self.address,
                    reason,
                });
            }
        };
        if theirs.node != *self.peer {
            return Err(Error::OtherNode {
                address: self.address,
                expected: self.peer.clone(),
                found: theirs.node,
            });
        }
        if !proves(connection, &theirs.node) {
            return Err(self.unfit("its certificate is of another node".to_owned()));
        }
        let introduction = &self.caller.introduction;
        introduction
            .meet(theirs)
            .map_err(|reason| self.unfit(reason))
    }

    async fn exchange(&self, connection: &quinn::Connection) -> Result<HelloAnswer, Error> {
        let (send, receive) = connection.open_bi().await?;
        let meters = &self.caller.meters;
        let mut sender: Sender<Hello> = Sender::new(
            send,
            Version::GREETING,
            self.caller.limits.connect,
            Arc::clone(meters),
        );
        let greeting = Version::GREETING..=Version::GREETING;
        let mut receiver: Receiver<HelloAnswer> =
            Receiver::new(receive, greeting, Arc::clone(meters));
        sender.send(&self.caller.introduction.hello()).await?;
        sender.finish().await?;
        receiver.expect().await
    }

    fn lost(&self, error: &quinn::ConnectionError) -> Error {
        match tls_failure(error) {
            Some(detail) => Error::Stranger {
                address: self.address,
                detail,
            },
            None => self.unreachable(reason_of(error)),
        }
    }

    fn unreachable(&self, reason: String) -> Error {
        Error::Unreachable {
            peer: self.peer.clone(),
            address: self.address,
            reason,
        }
    }

    fn unfit(&self, reason: String) -> Error {
        Error::Unfit {
            peer: self.peer.clone(),
            address: self.address,
            reason,
        }
    }
}
