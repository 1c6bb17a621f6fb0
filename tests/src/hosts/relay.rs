//! A door to a server of this machine's loopback for hosts that have none of it.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Passes connections on until it is closed; those that are open stay so until either end closes.
#[derive(Debug)]
pub(super) struct Relay {
    address: String,
    closing: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Relay {
    /// Listens at `address` and passes on to `server`.
    ///
    /// # Panics
    /// When the address is taken.
    pub(super) fn start(address: &str, server: &str) -> Self {
        let listener = TcpListener::bind(address).expect("the bridge's address is free");
        let closing = Arc::new(AtomicBool::new(false));
        let is_closing = Arc::clone(&closing);
        let server = server.to_owned();
        let accepting = std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if is_closing.load(Ordering::Relaxed) {
                    return;
                }
                // A server that is away is away: the caller's connection is closed.
                if let Ok(far) = TcpStream::connect(&server) {
                    pass_on(near, far);
                }
            }
        });
        Self {
            address: address.to_owned(),
            closing,
            accepting: Some(accepting),
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Takes no more connections.
    pub(super) fn close(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        // This is what wakes it up.
        let woken = TcpStream::connect(&self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            // It ends by itself, and has nothing to say.
            drop(accepting.join());
        }
    }
}

fn pass_on(near: TcpStream, far: TcpStream) {
    let ends = near
        .try_clone()
        .and_then(|near| Ok((near, far.try_clone()?)));
    let Ok((near_again, far_again)) = ends else {
        return;
    };
    for stream in [&near, &far] {
        // Only slower without.
        drop(stream.set_nodelay(true));
    }
    std::thread::spawn(move || pump(near, far_again));
    std::thread::spawn(move || pump(far, near_again));
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    // However it ends: both ends are closed.
    drop(copy(&mut from, &mut to));
    for stream in [&from, &to] {
        drop(stream.shutdown(Shutdown::Both));
    }
}
