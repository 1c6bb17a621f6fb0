//! Settings of the cluster, changed while it runs.

use std::time::Duration;

use jiff::Timestamp;

use super::rig::{Rig, after, at, one_step};
use crate::AttemptResult::Succeeded;
use crate::{RefusalKind, Request};

fn set(rig: &mut Rig, key: &str, value: &str) -> Vec<String> {
    let (key, value) = (key.to_owned(), value.to_owned());
    rig.ask(Request::SetSetting { key, value }).unwrap();
    rig.lines()
}

fn times(rig: &Rig, workflow: &str) -> Vec<Timestamp> {
    let instances = rig.store.instances.values();
    let mut times: Vec<Timestamp> = instances
        .filter(|instance| instance.workflow.as_str() == workflow)
        .map(|instance| instance.logical_time)
        .collect();
    times.sort();
    times
}

#[test]
fn a_setting_is_durable_and_in_force_at_once() {
    let mut rig = Rig::new();
    let lines = set(&mut rig, "worker.lease", "1m 30s");
    assert_eq!(
        lines,
        [
            "setting worker.lease=1m 30s",
            "reply worker.lease is 1m 30s now"
        ]
    );
    assert_eq!(rig.engine.settings().worker_lease, Duration::from_secs(90));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut rig = Rig::new();
    for (key, value, says) in [
        ("worker.leas", "60s", "did you mean \"worker.lease\"?"),
        ("node.timezone", "Mars/Olympus", "IANA"),
        ("cron_runner.plan", "61 0 * * *", "cron_runner.plan"),
        ("election.renew_every", "1500ms", "election.ttl"),
        ("node.slots", "4", "no cluster-wide setting"),
    ] {
        let before = rig.engine.settings().clone();
        let (key, value) = (key.to_owned(), value.to_owned());
        let refusal = rig.ask(Request::SetSetting { key, value }).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Invalid);
        assert!(refusal.message.contains(says), "{refusal}");
        assert_eq!(*rig.engine.settings(), before);
        assert!(rig.store.settings.is_empty());
    }
}

#[test]
fn another_zone_counts_from_now_on_and_no_time_fires_twice() {
    let coordinator = r#"<coordinator><depend-list cron="0 13 * * *"/></coordinator>"#;
    let own = r#"<coordinator timezone="UTC"><depend-list cron="0 13 * * *"/></coordinator>"#;
    let mut rig = Rig::at(at("06-01T12:30"));
    rig.put(&one_step("w", "", coordinator));
    rig.put(&one_step("own", "", own));
    rig.put(&one_step("other", r#"timezone="UTC""#, coordinator));
    // 13:00 in Berlin is 11:00 UTC, which has passed: the next is tomorrow's.
    set(&mut rig, "node.timezone", "Europe/Berlin");
    rig.live_until(at("06-01T13:30"));
    assert_eq!(times(&rig, "w"), [] as [Timestamp; 0]);
    assert_eq!(times(&rig, "own"), [at("06-01T13:00")]);
    assert_eq!(times(&rig, "other"), [at("06-01T13:00")]);
    // A master that comes later goes on alike.
    rig.settings.timezone = "Europe/Berlin".to_owned();
    rig.reload(2);
    rig.live_until(at("06-02T11:30"));
    assert_eq!(times(&rig, "w"), [at("06-02T11:00")]);
    // 13:00 in New York is 17:00 UTC, which is to come: it fires, as another time of the ledger.
    set(&mut rig, "node.timezone", "America/New_York");
    rig.live_until(at("06-02T18:00"));
    assert_eq!(times(&rig, "w"), [at("06-02T11:00"), at("06-02T17:00")]);
    set(&mut rig, "node.timezone", "America/New_York");
    rig.live_until(at("06-02T18:30"));
    assert_eq!(times(&rig, "w").len(), 2);
}

#[test]
fn a_time_that_is_held_outlives_another_zone() {
    let mut rig = Rig::at(at("06-01T12:30"));
    rig.put(&one_step("u", "", ""));
    rig.put(&one_step("w", "", &after(&["u"], "0 13 * * *")));
    rig.live_until(at("06-01T13:10"));
    set(&mut rig, "node.timezone", "Asia/Shanghai");
    rig.peer("n1", 2);
    rig.trigger("u");
    rig.finish("u", Succeeded);
    assert_eq!(times(&rig, "w"), [at("06-01T13:00")]);
}

#[test]
fn the_reset_and_the_plan_follow_their_settings() {
    let mut rig = Rig::at(at("06-01T12:00"));
    rig.put(&one_step("u", "", ""));
    rig.put(&one_step("v", "", ""));
    rig.put(&one_step("w", "", &after(&["u", "v"], "")));
    rig.peer("n1", 1);
    let make_ready = |rig: &mut Rig| {
        rig.trigger("u");
        rig.finish("u", Succeeded);
    };
    let ready = |rig: &Rig| rig.store.states[&Rig::key("w")].ready.len();
    make_ready(&mut rig);
    set(&mut rig, "cron_runner.reset", "30 12 * * *");
    rig.live_until(at("06-01T12:29"));
    assert_eq!(ready(&rig), 1);
    rig.live_until(at("06-01T12:31"));
    assert_eq!(ready(&rig), 0);
    // A time that has passed today is no reason to reset now.
    make_ready(&mut rig);
    set(&mut rig, "cron_runner.reset", "10 12 * * *");
    rig.store.last_renewed_at = Some(rig.now.wall);
    rig.settings = rig.engine.settings().clone();
    rig.reload(2);
    rig.live_until(at("06-01T13:00"));
    assert_eq!(ready(&rig), 1);
    set(&mut rig, "cron_runner.reset", "");
    rig.live_until(at("06-02T12:30"));
    assert_eq!(ready(&rig), 1);

    assert!(rig.store.plan.is_empty());
    set(&mut rig, "cron_runner.plan", "1 0 * * *");
    assert!(!rig.store.plan.is_empty(), "made at once");
}
