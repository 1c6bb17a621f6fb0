//! Files in HDFS that are being read and written.

use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{Body, Method, Response};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::client::{NameNode, PIECE};
use crate::{Error, PIECE_BYTES, ReadFile, Trouble, WriteFile, temporary};

/// Pieces that wait to be sent.
const WAITING: usize = 4;

/// For the answer to a file that is given up.
const ENDING: Duration = Duration::from_secs(3);

/// For what a data node says to a file of one byte.
const TRIAL: Duration = Duration::from_secs(10);

/// One that is being read.
#[derive(Debug)]
pub(super) struct WebHdfsRead {
    node: NameNode,
    tried: String,
    answer: Response,
    broken: Option<Error>,
}

impl WebHdfsRead {
    pub(super) async fn open(node: &NameNode, path: &str) -> Result<Self, Error> {
        let tried = format!("read the file {path} in");
        let from = node
            .data_node(Method::GET, path, "OPEN", &[], &tried)
            .await?;
        let answer = node
            .carry(Method::GET, from, Body::default(), &tried)
            .await?;
        Ok(Self {
            node: node.clone(),
            tried,
            answer,
            broken: None,
        })
    }
}

#[async_trait]
impl ReadFile for WebHdfsRead {
    async fn next(&mut self) -> Result<Bytes, Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        match self.answer.chunk().await {
            Ok(piece) => Ok(piece.unwrap_or_default()),
            Err(error) => {
                let broken = self.node.unreachable(error, &self.tried);
                self.broken = Some(broken.clone());
                Err(broken)
            }
        }
    }
}

/// One that is being written under another name. Dropping it ends the request and leaves the temporary file to the next
/// writer.
pub(super) struct WebHdfsWrite {
    node: NameNode,
    path: String,
    temporary: String,
    /// Nothing once all is said.
    pieces: Option<mpsc::Sender<io::Result<Bytes>>>,
    /// The one request that carries the file.
    request: JoinSet<Result<(), Error>>,
}

impl fmt::Debug for WebHdfsWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebHdfsWrite")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl WebHdfsWrite {
    pub(super) async fn begin(
        node: NameNode,
        path: String,
        temporary: String,
        permission: Option<String>,
    ) -> Result<Self, Error> {
        let tried = format!("write the file {path} in");
        let mut more = vec![("overwrite", "false")];
        more.extend(permission.as_deref().map(|it| ("permission", it)));
        let to = node
            .data_node(Method::PUT, &temporary, "CREATE", &more, &tried)
            .await?;
        let (pieces, waiting) = mpsc::channel(WAITING);
        let stream = futures::stream::unfold(waiting, |mut waiting| async move {
            let piece: Option<io::Result<Bytes>> = waiting.recv().await;
            piece.map(|piece| (piece, waiting))
        });
        let mut request = JoinSet::new();
        let carrier = node.clone();
        request.spawn(async move {
            let carried = carrier.carry(Method::PUT, to, Body::wrap_stream(stream), &tried);
            carried.await.map(drop)
        });
        Ok(Self {
            node,
            path,
            temporary,
            pieces: Some(pieces),
            request,
        })
    }

    /// How the request ended.
    async fn ended(&mut self) -> Result<(), Error> {
        let broken = |why: &str| {
            let message = format!(
                "cannot write the file {} in {}: {why}",
                self.path, self.node.place
            );
            Err(Error::new(Trouble::Unreachable, message))
        };
        match timeout(PIECE, self.request.join_next()).await {
            // A data node that refuses closes the connection, and what it says is lost to one who is still sending.
            Ok(Some(Ok(Err(error)))) if error.trouble == Trouble::Unreachable => {
                Err(self.refusal().await.unwrap_or(error))
            }
            Ok(Some(Ok(ended))) => ended,
            Ok(Some(Err(_)) | None) => broken("it broke off"),
            Err(_late) => broken("it does not answer"),
        }
    }

    /// Why nothing can be written there, if that is so: of a file of one byte it can be heard.
    async fn refusal(&self) -> Option<Error> {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let directory = self.path.strip_suffix(name).unwrap_or_default();
        let trial = format!("{directory}{}", temporary::new_name(name));
        let tried = format!("write the file {} in", self.path);
        let more = [("overwrite", "false")];
        let node = &self.node;
        let written = async {
            let to = node.data_node(Method::PUT, &trial, "CREATE", &more, &tried);
            let body = Body::from("\n");
            node.carry(Method::PUT, to.await?, body, &tried).await
        };
        let refused = timeout(TRIAL, written).await;
        // It may be there even when it has no room.
        drop(node.tell(Method::DELETE, &trial, "DELETE", &[], "").await);
        let refused = refused.ok()?.err();
        refused.filter(|error| error.trouble != Trouble::Unreachable)
    }

    async fn put_in_place(&mut self) -> Result<(), Error> {
        self.pieces = None;
        self.ended().await?;
        let tried = format!("put the file {} in its place in", self.path);
        let over = [
            ("destination", self.path.as_str()),
            ("renameoptions", "OVERWRITE"),
        ];
        let node = &self.node;
        let told = node
            .tell(Method::PUT, &self.temporary, "RENAME", &over, &tried)
            .await?;
        if told["boolean"] != false {
            return Ok(());
        }
        // It could be the new file that is missing, and then the old one stays.
        node.ask(&self.temporary, "GETFILESTATUS", &tried).await?;
        node.tell(Method::DELETE, &self.path, "DELETE", &[], &tried)
            .await?;
        let told = node
            .tell(Method::PUT, &self.temporary, "RENAME", &over[..1], &tried)
            .await?;
        if told["boolean"] == false {
            let message = format!(
                "cannot {tried} {}: it refuses without saying why",
                node.place
            );
            return Err(Error::new(Trouble::Other, message));
        }
        Ok(())
    }

    async fn remove(&mut self) -> Result<(), Error> {
        // A request that is broken off may begin the file after it was removed; one that has been answered does not.
        self.pieces = None;
        drop(timeout(ENDING, self.request.join_next()).await);
        self.request.shutdown().await;
        let tried = format!("remove the temporary file {} in", self.temporary);
        let removed = self
            .node
            .tell(Method::DELETE, &self.temporary, "DELETE", &[], &tried);
        removed.await.map(drop)
    }
}

#[async_trait]
impl WriteFile for WebHdfsWrite {
    async fn write(&mut self, mut piece: Bytes) -> Result<(), Error> {
        while !piece.is_empty() {
            let part = piece.split_to(piece.len().min(PIECE_BYTES));
            let Some(pieces) = &self.pieces else {
                return self.ended().await;
            };
            let sent = timeout(PIECE, pieces.send(Ok(part))).await;
            if !matches!(sent, Ok(Ok(()))) {
                self.pieces = None;
                // Nobody takes pieces any more: the request has ended, and says why.
                self.ended().await?;
                let message = format!(
                    "cannot write the file {} in {}: it broke off",
                    self.path, self.node.place
                );
                return Err(Error::new(Trouble::Unreachable, message));
            }
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Error> {
        let put = self.put_in_place().await;
        if put.is_err() {
            // The first trouble is what counts; the next writer removes what stays.
            drop(self.remove().await);
        }
        put
    }

    async fn discard(mut self: Box<Self>) -> Result<(), Error> {
        self.remove().await
    }
}
