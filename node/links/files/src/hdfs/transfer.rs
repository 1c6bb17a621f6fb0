//! Files in HDFS that are being read and written.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use hdfs_native::file::FileWriter;
use hdfs_native::{HdfsError, WriteOptions};

use super::cluster::{ANSWER, Cluster};
use crate::{Error, ReadFile, Trouble, WriteFile};

/// For one piece of a file: the client itself gives up a data node after a minute, and tries the next.
const PIECE: Duration = Duration::from_secs(180);

/// One that is being read.
pub(super) struct HdfsRead {
    cluster: Arc<Cluster>,
    tried: String,
    /// Nothing at the end.
    pieces: Option<BoxStream<'static, hdfs_native::Result<Bytes>>>,
    broken: Option<Error>,
}

impl fmt::Debug for HdfsRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HdfsRead")
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

impl HdfsRead {
    pub(super) async fn open(cluster: &Arc<Cluster>, path: &str) -> Result<Self, Error> {
        let tried = format!("read the file {path} in");
        let opened = cluster.client.read(path);
        let file = cluster.within(ANSWER, &tried, opened).await?;
        let pieces = file.read_range_stream(0, file.file_length()).boxed();
        Ok(Self {
            cluster: Arc::clone(cluster),
            tried,
            pieces: Some(pieces),
            broken: None,
        })
    }
}

#[async_trait]
impl ReadFile for HdfsRead {
    async fn next(&mut self) -> Result<Bytes, Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let Some(pieces) = &mut self.pieces else {
            return Ok(Bytes::new());
        };
        let next = async { pieces.next().await.transpose() };
        match self.cluster.within(PIECE, &self.tried, next).await {
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => {
                self.pieces = None;
                Ok(Bytes::new())
            }
            Err(error) => {
                self.broken = Some(error.clone());
                Err(error)
            }
        }
    }
}

/// One that is being written under another name. Dropping it leaves the temporary file to the next writer.
pub(super) struct HdfsWrite {
    cluster: Arc<Cluster>,
    path: String,
    temporary: String,
    tried: String,
    /// Nothing once a piece did not get through.
    file: Option<FileWriter>,
}

impl fmt::Debug for HdfsWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HdfsWrite")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl HdfsWrite {
    pub(super) async fn begin(
        cluster: &Arc<Cluster>,
        path: String,
        temporary: String,
        permission: Option<u32>,
    ) -> Result<Self, Error> {
        let tried = format!("write the file {path} in");
        let mut options = WriteOptions::default().create_parent(false);
        if let Some(permission) = permission {
            options = options.permission(permission);
        }
        let created = cluster.client.create(&temporary, &options);
        let file = cluster.within(ANSWER, &tried, created).await?;
        Ok(Self {
            cluster: Arc::clone(cluster),
            path,
            temporary,
            tried,
            file: Some(file),
        })
    }

    async fn put_in_place(&mut self) -> Result<(), Error> {
        let mut file = self.file.take().ok_or_else(|| self.broke_off())?;
        let closed = Box::pin(file.close());
        self.cluster.within(PIECE, &self.tried, closed).await?;
        drop(file);
        let tried = format!("put the file {} in its place in", self.path);
        let client = &self.cluster.client;
        let renamed = client.rename(&self.temporary, &self.path, true);
        match self.cluster.within(ANSWER, &tried, renamed).await {
            // Nobody else takes it away, so it is known whether the order arrived.
            Err(error) if error.trouble == Trouble::Unreachable => match self.is_gone().await {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(error),
            },
            other => other,
        }
    }

    async fn is_gone(&self) -> Result<bool, Error> {
        let asked = async {
            match self.cluster.client.get_file_info(&self.temporary).await {
                Ok(_) => Ok(false),
                Err(HdfsError::FileNotFound(_)) => Ok(true),
                Err(error) => Err(error),
            }
        };
        self.cluster.within(ANSWER, &self.tried, asked).await
    }

    async fn remove(&mut self) -> Result<(), Error> {
        self.file = None;
        let tried = format!("remove the temporary file {} in", self.temporary);
        let removed = self.cluster.client.delete(&self.temporary, false);
        self.cluster.within(ANSWER, &tried, removed).await.map(drop)
    }

    fn broke_off(&self) -> Error {
        let message = format!("cannot {} {}: it broke off", self.tried, self.cluster.place);
        Error::new(Trouble::Unreachable, message)
    }
}

#[async_trait]
impl WriteFile for HdfsWrite {
    async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        let mut file = self.file.take().ok_or_else(|| self.broke_off())?;
        let written = Box::pin(file.write_bytes(piece));
        self.cluster.within(PIECE, &self.tried, written).await?;
        self.file = Some(file);
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
