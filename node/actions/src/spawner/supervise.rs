//! Looks after the spawner process: talks to it, and replaces it when it dies.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::boot_time::BootTime;
use super::codec::next_body;
use super::handle::{Core, Envelope, SpawnerError, SpawnerOptions};
use super::mark::Marks;
use super::message::{Report, Request};
use super::survivors::kill_survivors;

/// What a starting spawner may need besides waiting for an older one: it looks through all processes.
const READY: Duration = Duration::from_secs(20);

/// How long a spawner may take to kill everything and end.
const END: Duration = Duration::from_secs(15);

/// First and longest pause before a failed start is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A spawner process and the node's end of its socket.
#[derive(Debug)]
pub(super) struct Link {
    child: Child,
    socket: UnixStream,
    received: Vec<u8>,
}

impl Link {
    /// Starts a spawner and waits until it is ready.
    pub(super) async fn connect(options: &SpawnerOptions) -> Result<Self, SpawnerError> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(SpawnerError::Talk)?;
        ours.set_nonblocking(true).map_err(SpawnerError::Talk)?;
        let socket = UnixStream::from_std(ours).map_err(SpawnerError::Talk)?;
        let mut command = Command::new(&options.program);
        command
            .arg0("peerflow")
            .args(&options.arguments)
            .arg(&options.data_dir)
            .arg(options.patience.as_millis().to_string())
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null());
        // Tasks inherit the spawner's environment, and the node's own settings (some are secret) are not for them.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PEERFLOW_") {
                command.env_remove(name);
            }
        }
        let child = command.spawn().map_err(|source| SpawnerError::Start {
            program: options.program.clone(),
            source,
        })?;
        // The command holds the other end open.
        drop(command);
        let mut link = Self {
            child,
            socket,
            received: Vec::new(),
        };
        let waited = options.patience + READY;
        match timeout(waited, link.next_report()).await {
            Ok(Ok(Some(Report::Ready { survivors }))) => {
                if survivors > 0 {
                    tracing::warn!(
                        survivors,
                        "killed task processes that had survived an earlier life"
                    );
                }
                Ok(link)
            }
            Ok(Ok(Some(Report::Refused { message }))) => Err(SpawnerError::Refused(message)),
            Ok(Ok(_)) => Err(SpawnerError::EndedEarly {
                program: options.program.clone(),
            }),
            Ok(Err(error)) => Err(SpawnerError::Talk(error)),
            Err(_elapsed) => Err(SpawnerError::TooSlow { waited }),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// The next report; `None` when the spawner has closed its end.
    async fn next_report(&mut self) -> io::Result<Option<Report>> {
        loop {
            if let Some(body) = next_body(&mut self.received).map_err(io::Error::other)? {
                return Report::decode(&body).map(Some).map_err(io::Error::other);
            }
            self.socket.readable().await?;
            match self.socket.try_read_buf(&mut self.received) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the socket, which makes the spawner kill everything, and waits for its end.
    async fn close(self) {
        let Self {
            mut child, socket, ..
        } = self;
        drop(socket);
        if timeout(END, child.wait()).await.is_err() {
            tracing::error!(
                pid = child.id(),
                "the spawner did not end in time; it is left alone"
            );
        }
    }
}

/// Keeps a spawner running until it is told to stop.
pub(super) async fn supervise(core: Arc<Core>, link: Link, mut queue: mpsc::Receiver<Envelope>) {
    let mut link = link;
    loop {
        let mut stopping = core.stopping.subscribe();
        let lost = tokio::select! {
            biased;
            // The sender lives in `core`, so this ends only by the stop.
            _ = stopping.wait_for(|stop| *stop) => None,
            error = serve(&core, &mut link, &mut queue) => Some(error),
        };
        core.pid.send_replace(0);
        let Some(error) = lost else {
            link.close().await;
            core.forget_sent();
            return;
        };
        let pid = link.pid();
        tracing::error!(pid, %error, "the spawner is lost: its tasks are revoked and a new one is started");
        bury(&core, link).await;
        match reconnect(&core).await {
            Some(next) => link = next,
            None => return,
        }
        core.pid.send_replace(link.pid());
    }
}

/// Kills what a dead spawner owned, then tells those who wait: nothing of a task may live when its end is known.
async fn bury(core: &Core, link: Link) {
    let Link {
        mut child, socket, ..
    } = link;
    drop(socket);
    // One that lives but speaks nonsense ends by the closed socket; it must not start anything any more.
    if timeout(END, child.wait()).await.is_err() {
        child.start_kill().ok();
    }
    let groups = core.started_groups();
    let marks = Marks::new(&core.options.data_dir, 0);
    let killed = tokio::task::spawn_blocking(move || kill_survivors(&marks, &groups)).await;
    if let Ok(killed) = killed {
        tracing::warn!(killed, "killed the processes of the lost spawner");
    }
    core.forget_sent();
}

/// A new spawner; `None` when the node stops meanwhile.
async fn reconnect(core: &Core) -> Option<Link> {
    let mut stopping = core.stopping.subscribe();
    let mut pause = RETRY.0;
    loop {
        let connected = tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => return None,
            connected = Link::connect(&core.options) => connected,
        };
        match connected {
            Ok(link) => return Some(link),
            Err(error) => tracing::error!(%error, "the spawner cannot be started again yet"),
        }
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => return None,
            () = sleep(pause) => pause = (pause * 2).min(RETRY.1),
        }
    }
}

/// Talks to a spawner until it is lost, which the error explains.
async fn serve(core: &Core, link: &mut Link, queue: &mut mpsc::Receiver<Envelope>) -> io::Error {
    let Link {
        socket, received, ..
    } = link;
    let result = tokio::select! {
        read = read_reports(core, socket, received) => read,
        written = write_requests(core, socket, queue) => written,
    };
    result
        .err()
        .unwrap_or_else(|| io::Error::other("it closed its socket"))
}

async fn read_reports(core: &Core, socket: &UnixStream, received: &mut Vec<u8>) -> io::Result<()> {
    loop {
        while let Some(body) = next_body(received).map_err(io::Error::other)? {
            core.take_report(Report::decode(&body).map_err(io::Error::other)?);
        }
        socket.readable().await?;
        match socket.try_read_buf(received) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write_requests(
    core: &Core,
    socket: &UnixStream,
    queue: &mut mpsc::Receiver<Envelope>,
) -> io::Result<()> {
    let mut grants = core.grant.subscribe();
    // A new spawner knows nothing of a grant given before it.
    grants.mark_changed();
    loop {
        let envelope = tokio::select! {
            biased;
            changed = grants.changed() => {
                changed.map_err(io::Error::other)?;
                let until: Option<BootTime> = *grants.borrow_and_update();
                Envelope { request: Request::Grant { until }, descriptors: Vec::new() }
            }
            envelope = queue.recv() => match envelope {
                Some(envelope) => envelope,
                None => return Ok(()),
            },
        };
        send(core, socket, envelope).await?;
    }
}

async fn send(core: &Core, socket: &UnixStream, envelope: Envelope) -> io::Result<()> {
    let start = match &envelope.request {
        Request::Start(start) => Some(start.id),
        Request::Kill { .. } | Request::Grant { .. } => None,
    };
    let Some(frame) = envelope.request.encode() else {
        if let Some(id) = start {
            core.too_large(id);
        }
        return Ok(());
    };
    if start.is_some_and(|id| !core.going_out(id)) {
        return Ok(());
    }
    let mut rest = &frame[..];
    let mut descriptors = envelope.descriptors;
    while !rest.is_empty() {
        let sent = socket
            .async_io(Interest::WRITABLE, || send_part(socket, rest, &descriptors))
            .await?;
        // They travel with the first byte; our copies must be closed, or the pipes would never end.
        descriptors.clear();
        rest = &rest[sent..];
    }
    Ok(())
}

#[cfg(target_os = "linux")]
const SEND: MsgFlags = MsgFlags::MSG_NOSIGNAL;
#[cfg(not(target_os = "linux"))]
const SEND: MsgFlags = MsgFlags::empty();

fn send_part(socket: &UnixStream, bytes: &[u8], descriptors: &[OwnedFd]) -> io::Result<usize> {
    let raw: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[][..] } else { &rights[..] };
    loop {
        match sendmsg::<UnixAddr>(
            socket.as_raw_fd(),
            &[IoSlice::new(bytes)],
            control,
            SEND,
            None,
        ) {
            Err(Errno::EINTR) => {}
            sent => return Ok(sent?),
        }
    }
}
