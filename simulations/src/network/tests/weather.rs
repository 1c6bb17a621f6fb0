//! Latency, loss, copies, order, and that all of it comes from the seed.

use super::*;
use crate::network::{LEAST_LATENCY, Links};
use crate::time::VirtualTime;

#[test]
fn datagrams_arrive_when_the_latency_is_over_in_the_order_of_sending() {
    let world = World::calm(5 * MS);
    let (a, b) = (world.socket(1), world.socket(2));
    send_numbers(&*a, &*b, 0..50);
    assert_eq!(world.net.next_due(), Some(VirtualTime::after_start(5 * MS)));
    world.steps(4);
    assert!(read(&*b).is_empty());
    world.step();
    assert_eq!(read_numbers(&*b), numbers(0..50));
    assert_eq!(world.net.next_due(), None);
}

#[test]
fn no_weather_is_faster_than_a_quantum() {
    let world = World::calm(Duration::ZERO);
    let (a, b) = (world.socket(1), world.socket(2));
    send(&*a, &*b, "x");
    world.net.deliver();
    assert!(read(&*b).is_empty());
    world.clock.advance(LEAST_LATENCY);
    world.net.deliver();
    assert_eq!(read(&*b), ["x"]);
}

#[test]
fn jitter_longer_than_the_time_between_datagrams_reorders_them_and_loses_none() {
    let weather = Weather {
        latency: 3 * MS,
        jitter: 20 * MS,
        ..Weather::default()
    };
    let world = World::new(7, weather);
    let (a, b) = (world.socket(1), world.socket(2));
    send_numbers(&*a, &*b, 0..200);
    world.steps(2);
    assert!(read(&*b).is_empty(), "the latency is the least");
    world.steps(21);
    let mut came = read_numbers(&*b);
    assert_ne!(came, numbers(0..200));
    came.sort_unstable();
    assert_eq!(came, numbers(0..200));
}

/// Which of a thousand numbers arrive, and in which order, with that seed.
fn arrivals(seed: u64, weather: Weather) -> Vec<u32> {
    let world = World::new(seed, weather);
    let (a, b) = (world.socket(1), world.socket(2));
    send_numbers(&*a, &*b, 0..1000);
    world.steps(100);
    read_numbers(&*b)
}

#[test]
fn about_as_many_datagrams_are_lost_as_the_loss_says() {
    let weather = Weather {
        loss: 0.3,
        ..Weather::default()
    };
    let came = arrivals(3, weather).len();
    // Six standard deviations of a thousand draws are 87.
    assert!((613..=787).contains(&came), "{came}");
    let certain = Weather {
        loss: 1.0,
        ..weather
    };
    assert_eq!(arrivals(3, certain), numbers(0..0));
    let nonsense = Weather {
        loss: f64::NAN,
        duplication: -1.0,
        ..weather
    };
    assert_eq!(arrivals(3, nonsense), numbers(0..1000));
}

#[test]
fn the_seed_decides_what_is_lost_doubled_and_overtaken() {
    let weather = Weather {
        latency: 2 * MS,
        jitter: 3 * MS,
        loss: 0.1,
        duplication: 0.1,
        reordering: 0.1,
    };
    assert_eq!(arrivals(11, weather), arrivals(11, weather));
    assert_ne!(arrivals(11, weather), arrivals(12, weather));
}

#[test]
fn links_without_chance_leave_the_draws_of_others_alone() {
    let lossy = Weather {
        loss: 0.5,
        ..Weather::default()
    };
    let with_others = |talk: bool| {
        let world = World::new(5, Weather::default());
        let (a, b, c) = (world.socket(1), world.socket(2), world.socket(3));
        let _rain = world
            .net
            .weather(Links::one_way([&node(1)], [&node(2)]), lossy);
        for number in 0..100 {
            send(&*a, &*b, number.to_string());
            if talk {
                send(&*a, &*c, "other");
                send(&*b, &*a, "back");
            }
        }
        world.step();
        read(&*b)
    };
    assert_eq!(with_others(true), with_others(false));
}

#[test]
fn a_doubled_datagram_arrives_twice_and_is_counted_as_a_copy() {
    let weather = Weather {
        duplication: 1.0,
        ..Weather::default()
    };
    let world = World::new(1, weather);
    let (a, b) = (world.socket(1), world.socket(2));
    send(&*a, &*b, "twin");
    world.step();
    assert_eq!(read(&*b), ["twin", "twin"]);
    let counts = world.net.traffic(&node(1)).gossip;
    assert_eq!((counts.sent.datagrams, counts.copied.datagrams), (1, 1));
    let received = world.net.traffic(&node(2)).gossip.received;
    assert_eq!((received.datagrams, received.bytes), (2, 8));
}

#[test]
fn a_datagram_that_is_overtaken_comes_a_few_latencies_later() {
    let weather = Weather {
        latency: 10 * MS,
        reordering: 0.2,
        ..Weather::default()
    };
    let world = World::new(2, weather);
    let (a, b) = (world.socket(1), world.socket(2));
    send_numbers(&*a, &*b, 0..100);
    world.steps(10);
    let on_time = read_numbers(&*b);
    assert!(on_time.is_sorted());
    assert!((50..100).contains(&on_time.len()), "{on_time:?}");
    world.steps(9);
    assert!(read(&*b).is_empty(), "at least one latency more");
    world.steps(31);
    assert_eq!(on_time.len() + read(&*b).len(), 100, "at most four more");
}

#[test]
fn datagrams_within_a_host_meet_nothing() {
    let storm = Weather {
        latency: 50 * MS,
        loss: 1.0,
        ..Weather::default()
    };
    let world = World::new(1, storm);
    let (a, b) = (world.socket(1), world.socket(1));
    let _alone = world.net.isolate(&node(1)).with_what_is_under_way();
    let _held = world.net.hold(Links::all());
    send(&*a, &*b, "here");
    let port = b.local_addr().unwrap().port();
    at_once(a.send_to(b"loopback", ([127, 0, 0, 1], port).into())).unwrap();
    let _later = world.net.isolate(&node(1)).with_what_is_under_way();
    world.step();
    assert_eq!(read(&*b), ["here", "loopback"]);
}

#[test]
fn the_newest_weather_is_in_force_until_its_guard_is_dropped() {
    let world = World::calm(MS);
    let (a, b, c) = (world.socket(1), world.socket(2), world.socket(3));
    let slow = |latency| Weather {
        latency,
        ..Weather::default()
    };
    let takes = |expected: u32| {
        send(&*a, &*b, "x");
        send(&*c, &*b, "other link");
        world.step();
        let mut came = read(&*b);
        came.retain(|text| text == "x");
        for _step in 1..expected {
            assert!(came.is_empty(), "too early");
            world.step();
            came = read(&*b);
        }
        assert_eq!(came, ["x"]);
    };
    takes(1);
    let five = world.net.weather(Links::leaving(&node(1)), slow(5 * MS));
    takes(5);
    let nine = world
        .net
        .weather(Links::between([&node(1)], [&node(2)]), slow(9 * MS));
    takes(9);
    drop(five);
    takes(9);
    drop(nine);
    takes(1);
}
