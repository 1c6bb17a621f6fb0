//! An FTP server of the test's own, for the user `loader` with the password `hunter2`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use peerflow_files::{Ftp, FtpEncryption, FtpSettings};
use tempfile::TempDir;

/// Ends with the test.
pub(crate) struct Ftpd {
    pub port: u16,
    pub directory: TempDir,
    server: Child,
}

impl Ftpd {
    pub(crate) fn start() -> Self {
        Self::with(None)
    }

    pub(crate) fn with(certificate: Option<&Path>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Command::new("/usr/bin/python3")
            .args(["-c", include_str!("ftpd.py")])
            .arg(directory.path())
            .args(certificate)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let port = line.trim().parse();
        Self {
            port: port.expect("no FTP server: `scripts/services install` installs it"),
            directory,
            server,
        }
    }

    pub(crate) fn link(&self) -> FtpSettings {
        FtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            user: "loader".to_owned(),
            password: Some("hunter2".into()),
            encryption: FtpEncryption::None,
            ca_file: None,
        }
    }

    pub(crate) fn open(&self) -> Ftp {
        Ftp::new(self.link()).unwrap()
    }
}

impl Drop for Ftpd {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
