//! An SSH server that takes passwords: OpenSSH's takes only those of the machine's own users. Files are those that OpenSSH's
//! program for SFTP serves.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{HashAlg, load_secret_key};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, run_stream};
use russh::{Channel, ChannelId, ChannelStream, MethodKind, MethodSet};
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt, copy};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::sshd::keygen;

/// Where Debian has it.
const SFTP_SERVER: &str = "/usr/lib/openssh/sftp-server";

/// How it asks for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Plainly,
    /// By questions, as servers do that leave it to PAM.
    Interactively,
}

/// Ends with the test.
pub(crate) struct SshdOfPasswords {
    pub port: u16,
    /// Of its host key.
    pub fingerprint: String,
    _directory: TempDir,
    _serving: JoinSet<()>,
}

impl SshdOfPasswords {
    pub(crate) async fn start(asks: Asks, password: &'static str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("host");
        keygen(&file, "ed25519", "");
        let key = load_secret_key(&file, None).unwrap();
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let methods = match asks {
            Asks::Plainly => MethodKind::Password,
            Asks::Interactively => MethodKind::KeyboardInteractive,
        };
        let config = Arc::new(Config {
            methods: MethodSet::from(&[methods][..]),
            keys: vec![key],
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            ..Config::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let config = Arc::clone(&config);
                let guest = Guest {
                    asks,
                    password,
                    channels: HashMap::new(),
                    programs: JoinSet::new(),
                };
                sessions.spawn(async move {
                    // A client that leaves in the middle ends only its own session.
                    if let Ok(session) = run_stream(config, stream, guest).await {
                        drop(session.await);
                    }
                });
            }
        });
        Self {
            port,
            fingerprint,
            _directory: directory,
            _serving: serving,
        }
    }
}

/// Who is connected.
struct Guest {
    asks: Asks,
    password: &'static str,
    channels: HashMap<ChannelId, Channel<Msg>>,
    programs: JoinSet<()>,
}

impl Guest {
    fn judge(&self, asked: Asks, password: &[u8]) -> Auth {
        if self.asks == asked && password == self.password.as_bytes() {
            Auth::Accept
        } else {
            Auth::reject()
        }
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(self.judge(Asks::Plainly, password.as_bytes()))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            });
        };
        let answer = response.next().unwrap_or_default();
        Ok(self.judge(Asks::Interactively, &answer))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        assert_eq!(name, "sftp");
        let stream = self.channels.remove(&channel).unwrap().into_stream();
        session.channel_success(channel)?;
        let program = Command::new(SFTP_SERVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("OpenSSH's SFTP server is missing: `scripts/services install` installs it");
        self.programs.spawn(served(program, stream));
        Ok(())
    }
}

/// Passes on what is asked and told, until one of the two ends.
async fn served(mut program: Child, stream: ChannelStream<Msg>) {
    let (mut asked, mut told) = tokio::io::split(stream);
    let (mut takes, mut gives) = (
        program.stdin.take().unwrap(),
        program.stdout.take().unwrap(),
    );
    tokio::select! {
        _ = copy(&mut asked, &mut takes) => {}
        _ = copy(&mut gives, &mut told) => drop(told.shutdown().await),
    }
}
