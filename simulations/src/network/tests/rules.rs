//! Cuts, holds and other weather, and that they end with their guards.

use peerflow_wire::Network as _;

use super::*;
use crate::network::{Amount, Guard, Kind, Links, Losses};

/// Which of the three hosts hear which, as `12` where the second hears the first.
fn heard(world: &World, sockets: &[Box<dyn DatagramSocket>]) -> Vec<String> {
    for (from, number) in sockets.iter().zip(1..) {
        for (to, other) in sockets.iter().zip(1..) {
            if number != other {
                send(&**from, &**to, format!("{number}{other}"));
            }
        }
    }
    world.step();
    let mut heard: Vec<_> = sockets.iter().flat_map(|socket| read(&**socket)).collect();
    heard.sort();
    heard
}

fn three() -> (World, Vec<Box<dyn DatagramSocket>>) {
    let world = World::calm(MS);
    let sockets = (1..=3).map(|number| world.socket(number)).collect();
    (world, sockets)
}

const ALL: [&str; 6] = ["12", "13", "21", "23", "31", "32"];

#[test]
fn cuts_are_as_wide_as_they_say_and_end_with_their_guard() {
    type Cut = fn(&SimNet) -> Guard;
    let cuts: [(Cut, &[&str]); 4] = [
        (
            |net| net.cut(&node(1), &node(2)),
            &["13", "21", "23", "31", "32"],
        ),
        (
            |net| net.partition(&[node(1), node(2)], &[node(3)]),
            &["12", "21"],
        ),
        (|net| net.isolate(&node(2)), &["13", "31"]),
        (
            |net| net.cut_links(Links::reaching(&node(3))),
            &["12", "21", "31", "32"],
        ),
    ];
    let (world, sockets) = three();
    for (cut, left) in cuts {
        let guard = cut(&world.net);
        assert_eq!(heard(&world, &sockets), left);
        drop(guard);
        assert_eq!(heard(&world, &sockets), ALL);
    }
}

#[test]
fn a_link_is_cut_as_long_as_any_rule_cuts_it() {
    let (world, sockets) = three();
    let one = world.net.isolate(&node(1));
    let other = world.net.partition(&[node(1)], &[node(2), node(3)]);
    drop(one);
    assert_eq!(heard(&world, &sockets), ["23", "32"]);
    drop(other);
    assert_eq!(heard(&world, &sockets), ALL);
}

#[test]
fn a_cut_leaves_what_is_under_way_unless_it_is_told_to_take_it() {
    let world = World::calm(3 * MS);
    let (a, b) = (world.socket(1), world.socket(2));
    send(&*a, &*b, "before");
    let cut = world.net.cut(&node(1), &node(2));
    send(&*a, &*b, "during");
    world.steps(3);
    assert_eq!(read(&*b), ["before"]);
    drop(cut);

    send(&*a, &*b, "before");
    send(&*b, &*a, "back");
    let held = world.net.hold(Links::all());
    send(&*a, &*b, "held");
    let cut = world.net.cut(&node(1), &node(2)).with_what_is_under_way();
    drop(held);
    drop(cut);
    world.steps(3);
    assert!(read(&*b).is_empty());
    assert_eq!(read(&*a), ["back"]);
    let lost = Losses {
        cut: Amount {
            datagrams: 3,
            bytes: 16,
        },
        ..Losses::default()
    };
    assert_eq!(world.net.traffic(&node(1)).gossip.lost, lost);
    assert_eq!(lost.total(), lost.cut);
}

#[test]
fn a_cut_of_one_kind_leaves_the_other() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let rpc = world.net.host(node(1), ip(1));
    let rpc = rpc.bind((ip(1), 0).into()).unwrap();
    let both = || {
        send(&*a, &*b, "gossip");
        let transmit = quinn::udp::Transmit {
            destination: b.local_addr().unwrap(),
            ecn: None,
            contents: b"rpc",
            segment_size: None,
            src_ip: None,
        };
        rpc.try_send(&transmit).unwrap();
        world.step();
        read(&*b)
    };
    let cut = world.net.cut_kind(&node(1), &node(2), Kind::Gossip);
    assert_eq!(both(), ["rpc"]);
    let other = world.net.cut_kind(&node(1), &node(2), Kind::Rpc);
    assert!(both().is_empty());
    drop(cut);
    assert_eq!(both(), ["gossip"]);
    drop(other);
    let traffic = world.net.traffic(&node(1));
    assert_eq!(traffic.gossip.lost.cut.datagrams, 2);
    assert_eq!(traffic.rpc.lost.cut.datagrams, 2);
    assert_eq!(traffic.rpc.sent.bytes, 9);
}

#[test]
fn what_is_held_goes_on_together_in_the_order_of_sending() {
    let weather = Weather {
        jitter: 50 * MS,
        ..Weather::default()
    };
    let world = World::new(3, weather);
    let (a, b, c) = (world.socket(1), world.socket(2), world.socket(3));
    send(&*a, &*b, "0");
    let hold = world.net.hold(Links::one_way([&node(1)], [&node(2)]));
    send_numbers(&*a, &*b, 1..100);
    send(&*a, &*c, "not held");
    world.steps(51);
    assert_eq!(read(&*b), ["0"]);
    assert_eq!(read(&*c), ["not held"]);
    assert_eq!(world.net.next_due(), None);
    drop(hold);
    world.step();
    assert_eq!(read_numbers(&*b), numbers(1..100));
}

#[test]
fn a_hold_takes_what_is_under_way_when_it_is_told_to() {
    let world = World::calm(5 * MS);
    let (a, b) = (world.socket(1), world.socket(2));
    send_numbers(&*a, &*b, 0..10);
    let hold = world.net.hold(Links::of(&node(2))).with_what_is_under_way();
    send_numbers(&*a, &*b, 10..20);
    world.steps(20);
    assert!(read(&*b).is_empty());
    drop(hold);
    world.step();
    assert_eq!(read_numbers(&*b), numbers(0..20));
}

#[test]
fn what_two_rules_hold_waits_for_both() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let one = world.net.hold(Links::all());
    let other = world.net.hold(Links::leaving(&node(1)));
    send_numbers(&*a, &*b, 0..10);
    drop(one);
    send_numbers(&*a, &*b, 10..20);
    world.steps(5);
    assert!(read(&*b).is_empty());
    drop(other);
    world.step();
    assert_eq!(read_numbers(&*b), numbers(0..20));
}

#[test]
fn a_hold_has_room_again_for_what_another_rule_took_from_it() {
    let world = World::calm(MS);
    let (a, b) = (world.socket(1), world.socket(2));
    let _hold = world.net.hold(Links::all());
    for _round in 0..2 {
        for _datagram in 0..200 {
            send(&*a, &*b, vec![b'x'; 65_500]);
        }
        drop(world.net.isolate(&node(2)).with_what_is_under_way());
    }
    let lost = world.net.traffic(&node(1)).gossip.lost;
    assert_eq!((lost.cut.datagrams, lost.queue.datagrams), (400, 0));
}

#[test]
fn a_hold_loses_what_it_has_no_room_for_and_counts_it() {
    let world = World::calm(MS);
    let (a, b, c) = (world.socket(1), world.socket(2), world.socket(3));
    let hold = world.net.hold(Links::all());
    // 256 of these, with what each takes besides, are a little more than 16 MiB.
    for _datagram in 0..256 {
        send(&*a, &*b, vec![b'x'; 65_500]);
    }
    send(&*c, &*b, "another sender has its own room");
    let lost = world.net.traffic(&node(1)).gossip.lost;
    assert_eq!((lost.queue.datagrams, lost.total()), (1, lost.queue));
    assert_eq!(world.net.traffic(&node(3)).gossip.lost, Losses::default());
    drop(hold);
    world.step();
    let lost = world.net.traffic(&node(1)).gossip.lost;
    let received = world.net.traffic(&node(2)).gossip.received;
    assert_eq!(
        received.datagrams + lost.inbox.datagrams + lost.queue.datagrams,
        257
    );
    // The inbox of 4 MiB takes the first of them.
    assert_eq!(received.datagrams, 63 + 1);
}
