//! An OpenSSH server of the test's own, on a port of its own, run by whoever runs the test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use peerflow_files::SftpSettings;
use tempfile::TempDir;

use crate::support::all_names;

/// Ends with the test.
pub(crate) struct Sshd {
    pub port: u16,
    directory: TempDir,
    server: Option<Child>,
}

impl Sshd {
    /// One with an Ed25519 host key.
    pub(crate) fn start() -> Self {
        Self::with(&["ed25519"], "")
    }

    /// One with host keys of these kinds, and more lines in its configuration.
    pub(crate) fn with(host_keys: &[&str], configuration: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for kind in host_keys {
            keygen(&directory.path().join(format!("host_{kind}")), kind, "");
        }
        keygen(&directory.path().join("user"), "ed25519", "");
        fs::copy(
            directory.path().join("user.pub"),
            directory.path().join("authorized_keys"),
        )
        .unwrap();
        fs::create_dir(directory.path().join("files")).unwrap();
        let mut server = Self {
            port: free_port(),
            directory,
            server: None,
        };
        server.restart(host_keys, configuration);
        server
    }

    /// Stops it and starts it anew, with host keys that lie there.
    pub(crate) fn restart(&mut self, host_keys: &[&str], configuration: &str) {
        self.stop();
        let directory = self.path().display();
        let mut text = format!(
            "Port {}\nListenAddress 127.0.0.1\nPidFile none\nStrictModes no\nUsePAM no\nLogLevel INFO\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n\
             AuthorizedKeysFile {directory}/authorized_keys\nSubsystem sftp internal-sftp\n{configuration}\n",
            self.port
        );
        for kind in host_keys {
            text += &format!("HostKey {directory}/host_{kind}\n");
        }
        let file = self.path().join("sshd_config");
        fs::write(&file, text).unwrap();
        if is_root() {
            // Where the server would put unprivileged children; packages make it when their service starts.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let mut server = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(&file)
            .stderr(Stdio::piped())
            .spawn()
            .expect("sshd is missing: `scripts/services install` installs it");
        let mut said = BufReader::new(server.stderr.take().unwrap());
        let mut words = String::new();
        while !words.contains("Server listening") {
            let read = said.read_line(&mut words).unwrap();
            assert!(read > 0, "sshd did not start: {words}");
        }
        self.server = Some(server);
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    }

    /// Stops it, and every connection with it.
    pub(crate) fn stop(&mut self) {
        self.cut();
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Ends all connections, and goes on listening.
    pub(crate) fn cut(&self) {
        let Some(server) = &self.server else { return };
        let id = server.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        for child in children.split_whitespace() {
            Command::new("kill").args(["-9", child]).status().unwrap();
        }
    }

    /// Where everything of it lies.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path in a folder for files.
    pub(crate) fn file(&self, name: &str) -> String {
        let path = self.path().join("files").join(name);
        path.to_str().unwrap().to_owned()
    }

    /// All names in the folder for files, hidden ones included.
    pub(crate) fn names(&self) -> Vec<String> {
        all_names(&self.path().join("files"))
    }

    /// A link with the user's key, and the pinned Ed25519 host key.
    pub(crate) fn link(&self) -> SftpSettings {
        SftpSettings {
            host_key: Some(self.fingerprint("ed25519")),
            ..self.stranger()
        }
    }

    /// A link with the user's key that knows no host yet.
    pub(crate) fn stranger(&self) -> SftpSettings {
        SftpSettings {
            port: self.port,
            key_file: Some(self.path().join("user")),
            known_hosts: Some(self.known_hosts()),
            ..SftpSettings::new("127.0.0.1", user())
        }
    }

    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.path().join("known_hosts")
    }

    /// A host key, as a line of a file.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        let line = fs::read_to_string(self.path().join(format!("host_{kind}.pub"))).unwrap();
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        words.join(" ")
    }

    /// As people compare it.
    pub(crate) fn fingerprint(&self, kind: &str) -> String {
        let file = self.path().join(format!("host_{kind}.pub"));
        let said = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(file)
            .output()
            .unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        said.split_whitespace().nth(1).unwrap().to_owned()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One that nobody has just now; the server says so if somebody takes it meanwhile.
pub(crate) fn free_port() -> u16 {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().port()
}

/// Who runs the test.
pub(crate) fn user() -> String {
    let said = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

pub(crate) fn is_root() -> bool {
    user() == "root"
}

/// Makes a key pair, over one that is there.
pub(crate) fn keygen(file: &Path, kind: &str, passphrase: &str) {
    drop(fs::remove_file(file));
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-f"])
        .arg(file)
        .status()
        .unwrap();
    assert!(made.success());
}
