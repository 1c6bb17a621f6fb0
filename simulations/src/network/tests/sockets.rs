//! Ports, inboxes and wakers.

use std::io::{ErrorKind, IoSliceMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Wake;

use peerflow_wire::Network as _;
use quinn::AsyncUdpSocket;
use quinn::udp::{RecvMeta, Transmit};

use super::*;
use crate::network::{LONGEST_DATAGRAM, Losses};

/// A QUIC socket on the host with that number, and its address.
fn quic(world: &World, host: u8) -> (Arc<dyn AsyncUdpSocket>, SocketAddr) {
    let network = world.net.host(node(host), ip(host));
    let socket = network.bind((ip(host), 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn ports_are_counted_and_free_again_when_the_socket_is_gone() {
    let world = World::calm(MS);
    let network = world.net.host(node(1), ip(1));
    let bind = |port| network.bind(SocketAddr::new([0, 0, 0, 0].into(), port));
    let first = bind(0).unwrap();
    let second = bind(0).unwrap();
    assert_eq!(first.local_addr().unwrap(), (ip(1), 20_000).into());
    assert_eq!(second.local_addr().unwrap(), (ip(1), 20_001).into());
    assert_eq!(bind(20_000).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(first);
    bind(20_000).unwrap();

    let elsewhere = network.bind((ip(2), 0).into());
    assert_eq!(
        elsewhere.unwrap_err().kind(),
        ErrorKind::AddrNotAvailable,
        "an address of somebody else"
    );
    let thief = world.net.host(node(2), ip(1)).bind((ip(1), 0).into());
    assert_eq!(thief.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn datagrams_to_nobody_are_lost_and_the_next_life_has_the_address() {
    let world = World::calm(2 * MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let address = b.local_addr().unwrap();
    send(&*a, &*b, "read by nobody");
    drop(b);
    world.steps(2);
    at_once(a.send_to(b"for the next life", address)).unwrap();
    at_once(a.send_to(b"no host", ([10, 9, 9, 9], 1).into())).unwrap();
    let next = at_once(peerflow_gossip::Network::bind(
        &world.net.host(node(2), ip(2)),
        address,
    ));
    let next = next.unwrap();
    world.steps(2);
    assert_eq!(read(&*next), ["for the next life"]);
    let lost = world.net.traffic(&node(1)).gossip.lost;
    assert_eq!((lost.nobody.datagrams, lost.total()), (2, lost.nobody));
}

#[test]
fn what_udp_cannot_send_is_refused_as_udp_does() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let to = b.local_addr().unwrap();
    let longest = vec![0; LONGEST_DATAGRAM];
    at_once(a.send_to(&longest, to)).unwrap();
    let error = at_once(a.send_to(&[longest, vec![0]].concat(), to)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
    let six = "[fd00::1]:1".parse().unwrap();
    let error = at_once(a.send_to(b"x", six)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
    let error = at_once(a.send_to(b"x", (ip(2), 0).into())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let counts = world.net.traffic(&node(1)).gossip;
    assert_eq!((counts.refused, counts.sent.datagrams), (3, 1));
    assert_eq!(counts.largest, LONGEST_DATAGRAM);
}

#[test]
fn a_full_inbox_loses_what_comes_and_takes_more_once_it_is_read() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let large = || {
        for _datagram in 0..70 {
            send(&*a, &*b, vec![b'x'; 60_000]);
        }
        world.step();
    };
    large();
    let lost = world.net.traffic(&node(1)).gossip.lost;
    // 69 times 60,000 bytes fit into 4 MiB.
    assert_eq!((lost.inbox.datagrams, lost.total()), (1, lost.inbox));
    assert_eq!(read(&*b).len(), 69);
    large();
    assert_eq!(read(&*b).len(), 69);
}

#[test]
fn a_sender_with_too_much_under_way_loses_the_rest() {
    let world = World::calm(10 * MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let flood = || {
        for _datagram in 0..1100 {
            send(&*a, &*b, vec![b'x'; 65_000]);
        }
        world.net.traffic(&node(1)).gossip.lost.queue.datagrams
    };
    // 64 MiB hold 1,031 of them.
    assert_eq!(flood(), 69);
    world.steps(10);
    assert_eq!(flood(), 138, "what has arrived is not under way");
}

#[test]
fn a_read_that_is_given_up_loses_nothing() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let mut buffer = [0; 100];
    assert!(poll(b.recv_from(&mut buffer)).is_pending());
    send(&*a, &*b, "kept");
    world.step();
    drop(b.recv_from(&mut buffer));
    assert_eq!(read(&*b), ["kept"]);
    send(&*a, &*b, "longer than the buffer");
    world.step();
    let (length, from) = at_once(b.recv_from(&mut buffer[..6])).unwrap();
    assert_eq!((length, from), (6, a.local_addr().unwrap()));
    assert!(read(&*b).is_empty(), "the rest is cut off");
}

#[test]
fn quic_reads_as_many_datagrams_as_it_has_buffers() {
    let world = World::calm(MS);
    let (a, from) = quic(&world, 1);
    let (b, to) = quic(&world, 2);
    let transmit = Transmit {
        destination: to,
        ecn: None,
        contents: b"aaabbbcccdd",
        segment_size: Some(3),
        src_ip: None,
    };
    a.try_send(&transmit).unwrap();
    world.step();
    let read = || {
        let (mut one, mut other, mut third) = ([0; 10], [0; 10], [0; 10]);
        let mut buffers = [&mut one[..], &mut other, &mut third].map(IoSliceMut::new);
        let mut meta = [RecvMeta::default(); 3];
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(count) = b.poll_recv(&mut cx, &mut buffers, &mut meta) else {
            return Vec::new();
        };
        let filled = buffers.iter().zip(meta).take(count.unwrap());
        let texts = filled.map(|(buffer, meta)| {
            assert_eq!((meta.addr, meta.dst_ip), (from, Some(ip(2))));
            assert_eq!((meta.stride, meta.ecn), (meta.len, None));
            String::from_utf8_lossy(&buffer[..meta.len]).into_owned()
        });
        texts.collect()
    };
    assert_eq!(read(), ["aaa", "bbb", "ccc"]);
    assert_eq!(read(), ["dd"]);
    assert!(read().is_empty());
    let too_long = vec![0; LONGEST_DATAGRAM + 1];
    let transmit = Transmit {
        contents: &too_long,
        segment_size: None,
        ..transmit
    };
    // An error would end the connection.
    a.try_send(&transmit).unwrap();
    assert_eq!(world.net.traffic(&node(1)).rpc.refused, 1);
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn whoever_asked_last_is_woken_once() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let (first, last) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    for woken in [&first, &last] {
        let waker = Arc::clone(woken).into();
        let mut buffer = [0; 10];
        let mut read = pin!(b.recv_from(&mut buffer));
        let mut cx = Context::from_waker(&waker);
        assert!(read.as_mut().poll(&mut cx).is_pending());
    }
    send_numbers(&*a, &*b, 0..2);
    assert_eq!(last.0.load(Ordering::Relaxed), 0);
    world.step();
    let count = |woken: &Woken| woken.0.load(Ordering::Relaxed);
    assert_eq!((count(&first), count(&last)), (0, 1));
}

/// A task that owns its socket, and reads the network when it is woken.
struct Owner {
    net: SimNet,
    socket: Mutex<Option<Box<dyn DatagramSocket>>>,
}

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        self.net.next_due();
        self.socket.lock().unwrap().take();
    }
}

#[test]
fn wakers_may_use_the_network_and_drop_sockets() {
    let world = World::calm(MS);
    let a = world.socket(1);
    let owner = |woken: &dyn DatagramSocket| {
        let owner = Arc::new(Owner {
            net: world.net.clone(),
            socket: Mutex::new(Some(world.socket(3))),
        });
        let waker = owner.into();
        let mut buffer = [0; 10];
        let mut read = pin!(woken.recv_from(&mut buffer));
        let mut cx = Context::from_waker(&waker);
        assert!(read.as_mut().poll(&mut cx).is_pending());
    };
    let b = world.socket(2);
    owner(&*b);
    // Takes the place of the first, which is dropped with its socket.
    owner(&*b);
    send(&*a, &*b, "wake");
    world.step();
    // Dropped with the socket that keeps it.
    owner(&*world.socket(2));
    assert_eq!(world.net.traffic(&node(1)).gossip.lost, Losses::default());
}
