//! Scheduled times: each fires once, and the ledger tells the fate of each.

use jiff::SignedDuration;
use peerflow_model::{Fate, TriggerKind};

use super::rig::{Rig, at, one_step};
use crate::{Event, Request};

fn scheduled(cron: &str, attributes: &str) -> String {
    let coordinator =
        format!(r#"<coordinator {attributes}><depend-list cron="{cron}"/></coordinator>"#);
    one_step("w", r#"instance-limit="1000""#, &coordinator)
}

/// Instants that ran, in order, as UTC.
fn ran(rig: &Rig) -> Vec<String> {
    let rows = rig.store.ledger.values();
    rows.filter(|row| matches!(row.fate, Fate::Ran { .. }))
        .map(|row| row.instant.to_string())
        .collect()
}

#[test]
fn a_time_fires_once_with_its_row_and_its_instance_in_one_batch() {
    let mut rig = Rig::new();
    rig.put(&scheduled("0 13 * * *", ""));
    assert_eq!(rig.engine.next_wakeup(rig.now).unwrap().as_secs(), 3_600);
    let lines = rig.live_until(at("06-01T13:00"));
    assert_eq!(
        lines,
        [
            "state of workflow w",
            "visit w1#1/s.1 Succeeded",
            "visit w1#1/a.1 Pending",
            "instance w1#1 Running",
            "ledger w 2026-06-01T13:00:00Z ran",
        ]
    );
    let instance = rig.store.instances.values().next().unwrap();
    assert_eq!(instance.trigger, TriggerKind::Cron);
    assert_eq!(instance.logical_time, at("06-01T13:00"));
    assert_eq!(instance.coordinator, Some(Rig::key("w")));
}

#[test]
fn a_loop_that_is_seconds_late_fires_each_time() {
    let mut rig = Rig::new();
    rig.put(&scheduled("*/5 * * * * *", "misfire='skip'"));
    rig.pass(20);
    assert_eq!(ran(&rig).len(), 4);
    assert!(rig.store.gaps.is_empty());
}

#[test]
fn on_the_night_the_clocks_go_forward_the_lost_hour_fires_once() {
    let mut rig = Rig::at(at("03-28T12:00"));
    rig.put(&scheduled("30 2 * * *", "timezone='Europe/Berlin'"));
    rig.live_until(at("03-30T12:00"));
    // 02:30 does not exist on the 29th: its place is taken by 03:00 summer time.
    assert_eq!(ran(&rig), ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    assert_eq!(rig.store.instances.len(), 2);
}

#[test]
fn on_the_night_the_clocks_go_back_the_doubled_hour_fires_once() {
    let mut rig = Rig::at(at("10-24T12:00"));
    rig.put(&scheduled("30 2 * * *", "timezone='Europe/Berlin'"));
    rig.live_until(at("10-26T12:00"));
    assert_eq!(ran(&rig), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
}

#[test]
fn a_clock_set_back_fires_nothing_twice() {
    let mut rig = Rig::new();
    rig.put(&scheduled("*/10 * * * *", ""));
    rig.live_until(at("06-01T12:31"));
    assert_eq!(ran(&rig).len(), 3);
    rig.now.wall -= SignedDuration::from_mins(25);
    rig.send(Event::Wake);
    rig.live_until(at("06-01T12:39"));
    assert_eq!(ran(&rig).len(), 3);
    rig.reload(2);
    rig.live_until(at("06-01T12:41"));
    assert_eq!(ran(&rig).len(), 4);
    assert_eq!(rig.store.instances.len(), 4);
}

/// Stops at noon, with a time each ten minutes, and goes on at `hours` later under another master.
fn stopped(policy: &str, hours: i64) -> Rig {
    let mut rig = Rig::new();
    rig.put(&scheduled("*/10 * * * *", policy));
    rig.now.wall += SignedDuration::from_hours(hours) + SignedDuration::from_mins(1);
    rig.reload(2);
    rig
}

#[test]
fn after_a_stopped_night_the_latest_time_fires_and_one_row_tells_of_the_others() {
    let rig = stopped("", 8);
    assert_eq!(
        rig.lines()[0],
        "gap w 2026-06-01T12:10:00Z to 2026-06-01T19:50:00Z: 47 missed: no master was up; the latest time fires"
    );
    assert_eq!(ran(&rig), ["2026-06-01T20:00:00Z"]);
    assert_eq!(rig.store.gaps.len(), 1);
}

#[test]
fn misfire_skip_fires_nothing_that_was_missed() {
    let mut rig = stopped("misfire='skip'", 8);
    assert_eq!(ran(&rig), [""; 0]);
    let gap = &rig.store.gaps[0];
    assert_eq!((gap.count, gap.to), (48, at("06-01T20:00")));
    rig.live_until(at("06-01T20:10"));
    assert_eq!(ran(&rig), ["2026-06-01T20:10:00Z"]);
}

#[test]
fn misfire_all_fires_each_up_to_a_thousand() {
    let rig = stopped("misfire='all'", 8);
    assert_eq!(ran(&rig).len(), 48);
    assert!(rig.store.gaps.is_empty());
    let rig = stopped("misfire='all'", 24 * 10);
    assert_eq!(ran(&rig).len(), 1_000);
    let gap = &rig.store.gaps[0];
    assert_eq!((gap.count, gap.from), (440, at("06-01T12:10")));
    assert_eq!(ran(&rig)[0], "2026-06-04T13:30:00Z");
    assert_eq!(gap.to, at("06-04T13:20"));
}

#[test]
fn one_missed_time_fires_without_a_gap() {
    let mut rig = Rig::new();
    rig.put(&scheduled("0 13 * * *", ""));
    rig.now.wall = at("06-01T13:05");
    rig.reload(2);
    assert_eq!(ran(&rig), ["2026-06-01T13:00:00Z"]);
    assert!(rig.store.gaps.is_empty());
    rig.reload(3);
    assert_eq!(ran(&rig).len(), 1);
}

#[test]
fn a_loop_that_stood_still_goes_by_the_misfire_policy() {
    let mut rig = Rig::new();
    rig.put(&scheduled("*/10 * * * *", ""));
    rig.pass(3_600);
    assert_eq!(ran(&rig), ["2026-06-01T13:00:00Z"]);
    assert_eq!(rig.store.gaps[0].count, 5);
}

#[test]
fn a_gap_of_very_many_times_is_counted_up_to_a_hundred_thousand() {
    let mut rig = Rig::new();
    rig.put(&scheduled("* * * * * *", ""));
    rig.now.wall += SignedDuration::from_hours(30);
    rig.reload(2);
    assert_eq!(rig.store.gaps[0].count, 99_999);
    assert_eq!(ran(&rig), ["2026-06-02T18:00:00Z"]);
}

#[test]
fn an_instance_that_cannot_be_made_fails_and_is_mailed() {
    let mut rig = Rig::new();
    rig.put(&super::rig::workflow(
        "w",
        r#"mail-receivers="me@example.org""#,
        r#"<coordinator><depend-list cron="0 13 * * *"/></coordinator>"#,
        r#"<action name="a"><shell><command>echo ${param:x}</command></shell><ok to="e"/></action>"#,
    ));
    let lines = rig.live_until(at("06-01T13:00"));
    assert!(lines[1].starts_with("instance w1#1 Failed: workflow w: missing parameters: x"));
    assert_eq!(lines[2], "ledger w 2026-06-01T13:00:00Z ran");
    assert_eq!(lines[3], r#"mail outcome of w to ["me@example.org"]"#);
}

#[test]
fn a_changed_schedule_counts_from_now_on() {
    let mut rig = Rig::new();
    rig.put(&scheduled("0 13 * * *", ""));
    rig.live_until(at("06-01T12:30"));
    rig.put(&scheduled("15 * * * *", ""));
    rig.live_until(at("06-01T13:20"));
    assert_eq!(ran(&rig), ["2026-06-01T13:15:00Z"]);
}

#[test]
fn start_and_end_times_bound_the_schedule() {
    let mut rig = Rig::new();
    let window = "start-time='2026-06-01 13:00:00' end-time='2026-06-01 14:00:00'";
    rig.put(&scheduled("0,30 * * * *", window));
    rig.live_until(at("06-01T16:00"));
    let expected = ["13:00", "13:30", "14:00"].map(|time| format!("2026-06-01T{time}:00Z"));
    assert_eq!(ran(&rig), expected);
    assert_eq!(rig.engine.next_wakeup(rig.now), None);
}

#[test]
fn macros_take_the_scheduled_time_in_the_workflows_zone() {
    let mut rig = Rig::new();
    rig.put(&one_step(
        "w",
        r#"timezone="Asia/Shanghai""#,
        r#"<coordinator><depend-list cron="30 0 * * *"/><param-list><param name="day" value="${time.today|yyyy-MM-dd|-1 day}"/></param-list></coordinator>"#,
    ));
    rig.live_until(at("06-01T16:29"));
    assert!(rig.store.instances.is_empty());
    rig.now.wall = at("06-02T03:00");
    rig.reload(2);
    let instance = rig.store.instances.values().next().unwrap();
    assert_eq!(instance.logical_time, at("06-01T16:30"));
    assert_eq!(instance.params["day"], "2026-06-01");
}

#[test]
fn the_plan_lists_todays_times_and_is_made_again_each_day() {
    let settings = peerflow_model::Settings {
        reset: String::new(),
        ..Default::default()
    };
    let mut rig = Rig::with(at("06-01T12:00"), settings, 1);
    rig.put(&scheduled("0 */6 * * *", ""));
    rig.put(&one_step("v", "", &super::rig::after(&["w"], "")));
    rig.reload(2);
    let plan: Vec<_> = rig.store.plan.iter().map(|row| row.instant).collect();
    let times = ["00:00", "06:00", "12:00", "18:00"].map(|t| Some(at(&format!("06-01T{t}"))));
    assert_eq!(plan[0], None);
    assert_eq!(plan[1..], times);
    rig.live_until(at("06-02T00:02"));
    assert_eq!(rig.store.plan[1].instant, Some(at("06-02T00:00")));
}

#[test]
fn the_nightly_reset_clears_readiness_also_when_no_master_was_up() {
    let settings = peerflow_model::Settings {
        plan: String::new(),
        ..Default::default()
    };
    for restarts in [false, true] {
        let mut rig = Rig::with(at("06-01T12:00"), settings.clone(), 1);
        rig.put(&one_step("u", "", ""));
        rig.put(&one_step("v", "", ""));
        rig.put(&one_step("w", "", &super::rig::after(&["u", "v"], "")));
        rig.peer("n1", 1);
        rig.trigger("u");
        rig.finish("u", crate::AttemptResult::Succeeded);
        assert_eq!(rig.store.states[&Rig::key("w")].ready.len(), 1);
        if restarts {
            rig.store.last_renewed_at = Some(rig.now.wall);
            rig.now.wall = at("06-02T00:00");
            rig.reload(2);
        } else {
            rig.live_until(at("06-02T00:00"));
        }
        assert_eq!(rig.store.states[&Rig::key("w")].ready.len(), 0);
    }
}

#[test]
fn a_reset_does_not_fire_what_was_fired() {
    let mut rig = Rig::new();
    rig.put(&scheduled("*/10 * * * *", ""));
    rig.live_until(at("06-01T12:15"));
    rig.ask(Request::Reset { key: Rig::key("w") }).unwrap();
    rig.live_until(at("06-01T12:21"));
    assert_eq!(ran(&rig).len(), 2);
}
