//! The network, by what sockets see of it.

mod protocols;
mod rules;
mod sockets;
mod weather;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_gossip::DatagramSocket;
use peerflow_model::NodeId;

use super::{SimNet, Weather};
use crate::time::WorldClock;

const MS: Duration = Duration::from_millis(1);

/// A network, its clock, and what goes on in it.
struct World {
    clock: WorldClock,
    net: SimNet,
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        let clock = WorldClock::new(Timestamp::UNIX_EPOCH);
        let net = SimNet::new(clock.clone(), seed, weather);
        Self { clock, net }
    }

    /// One where nothing goes wrong and everything takes that long.
    fn calm(latency: Duration) -> Self {
        Self::new(
            1,
            Weather {
                latency,
                ..Weather::default()
            },
        )
    }

    /// A socket of the gossip on the host with that number: node `n1` is at 10.0.0.1.
    fn socket(&self, host: u8) -> Box<dyn DatagramSocket> {
        let network = self.net.host(node(host), ip(host));
        let bound = peerflow_gossip::Network::bind(&network, (ip(host), 0).into());
        at_once(bound).unwrap()
    }

    /// Moves on by one quantum.
    fn step(&self) {
        self.clock.advance(MS);
        self.net.deliver();
    }

    fn steps(&self, count: u32) {
        for _step in 0..count {
            self.step();
        }
    }
}

fn node(number: u8) -> NodeId {
    format!("n{number}").into()
}

fn ip(number: u8) -> IpAddr {
    [10, 0, 0, number].into()
}

/// What a future gives that needs not wait.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match poll(future) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

/// Polls once and drops the future.
fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn send(from: &dyn DatagramSocket, to: &dyn DatagramSocket, text: impl AsRef<[u8]>) {
    at_once(from.send_to(text.as_ref(), to.local_addr().unwrap())).unwrap();
}

/// Sends the numbers, each as a datagram, all now.
fn send_numbers(from: &dyn DatagramSocket, to: &dyn DatagramSocket, numbers: std::ops::Range<u32>) {
    for number in numbers {
        send(from, to, number.to_string());
    }
}

/// All that has come, as text.
fn read(socket: &dyn DatagramSocket) -> Vec<String> {
    let mut buffer = [0; 100];
    let next = || match poll(socket.recv_from(&mut buffer)) {
        Poll::Ready(read) => {
            let (length, _from) = read.unwrap();
            Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
        }
        Poll::Pending => None,
    };
    std::iter::from_fn(next).collect()
}

/// All that has come, where it is numbers.
fn read_numbers(socket: &dyn DatagramSocket) -> Vec<u32> {
    let texts = read(socket);
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// What [`send_numbers`] sent.
fn numbers(numbers: std::ops::Range<u32>) -> Vec<u32> {
    numbers.collect()
}
