//! File systems that actions reach: one door for each kind, one trait for all.

mod error;
mod file_system;
#[cfg(feature = "ftp")]
mod ftp;
#[cfg(any(feature = "hdfs", feature = "webhdfs"))]
mod hadoop;
#[cfg(feature = "hdfs")]
mod hdfs;
mod local;
mod pattern;
#[cfg(feature = "s3")]
mod s3;
mod settings;
#[cfg(feature = "sftp")]
mod sftp;
mod temporary;
#[cfg(any(feature = "ftp", feature = "s3", feature = "webhdfs"))]
mod tls;
#[cfg(feature = "webhdfs")]
mod webhdfs;

pub use error::{Error, Trouble};
pub use file_system::{Entry, FileSystem, PIECE_BYTES, ReadFile, WriteFile};
#[cfg(feature = "ftp")]
pub use ftp::Ftp;
#[cfg(feature = "hdfs")]
pub use hdfs::Hdfs;
pub use local::Local;
pub use pattern::{fits, list_fitting, split};
#[cfg(feature = "s3")]
pub use s3::S3;
pub use settings::{
    FtpEncryption, FtpSettings, HdfsSettings, S3Settings, Secret, Settings, SftpSettings,
    WebHdfsSettings,
};
#[cfg(feature = "sftp")]
pub use sftp::Sftp;
#[cfg(feature = "webhdfs")]
pub use webhdfs::WebHdfs;
