//! A connection to an SFTP server.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::ChannelMsg;
use russh::client::{self, Handle, Handler};
use russh::keys::{Algorithm, PublicKey, PublicKeyOrCertificate};
use russh_sftp::client::rawsession::Limits;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::login::{Login, server};
use super::session::Session;
use super::trust::{Judgement, Trust};
use super::{known_hosts, trouble};
use crate::{Error, SftpSettings, Trouble};

/// For the connection itself, and again until both sides agreed on keys.
const CONNECT: Duration = Duration::from_secs(10);
/// For the login: servers that look users up elsewhere can be slow, and some wait after a wrong password.
const LOGIN: Duration = Duration::from_secs(30);
/// Silence after which the server is asked whether it is there; unanswered four times, the connection is dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// What a session without any life is given up after.
const LONGEST_SILENCE: Duration = Duration::from_secs(120);
/// For one answer, in seconds; a slow line may have some MiB to carry before it.
const ANSWER_SECONDS: u64 = 120;
/// How much the server may send before it is told that it was taken.
const WINDOW: u32 = 8 * 1024 * 1024;
/// What every server must be able to read or write at once.
const SAFE_PIECE: u32 = 32 * 1024;
/// What we read or write at once where the server allows it.
const LARGEST_PIECE: u64 = 255 * 1024;

/// One, logged in, with its SFTP session.
pub(super) struct Connection {
    handle: Handle<Guard>,
    pub session: Arc<Session>,
    /// In bytes, of one request.
    pub read_piece: u32,
    pub write_piece: u32,
    /// What the server can do beside the protocol itself.
    pub can: Extensions,
}

/// What the server can do beside the protocol itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extensions {
    /// Rename over an existing file.
    pub posix_rename: bool,
    pub fsync: bool,
    /// Tell how much room is left.
    pub statvfs: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("can", &self.can)
            .finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) async fn open(settings: &SftpSettings) -> Result<Self, Error> {
        let trust = Trust::of(settings)?;
        let mut handle = connect(settings, &trust).await?;
        let login = Login::new(settings, &mut handle).run();
        within(LOGIN, settings, "the login", login).await??;
        within(
            LOGIN,
            settings,
            "the start of SFTP",
            start(settings, handle),
        )
        .await?
    }

    pub(super) fn is_dead(&self) -> bool {
        self.handle.is_closed()
    }
}

/// Asks for the server's keys until one is trusted: with a pinned key, it may be any of those that the server has.
async fn connect(settings: &SftpSettings, trust: &Trust) -> Result<Handle<Guard>, Error> {
    let mut shown: Vec<Algorithm> = Vec::new();
    let mut first_doubt = None;
    loop {
        let preferred = trust.preferred(&shown);
        if preferred.key.is_empty() {
            break;
        }
        let guard = Guard {
            trust: trust.clone(),
            verdict: Arc::default(),
        };
        let verdict = guard.verdict.clone();
        let config = client::Config {
            window_size: WINDOW,
            preferred,
            keepalive_interval: Some(KEEP_ALIVE),
            inactivity_timeout: Some(LONGEST_SILENCE),
            nodelay: true,
            ..client::Config::default()
        };
        let connected = handshake(settings, config, guard).await?;
        let judged = verdict
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (judged, connected) {
            (Some((_, Judgement::Refused(error))), _) => return Err(error),
            (Some((key, Judgement::PerhapsAnother(error))), _) => {
                shown.push(key.algorithm());
                first_doubt.get_or_insert(error);
            }
            (Some((key, Judgement::First { file })), Ok(handle)) => {
                known_hosts::learn(&file, trust.name(), &key).await?;
                return Ok(handle);
            }
            (_, Ok(handle)) => return Ok(handle),
            // It has no other keys than those it showed.
            (None, Err(russh::Error::NoCommonAlgo { .. })) if !shown.is_empty() => break,
            (_, Err(error)) => {
                let message = format!("cannot agree with {} on keys: {error}", server(settings));
                return Err(Error::new(Trouble::Unreachable, message));
            }
        }
    }
    Err(first_doubt.unwrap_or_else(|| {
        let message = format!("{} shows no host key", server(settings));
        Error::new(Trouble::NotTrusted, message)
    }))
}

/// The outer error is of reaching the server, the inner one of agreeing on keys.
async fn handshake(
    settings: &SftpSettings,
    config: client::Config,
    guard: Guard,
) -> Result<Result<Handle<Guard>, russh::Error>, Error> {
    let address = (settings.host.as_str(), settings.port);
    let connected = within(CONNECT, settings, "connecting", TcpStream::connect(address)).await?;
    let stream = connected.map_err(|error| {
        let message = format!(
            "cannot reach {}: {error}; check host and port, and that it runs",
            server(settings)
        );
        Error::advising(Trouble::Unreachable, message)
    })?;
    // Small requests must not wait for one another. A line that cannot be told so is only slower.
    drop(stream.set_nodelay(true));
    let agreed = client::connect_stream(Arc::new(config), stream, guard);
    within(CONNECT, settings, "agreeing on keys", agreed).await
}

/// Starts SFTP on a connection that is logged in.
async fn start(settings: &SftpSettings, handle: Handle<Guard>) -> Result<Connection, Error> {
    let broke = |error: russh::Error| {
        let message = format!("{} does not start SFTP: {error}", server(settings));
        Error::new(Trouble::Unreachable, message)
    };
    let mut channel = handle.channel_open_session().await.map_err(broke)?;
    channel
        .request_subsystem(true, "sftp")
        .await
        .map_err(broke)?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => break,
            Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) | None => {
                let message = format!(
                    "{} lets the user `{}` in, but not use SFTP; ask who runs it to allow the subsystem `sftp`",
                    server(settings),
                    settings.user
                );
                return Err(Error::advising(Trouble::Unsupported, message));
            }
            Some(_) => {}
        }
    }
    let config = russh_sftp::client::Config {
        max_packet_len: WINDOW,
        request_timeout_secs: ANSWER_SECONDS,
        ..russh_sftp::client::Config::default()
    };
    let mut session = Session::new(channel.into_stream(), config);
    let odd = |error| trouble::of(error, &server(settings), "start SFTP with");
    let version = session.init().await.map_err(odd)?;
    let offered = |name: &str| version.extensions.contains_key(name);
    let can = Extensions {
        posix_rename: offered("posix-rename@openssh.com"),
        fsync: offered("fsync@openssh.com"),
        statvfs: offered("statvfs@openssh.com"),
    };
    let (mut read_piece, mut write_piece) = (SAFE_PIECE, SAFE_PIECE);
    if offered("limits@openssh.com") {
        let limits = Limits::from(session.limits().await.map_err(odd)?);
        let piece = |limit: Option<u64>| {
            let fitting = limit
                .unwrap_or_else(|| SAFE_PIECE.into())
                .clamp(1, LARGEST_PIECE);
            u32::try_from(fitting).unwrap_or(SAFE_PIECE)
        };
        (read_piece, write_piece) = (piece(limits.read_len), piece(limits.write_len));
        session.set_limits(limits);
    }
    Ok(Connection {
        handle,
        session: Arc::new(session),
        read_piece,
        write_piece,
        can,
    })
}

async fn within<T>(
    limit: Duration,
    settings: &SftpSettings,
    what: &str,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    timeout(limit, work).await.map_err(|_late| {
        let (server, seconds) = (server(settings), limit.as_secs());
        let message = format!("{server} does not answer: {what} took longer than {seconds} s");
        Error::new(Trouble::Unreachable, message)
    })
}

/// Looks at the server's key before anything else is said.
pub(super) struct Guard {
    trust: Trust,
    /// The last key that was shown, and what to do.
    verdict: Arc<Mutex<Option<(PublicKey, Judgement)>>>,
}

impl Handler for Guard {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Ok(false);
        };
        let judgement = self.trust.judge(key);
        let accepted = matches!(judgement, Judgement::Trusted | Judgement::First { .. });
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        *verdict = Some((key.clone(), judgement));
        Ok(accepted)
    }
}
