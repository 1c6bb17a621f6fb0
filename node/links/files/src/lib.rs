//! File systems that actions reach: one door for each kind, one trait for all.

mod error;
mod file_system;
mod pattern;
mod settings;

pub use error::{Error, Trouble};
pub use file_system::{Entry, FileSystem, ReadFile, WriteFile};
pub use pattern::{fits, list_fitting, split};
pub use settings::{
    FtpEncryption, FtpSettings, HdfsSettings, S3Settings, Secret, Settings, SftpSettings,
    WebHdfsSettings,
};
