//! Hosts that are cut from each other, from the store, or from both, in one way or both.

use std::time::Duration;

use peerflow_tests::{Cluster, Cut, Hosts, Side, TaskLog, Way, eventually, is_alive, within};

use super::{all_succeed, run_many, run_until_all_busy, single, waiting};

const LEASE: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(60);

fn start() -> Cluster {
    Cluster::builder().on_hosts().slots(8).lease(LEASE).start()
}

#[test]
fn tasks_of_a_host_that_is_cut_off_are_killed_before_they_begin_elsewhere() {
    if !Hosts::are_possible() {
        return;
    }
    let cluster = start();
    let ids = waiting::begin(&cluster, "wait");
    let worker = (cluster.agreed_master() + 1) % 3;
    let (cut_off, others) = waiting::by_node(&cluster, &ids, worker);
    let event = waiting::uptime();
    cluster.cut(worker, &[Cut::WHOLE]);
    waiting::begun_again(&cluster, &cut_off, LONG);
    for (id, each) in &cut_off {
        assert!(!is_alive(each.pid), "the task of {id} was killed: {each:?}");
    }
    waiting::assert_all_alive(&others);
    waiting::assert_killed_before_begun_again(&cluster, &cut_off, event);
    cluster.heal(worker);
    cluster.agreed_master();
    waiting::open(&cluster, "gate");
    let instances = all_succeed(cluster.api(worker), &ids, LONG);
    cluster.task_log().check(&instances);
}

#[test]
fn a_master_that_gossips_but_is_cut_from_the_store_is_followed_and_its_tasks_go_on() {
    if !Hosts::are_possible() {
        return;
    }
    let cluster = start();
    let ids = waiting::begin(&cluster, "wait");
    let former = cluster.agreed_master();
    let other = (former + 1) % 3;
    let (own, others) = waiting::by_node(&cluster, &ids, former);
    let quick = single("quick", &cluster.task_log().around("true"));
    cluster.api(other).put_workflow("quick", &quick);
    let event = waiting::uptime();
    cluster.cut_without_excuse(former, &[Cut::off(Side::Store)]);
    eventually("another is master", LONG, || {
        let master = cluster.view(other)?.master?;
        (master != cluster.id(former)).then_some(())
    });
    eprintln!(
        "another was master after {:.2} s",
        waiting::uptime() - event
    );
    let next = cluster.agreed_master();
    assert_ne!(next, former);
    // Work that comes now is done, whoever is asked for it.
    let new = [former, other].map(|at| run_many(cluster.api(at), "quick", 3));
    let new = all_succeed(cluster.api(other), &new.concat(), LONG);
    // Longer than grants hold that the former master gave.
    let died = || {
        others
            .iter()
            .chain(&own)
            .find(|(_, each)| !is_alive(each.pid))
    };
    assert_eq!(within(LEASE * 2, died), None, "all tasks go on");
    cluster.heal(former);
    assert_eq!(cluster.agreed_master(), next, "the former is a peer");
    waiting::open(&cluster, "gate");
    let mut instances = all_succeed(cluster.api(former), &ids, LONG);
    instances.extend(new);
    cluster.task_log().check(&instances);
}

/// Who is cut off.
#[derive(Clone, Copy, Debug)]
enum Who {
    Master,
    Worker,
    Everybody,
}

/// Three tasks in a row.
fn chain(cluster: &Cluster) -> String {
    let action = |name: &str, seconds, to: &str| {
        let onward = format!(r#"<ok to="{to}"/>"#);
        TaskLog::action(name, &cluster.task_log().busy_for(seconds), &onward)
    };
    format!(
        r#"<work-flow name="chain" instance-limit="1000"><start name="start" to="a"/>{}{}{}<end name="end"/></work-flow>"#,
        action("a", 1.0, "b"),
        action("b", 3.0, "c"),
        action("c", 0.5, "end"),
    )
}

/// Who is given up while the cut lasts beside those that are cut off: a master whom the store still knows stays
/// master, and gives up all that it does not reach.
fn given_up(who: Who, cuts: &[Cut], master: usize) -> Vec<usize> {
    let is_alone = cuts.iter().all(|cut| cut.from == Side::Peers);
    match who {
        Who::Master if is_alone => (0..3).filter(|at| *at != master).collect(),
        Who::Master | Who::Worker | Who::Everybody => Vec::new(),
    }
}

/// Work goes on, or waits, during a fault that outlasts the lease; afterwards all of it ends, none of it doubled.
fn a_fault(who: Who, cuts: &[Cut], how_long: Duration) {
    if !Hosts::are_possible() {
        return;
    }
    let cluster = start();
    let master = cluster.agreed_master();
    let at = match who {
        Who::Master => vec![master],
        Who::Worker => vec![(master + 1) % 3],
        Who::Everybody => vec![0, 1, 2],
    };
    let client = (master + 2) % 3;
    cluster.api(client).put_workflow("chain", &chain(&cluster));
    let mut ids = run_until_all_busy(&cluster, cluster.api(client), "chain", 9);
    let given_up = given_up(who, cuts, master);
    for each in &given_up {
        cluster.task_log().leaving(cluster.id(*each));
    }
    for each in &at {
        cluster.cut(*each, cuts);
    }
    // Whoever can is asked for more all the while; what is not acknowledged may not be there.
    let over = || None::<()>;
    let event = waiting::uptime();
    while waiting::uptime() - event < how_long.as_secs_f64() {
        ids.extend(cluster.api(client).try_run("chain"));
        assert_eq!(within(Duration::from_millis(700), over), None);
    }
    let cut_until = waiting::uptime();
    for each in &at {
        cluster.heal(*each);
    }
    cluster.agreed_master();
    eprintln!(
        "they agreed {:.2} s after it healed",
        waiting::uptime() - cut_until
    );
    let instances = all_succeed(cluster.api(at[0]), &ids, LONG);
    cluster.task_log().check(&instances);
}

const OUTLASTS_THE_LEASE: Duration = Duration::from_secs(12);

#[test]
fn a_worker_that_is_not_heard_by_its_peers_doubles_and_loses_nothing() {
    let cut = Cut {
        way: Way::Out,
        ..Cut::off(Side::Peers)
    };
    a_fault(Who::Worker, &[cut], OUTLASTS_THE_LEASE);
}

#[test]
fn a_worker_that_does_not_hear_its_peers_doubles_and_loses_nothing() {
    let cut = Cut {
        way: Way::In,
        ..Cut::off(Side::Peers)
    };
    a_fault(Who::Worker, &[cut], OUTLASTS_THE_LEASE);
}

#[test]
fn a_worker_that_is_cut_from_its_peers_and_not_from_the_store_doubles_and_loses_nothing() {
    a_fault(Who::Worker, &[Cut::off(Side::Peers)], OUTLASTS_THE_LEASE);
}

#[test]
fn a_master_that_is_cut_from_its_peers_and_not_from_the_store_doubles_and_loses_nothing() {
    a_fault(Who::Master, &[Cut::off(Side::Peers)], OUTLASTS_THE_LEASE);
}

#[test]
fn a_master_that_is_cut_from_all_doubles_and_loses_nothing() {
    a_fault(Who::Master, &[Cut::WHOLE], OUTLASTS_THE_LEASE);
}

#[test]
fn a_worker_that_is_cut_from_the_store_only_doubles_and_loses_nothing() {
    a_fault(Who::Worker, &[Cut::off(Side::Store)], OUTLASTS_THE_LEASE);
}

#[test]
fn a_network_that_loses_a_fifth_of_all_packets_doubles_and_loses_nothing() {
    let cut = Cut {
        way: Way::In,
        percent: 20,
        ..Cut::WHOLE
    };
    a_fault(Who::Everybody, &[cut], Duration::from_secs(20));
}
