//! Files in HDFS, by its own protocol.

mod cluster;
mod transfer;
mod trouble;

use std::sync::Arc;

use async_trait::async_trait;
use hdfs_native::HdfsError;
use hdfs_native::client::FileStatus;
use tokio::sync::OnceCell;

use self::cluster::{ANSWER, Cluster};
use crate::{Entry, Error, FileSystem, HdfsSettings, ReadFile, Trouble, WriteFile, temporary};

/// The files of one cluster, as its name nodes and data nodes serve them.
///
/// [`FileSystem::replace`] renames over the old file, in one step.
#[derive(Debug)]
pub struct Hdfs {
    settings: HdfsSettings,
    cluster: OnceCell<Arc<Cluster>>,
}

impl Hdfs {
    /// Connects at the first use, and reads the cluster's own settings then.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(settings: HdfsSettings) -> Result<Self, Error> {
        if settings.name_nodes.is_empty() || settings.name_nodes.iter().any(String::is_empty) {
            let message = "the HDFS link names no name node; its host is `hdfs://host:port`";
            return Err(Error::new(Trouble::Settings, message));
        }
        Ok(Self {
            settings,
            cluster: OnceCell::new(),
        })
    }

    async fn cluster(&self) -> Result<&Arc<Cluster>, Error> {
        let connect = || async { Cluster::connect(&self.settings).await.map(Arc::new) };
        self.cluster.get_or_try_init(connect).await
    }

    /// Absolute, from where the user begins if it is not, and without what stands for nothing in it.
    fn absolute(&self, path: &str) -> Result<String, Error> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        if path.starts_with('/') {
            return Ok(joined(parts));
        }
        let user = self.settings.user.as_deref().ok_or_else(|| {
            let message = format!(
                "`{path}` is no absolute path, and the link names no user whose folder it is in"
            );
            Error::new(Trouble::Settings, message)
        })?;
        Ok(joined(
            ["user", user]
                .into_iter()
                .chain(parts.filter(|part| *part != ".")),
        ))
    }

    async fn status(cluster: &Cluster, path: &str) -> Result<Option<FileStatus>, Error> {
        let asked = cluster.client.get_file_info(path);
        let asked = async {
            match asked.await {
                Err(HdfsError::FileNotFound(_)) => Ok(None),
                other => other.map(Some),
            }
        };
        cluster
            .within(ANSWER, &format!("look at {path} in"), asked)
            .await
    }

    /// All that lies in a directory.
    async fn statuses(cluster: &Cluster, directory: &str) -> Result<Vec<FileStatus>, Error> {
        let tried = format!("list the directory {directory} in");
        // It comes in pages, and a directory may have many.
        let pages = cluster.client.list_status_iter(directory, false);
        let mut all = Vec::new();
        loop {
            let next = async { pages.next().await.transpose() };
            let Some(status) = cluster.within(ANSWER, &tried, next).await? else {
                return Ok(all);
            };
            // What is no directory is listed as itself.
            if status.path.trim_end_matches('/') == directory && !status.isdir {
                return Err(cluster.wrong(&tried, "it is a file"));
            }
            all.push(status);
        }
    }
}

#[async_trait]
impl FileSystem for Hdfs {
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error> {
        let directory = self.absolute(directory)?;
        let all = Self::statuses(self.cluster().await?, &directory).await?;
        let files = all.iter().filter(|status| !status.isdir);
        let mut entries: Vec<Entry> = files.map(entry).collect();
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        let path = self.absolute(path)?;
        let status = Self::status(self.cluster().await?, &path).await?;
        Ok(status.filter(|status| !status.isdir).as_ref().map(entry))
    }

    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error> {
        let path = self.absolute(path)?;
        let file = transfer::HdfsRead::open(self.cluster().await?, &path).await?;
        Ok(Box::new(file))
    }

    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error> {
        let path = self.absolute(path)?;
        let cluster = self.cluster().await?;
        let tried = format!("write the file {path} in");
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name.is_empty() {
            return Err(cluster.wrong(&tried, "it names no file"));
        }
        let before = Self::status(cluster, &path).await?;
        if before.as_ref().is_some_and(|status| status.isdir) {
            return Err(cluster.wrong(&tried, "it is a directory"));
        }
        let listed = if directory.is_empty() { "/" } else { directory };
        for status in Self::statuses(cluster, listed).await? {
            if temporary::is_leftover(name, name_of(&status), None) {
                // What cannot be removed does not keep anybody from writing.
                let removed = cluster.client.delete(&status.path, false);
                drop(cluster.within(ANSWER, &tried, removed).await);
            }
        }
        let own = format!("{directory}/{}", temporary::new_name(name));
        let permission = before.map(|status| u32::from(status.permission) & 0o777);
        let file = transfer::HdfsWrite::begin(cluster, path, own, permission).await?;
        Ok(Box::new(file))
    }

    async fn remove(&self, path: &str) -> Result<(), Error> {
        let path = self.absolute(path)?;
        let cluster = self.cluster().await?;
        let tried = format!("remove {path} in");
        match Self::status(cluster, &path).await? {
            None => Ok(()),
            Some(status) if status.isdir => Err(cluster.wrong(&tried, "it is a directory")),
            Some(_) => {
                let removed = cluster.client.delete(&path, false);
                cluster.within(ANSWER, &tried, removed).await.map(drop)
            }
        }
    }
}

fn joined<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let joined: String = parts.flat_map(|part| ["/", part]).collect();
    if joined.is_empty() {
        "/".to_owned()
    } else {
        joined
    }
}

fn name_of(status: &FileStatus) -> &str {
    status.path.rsplit('/').next().unwrap_or_default()
}

fn entry(status: &FileStatus) -> Entry {
    Entry {
        name: name_of(status).to_owned(),
        size: status.length as u64,
    }
}
