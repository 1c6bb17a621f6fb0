//! Files on real file systems and real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;
#[cfg(feature = "ftp")]
mod ftp;
#[cfg(feature = "ftp")]
mod ftpd;
#[cfg(all(feature = "hdfs", feature = "webhdfs"))]
mod hdfs;
#[cfg(all(feature = "hdfs", feature = "webhdfs"))]
mod hdfs_server;
mod local;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "sftp")]
mod sftp;
#[cfg(feature = "sftp")]
mod sshd;
mod support;
#[cfg(feature = "webhdfs")]
mod webhdfs;
