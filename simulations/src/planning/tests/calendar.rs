//! Times: clocks that change, months, first and last instants.

use super::{Folder, depend, local, ran};

#[test]
fn in_the_week_the_clocks_go_forward_a_time_that_does_not_exist_fires_once_an_hour_later() {
    let mut folder = Folder::of_days("2026-03-26", "2026-04-01");
    folder.cron("night", 1, "30 2 * * *");
    folder.cron("hourly", 1, "0 * * * *");
    let plan = folder.plan().unwrap();
    let expected = [
        "03-26 02:30:00+01:00",
        "03-27 02:30:00+01:00",
        "03-28 02:30:00+01:00",
        "03-29 03:00:00+02:00",
        "03-30 02:30:00+02:00",
        "03-31 02:30:00+02:00",
        "04-01 02:30:00+02:00",
    ];
    assert_eq!(ran(&plan, "night"), expected);
    assert_eq!(
        ran(&plan, "hourly").len(),
        7 * 24 - 1,
        "one day has 23 hours"
    );
    assert!(plan.times.iter().all(|time| !time.made_none()));
    let text = plan.to_string();
    assert!(
        text.contains("Sunday 2026-03-29, the clocks go forward 60 minutes\n"),
        "{text}"
    );
}

#[test]
fn in_the_week_the_clocks_go_back_a_time_that_comes_twice_fires_once() {
    let mut folder = Folder::of_days("2026-10-22", "2026-10-28");
    folder.cron("night", 1, "30 2 * * *");
    folder.cron("hourly", 1, "0 * * * *");
    let plan = folder.plan().unwrap();
    let nights = ran(&plan, "night");
    assert_eq!(nights.len(), 7, "{nights:?}");
    assert!(
        nights.contains(&"10-25 02:30:00+02:00".to_owned()),
        "{nights:?}"
    );
    assert_eq!(
        ran(&plan, "hourly").len(),
        7 * 24 + 1,
        "one day has 25 hours"
    );
    let text = plan.to_string();
    assert!(text.contains("the clocks go back 60 minutes"), "{text}");
    assert!(text.contains("02:30:00+02:00"), "which of the two: {text}");
}

#[test]
fn a_monthly_schedule_fires_once_in_its_month_whatever_misfire_says() {
    for misfire in ["once", "skip", "all"] {
        let mut folder = Folder::of_days("2026-02-01", "2026-02-28");
        let coordinator = format!(
            r#"<coordinator misfire="{misfire}"><depend-list cron="15 4 28 * *"/></coordinator>"#
        );
        folder.workflow("month", 30, "", &coordinator);
        let daily = depend("0 6 * * *", &[]).replace(
            "<coordinator",
            &format!(r#"<coordinator misfire="{misfire}""#),
        );
        folder.workflow("daily", 1, "", &daily);
        folder.cron("never", 1, "0 0 31 * *");
        let plan = folder.plan().unwrap();
        assert_eq!(ran(&plan, "month"), ["02-28 04:15:00+01:00"], "{misfire}");
        assert_eq!(ran(&plan, "daily").len(), 28, "{misfire}");
        let idle: Vec<&str> = plan
            .idle
            .iter()
            .map(|idle| idle.workflow.as_str())
            .collect();
        assert_eq!(idle, ["never"]);
        assert_eq!(plan.notes, [""; 0]);
        let text = plan.to_string();
        assert!(text.contains("no time in this period (1): never"), "{text}");
    }
}

#[test]
fn the_first_instant_belongs_to_a_plan_and_the_last_does_not() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.cron("midnight", 1, "0 0 * * *");
    let plan = folder.plan().unwrap();
    assert_eq!(ran(&plan, "midnight"), ["06-01 00:00:00+02:00"]);
    assert_eq!(local(&plan, plan.to), "06-02 00:00:00+02:00");
}

#[test]
fn a_warm_up_shows_what_runs_when_the_plan_begins_and_not_what_was_over() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.cron("over_midnight", 60, "30 23 * * *");
    folder.cron("evening", 60, "0 20 * * *");
    folder.options.warm_up = std::time::Duration::from_secs(24 * 3600);
    let plan = folder.plan().unwrap();
    assert_eq!(ran(&plan, "over_midnight"), ["06-01 23:30:00+02:00"]);
    let began = plan
        .instances
        .iter()
        .map(|each| local(&plan, each.queued_at));
    let began: Vec<String> = began.collect();
    let expected = [
        "05-31 23:30:00+02:00",
        "06-01 20:00:00+02:00",
        "06-01 23:30:00+02:00",
    ];
    assert_eq!(began, expected);
}

#[test]
fn a_workflow_of_another_zone_fires_by_its_own_clock() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.workflow(
        "east",
        1,
        r#"timezone="Asia/Shanghai""#,
        &depend("0 9 * * *", &[]),
    );
    let plan = folder.plan().unwrap();
    assert_eq!(ran(&plan, "east"), ["06-01 03:00:00+02:00"]);
}
