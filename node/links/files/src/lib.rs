//! File systems that actions reach: one door for each kind, one trait for all.

mod error;
mod file_system;
mod local;
mod pattern;
mod settings;
#[cfg(feature = "sftp")]
mod sftp;
mod temporary;

pub use error::{Error, Trouble};
pub use file_system::{Entry, FileSystem, PIECE_BYTES, ReadFile, WriteFile};
pub use local::Local;
pub use pattern::{fits, list_fitting, split};
pub use settings::{
    FtpEncryption, FtpSettings, HdfsSettings, S3Settings, Secret, Settings, SftpSettings,
    WebHdfsSettings,
};
#[cfg(feature = "sftp")]
pub use sftp::Sftp;
