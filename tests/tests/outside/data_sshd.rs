//! OpenSSH servers of a test's own, which let its user in by key.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A server, which ends with the test.
pub(crate) struct Sshd {
    port: u16,
    server: Child,
    folder: TempDir,
}

impl Sshd {
    /// One with a host key of its own.
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["host", "user"] {
            keygen(&folder.path().join(name));
        }
        fs::copy(
            folder.path().join("user.pub"),
            folder.path().join("authorized_keys"),
        )
        .expect("a key");
        fs::create_dir(folder.path().join("files")).expect("a folder");
        let server = serve(folder.path(), port);
        Self {
            port,
            server,
            folder,
        }
    }

    /// Another machine in its place: the same port and users, another host key.
    pub(crate) fn replaced(mut self) -> Self {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ends");
        for name in ["host", "host.pub"] {
            fs::remove_file(self.folder.path().join(name)).expect("the key is there");
        }
        keygen(&self.folder.path().join("host"));
        self.server = serve(self.folder.path(), self.port);
        self
    }

    /// A link that trusts the host key that it has now.
    pub(crate) fn link(&self, name: &str) -> Value {
        let mut fingerprint = Command::new("ssh-keygen");
        fingerprint
            .arg("-lf")
            .arg(self.folder.path().join("host.pub"));
        let printed = fingerprint.output();
        let printed = printed.expect("ssh-keygen is installed").stdout;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        let fingerprint = printed.split_whitespace().nth(1).expect("a fingerprint");
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        json!({
            "name": name, "type": "SFTP", "host": "127.0.0.1", "port": self.port, "username": user,
            "properties": {"key-file": self.folder.path().join("user"), "host-key": fingerprint}
        })
    }

    /// A path in its folder for files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn keygen(path: &Path) {
    let mut keygen = Command::new("ssh-keygen");
    keygen
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path);
    let status = keygen.status().expect("ssh-keygen is installed");
    assert!(status.success(), "ssh-keygen: {status}");
}

fn serve(folder: &Path, port: u16) -> Child {
    let here = folder.display();
    let text = format!(
        "Port {port}\nListenAddress 127.0.0.1\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nAuthorizedKeysFile {here}/authorized_keys\nHostKey {here}/host\n\
         Subsystem sftp internal-sftp\n"
    );
    let file = folder.join("sshd_config");
    fs::write(&file, text).expect("the folder can be written");
    if nix::unistd::geteuid().is_root() {
        // Where the server puts unprivileged children; packages make it when their service starts.
        fs::create_dir_all("/run/sshd").expect("root may make it");
    }
    let mut sshd = Command::new("/usr/sbin/sshd");
    sshd.args(["-D", "-e", "-f"]).arg(&file);
    let server = sshd.stderr(Stdio::piped()).spawn();
    let mut server = server.expect("sshd is installed: `scripts/services install` does it");
    let mut said = BufReader::new(server.stderr.take().expect("standard error is piped"));
    let mut words = String::new();
    while !words.contains("Server listening") {
        let read = said.read_line(&mut words).expect("text");
        assert!(read > 0, "sshd did not start: {words}");
    }
    // What it says later must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    server
}
