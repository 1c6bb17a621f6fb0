//! What a link says of a place with files.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Error, FileSystem, Local};

/// A password or a key, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Any kind of place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// This machine's own files.
    Local,
    Sftp(SftpSettings),
    Ftp(FtpSettings),
    S3(S3Settings),
    WebHdfs(WebHdfsSettings),
    Hdfs(HdfsSettings),
}

impl Settings {
    /// The door to that place. Asks no server yet: what is wrong there shows at the first use.
    ///
    /// # Errors
    /// When the settings make no sense, or this build does not know the kind.
    pub fn open(self) -> Result<Arc<dyn FileSystem>, Error> {
        match self {
            Self::Local => Ok(Arc::new(Local)),
            #[cfg(feature = "sftp")]
            Self::Sftp(settings) => Ok(Arc::new(crate::Sftp::new(settings)?)),
            #[cfg(not(feature = "sftp"))]
            Self::Sftp(_) => Err(not_built("sftp")),
            #[cfg(feature = "ftp")]
            Self::Ftp(settings) => Ok(Arc::new(crate::Ftp::new(settings)?)),
            #[cfg(not(feature = "ftp"))]
            Self::Ftp(_) => Err(not_built("ftp")),
            #[cfg(feature = "s3")]
            Self::S3(settings) => Ok(Arc::new(crate::S3::new(&settings)?)),
            #[cfg(not(feature = "s3"))]
            Self::S3(_) => Err(not_built("s3")),
            #[cfg(feature = "webhdfs")]
            Self::WebHdfs(settings) => Ok(Arc::new(crate::WebHdfs::new(&settings)?)),
            #[cfg(not(feature = "webhdfs"))]
            Self::WebHdfs(_) => Err(not_built("webhdfs")),
            #[cfg(feature = "hdfs")]
            Self::Hdfs(settings) => Ok(Arc::new(crate::Hdfs::new(settings)?)),
            #[cfg(not(feature = "hdfs"))]
            Self::Hdfs(_) => Err(not_built("hdfs")),
        }
    }
}

#[cfg(not(all(
    feature = "ftp",
    feature = "hdfs",
    feature = "s3",
    feature = "sftp",
    feature = "webhdfs"
)))]
fn not_built(feature: &str) -> Error {
    let message = format!(
        "this build does not know such links; take one that is built with the cargo feature `{feature}`"
    );
    Error::advising(crate::Trouble::Unsupported, message)
}

/// A server that speaks SFTP. What proves who the user is, is tried in this order: the key file, the agent's keys, the
/// password. Relative paths are the caller's to make absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SftpSettings {
    pub host: String,
    pub port: u16,
    pub user: String,
    /// Said to the server itself, or to its questions when it asks some.
    pub password: Option<Secret>,
    /// A private key: OpenSSH, PKCS#8 or PKCS#1.
    pub key_file: Option<PathBuf>,
    /// Opens the key file.
    pub key_passphrase: Option<Secret>,
    /// Whether to offer the keys of the agent that `SSH_AUTH_SOCK` names.
    pub agent: bool,
    /// The host keys that are trusted, as OpenSSH keeps them. Not looked at when `host_key` is given.
    pub known_hosts: Option<PathBuf>,
    /// The one host key that is trusted: `SHA256:…`, as `ssh-keygen -l` shows it.
    pub host_key: Option<String>,
    /// Whether a host without any key in `known_hosts` is trusted the first time, and its key written there.
    pub accept_first_use: bool,
}

impl SftpSettings {
    /// The port that SSH servers listen at.
    pub const PORT: u16 = 22;

    /// Trusts no host yet, and has nothing to prove who the user is.
    #[must_use]
    pub fn new(host: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: Self::PORT,
            user: user.into(),
            password: None,
            key_file: None,
            key_passphrase: None,
            agent: false,
            known_hosts: None,
            host_key: None,
            accept_first_use: false,
        }
    }
}

/// A server that speaks FTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpSettings {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<Secret>,
    pub encryption: FtpEncryption,
    /// Certificates (PEM) of those who may vouch for the server, beside those that this machine trusts.
    pub ca_file: Option<PathBuf>,
}

impl FtpSettings {
    /// The port that FTP servers listen at.
    pub const PORT: u16 = 21;
}

/// What keeps others from reading along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FtpEncryption {
    /// Nothing: even the password goes in the clear.
    #[default]
    None,
    /// `AUTH TLS` before the password; files are encrypted as well.
    Explicit,
}

/// A bucket of a server that speaks S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Settings {
    /// `https://host:port`; Amazon's own for the region when there is none.
    pub endpoint: Option<String>,
    pub bucket: String,
    /// `us-east-1` when there is none, which other makers' servers accept.
    pub region: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: Secret,
    /// Certificates (PEM) of those who may vouch for the server, beside those that this machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// HDFS by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebHdfsSettings {
    /// `http://host:port` of the name node.
    pub endpoint: String,
    /// Who the files belong to.
    pub user: Option<String>,
    /// Certificates (PEM) of those who may vouch for the server, beside those that this machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// HDFS by its own protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HdfsSettings {
    /// `host:port` of each name node of one cluster; or one name alone: of a name service that the cluster's own settings tell
    /// of, or else of a host that listens at [`Self::PORT`].
    pub name_nodes: Vec<String>,
    /// Who the files belong to; who the process is when there is none.
    pub user: Option<String>,
    /// Where the cluster's `core-site.xml` and `hdfs-site.xml` are; when there is none, where `HADOOP_CONF_DIR` or
    /// `HADOOP_HOME` says.
    pub conf_dir: Option<PathBuf>,
}

impl HdfsSettings {
    /// The port that name nodes listen at.
    pub const PORT: u16 = 8020;
}
