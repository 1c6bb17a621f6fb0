use std::str::FromStr as _;

use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect(name)
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// The next `count` times after `after`, as the clock of `zone` shows them.
fn next(schedule: &str, after: &str, zone_name: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(schedule).expect(schedule);
    let zone = zone(zone_name);
    let mut at = moment(after);
    let mut found = Vec::new();
    for _ in 0..count {
        let following = schedule.next_after(at, &zone).expect("a next time");
        assert!(following > at, "{schedule}: {following} is not after {at}");
        at = following;
        found.push(
            at.to_zoned(zone.clone())
                .strftime("%Y-%m-%dT%H:%M:%S%:z")
                .to_string(),
        );
    }
    found
}

#[test]
fn a_time_in_the_gap_fires_once_when_the_clock_is_put_forward() {
    assert_eq!(
        next("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin", 2),
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]
    );
    // Two times within the gap are one moment, and so is the time at its end.
    assert_eq!(
        next("0,30 2,3 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin", 2),
        ["2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"]
    );
}

#[test]
fn a_time_in_the_fold_fires_once_the_first_time() {
    assert_eq!(
        next("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin", 2),
        ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]
    );
    // Asked from between the two 02:30, the first has gone.
    assert_eq!(
        next("30 2 * * *", "2026-10-25T01:10:00Z", "Europe/Berlin", 1),
        ["2026-10-26T02:30:00+01:00"]
    );
}

#[test]
fn half_hours_go_on_in_order_over_gap_and_fold() {
    assert_eq!(
        next("*/30 * * * *", "2026-10-24T23:40:00Z", "Europe/Berlin", 6),
        [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:00:00+01:00",
            "2026-10-25T03:30:00+01:00",
        ]
    );
    assert_eq!(
        next("*/30 * * * *", "2026-03-29T00:10:00Z", "Europe/Berlin", 3),
        [
            "2026-03-29T01:30:00+01:00",
            "2026-03-29T03:00:00+02:00",
            "2026-03-29T03:30:00+02:00"
        ]
    );
}

#[test]
fn midnight_that_does_not_exist_fires_at_the_gaps_end() {
    assert_eq!(
        next("0 0 * * *", "2018-11-03T12:00:00Z", "America/Sao_Paulo", 2),
        ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]
    );
    assert_eq!(
        next("@daily", "2026-03-28T12:00:00Z", "Asia/Beirut", 1),
        ["2026-03-29T01:00:00+03:00"]
    );
    assert_eq!(
        next(
            "every day at midnight",
            "2018-11-03T12:00:00Z",
            "America/Sao_Paulo",
            1
        ),
        ["2018-11-04T01:00:00-02:00"]
    );
}

/// Cron expression, a moment, and the next time after it.
const FIELDS: &[(&str, &str, &str)] = &[
    (
        "0 1 * * *",
        "2026-01-01T01:00:00Z",
        "2026-01-02T01:00:00+00:00",
    ),
    (
        "5,10-12 */6 * * *",
        "2026-01-01T06:10:00Z",
        "2026-01-01T06:11:00+00:00",
    ),
    (
        "0 9 * * MON-FRI",
        "2026-01-02T09:00:00Z",
        "2026-01-05T09:00:00+00:00",
    ),
    (
        "0 0 1 JAN,JUL *",
        "2026-01-01T00:00:00Z",
        "2026-07-01T00:00:00+00:00",
    ),
    (
        "0 0 13 * FRI",
        "2026-02-12T00:00:00Z",
        "2026-02-13T00:00:00+00:00",
    ),
    (
        "0 0 13 * FRI",
        "2026-02-13T00:00:00Z",
        "2026-02-20T00:00:00+00:00",
    ),
    (
        "0 0 * * 7",
        "2026-01-01T00:00:00Z",
        "2026-01-04T00:00:00+00:00",
    ),
    (
        "30 0 0 * * *",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:30+00:00",
    ),
    (
        "0/10 * * * * *",
        "2026-01-01T00:00:01Z",
        "2026-01-01T00:00:10+00:00",
    ),
    (
        "0 0 29 2 *",
        "2026-01-01T00:00:00Z",
        "2028-02-29T00:00:00+00:00",
    ),
    (
        "0 0 29 2 *",
        "2096-03-01T00:00:00Z",
        "2104-02-29T00:00:00+00:00",
    ),
    (
        "0 0 L * *",
        "2026-02-01T00:00:00Z",
        "2026-02-28T00:00:00+00:00",
    ),
    (
        "0 0 15W * *",
        "2026-02-01T00:00:00Z",
        "2026-02-16T00:00:00+00:00",
    ),
    (
        "0 0 LW * *",
        "2026-01-01T00:00:00Z",
        "2026-01-30T00:00:00+00:00",
    ),
    (
        "0 0 * * MON#2",
        "2026-01-01T00:00:00Z",
        "2026-01-12T00:00:00+00:00",
    ),
    (
        "0 0 ? * 5L",
        "2026-01-01T00:00:00Z",
        "2026-01-30T00:00:00+00:00",
    ),
    (
        "@hourly",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T01:00:00+00:00",
    ),
    (
        "@weekly",
        "2026-01-01T00:00:00Z",
        "2026-01-04T00:00:00+00:00",
    ),
    (
        "* * * * *",
        "1969-12-31T23:59:30.25Z",
        "1970-01-01T00:00:00+00:00",
    ),
];

#[test]
fn crontab_fields_mean_what_they_always_did() {
    for (cron, after, expected) in FIELDS {
        assert_eq!(next(cron, after, "UTC", 1), [*expected], "{cron}");
    }
}

/// What is neither a cron expression nor English of the grammar.
const REFUSED: &[&str] = &[
    "",
    "* * * *",
    "* * * * * * *",
    "60 * * * *",
    "0 24 * * *",
    "0 0 0 * *",
    "0 0 * 13 *",
    "0 0 * * MONDAYS",
    "0 0 5-1 * *",
    "/5 * * * *",
    "1,, * * * *",
    "@sometimes",
    "*/0 * * * *",
    "99999999999999999999 * * * *",
    "every second monday",
    "every 7 minutes",
    "every 90 minutes",
    "every 2 days",
    "every other day",
    "every hour between 9am and 5pm",
    "every 10 minutes at noon",
    "at 6",
    "at 13pm",
    "at 25:00",
    "at 6:5",
    "on the 32nd of the month",
    "on the 2th of the month",
    "on the first of",
    "midnight on monday on tuesday",
    "every day at 6am on monday",
    "monday monday",
    "when the moon is full",
    "every",
    "in january in july",
    "监控",
];

#[test]
fn what_is_no_schedule_is_refused_with_what_is_understood() {
    for text in REFUSED {
        let error = Schedule::parse(text).expect_err(text);
        assert!(
            error.help.contains("every day at 6:30"),
            "{text}: {error:?}"
        );
    }
    for text in [
        "0 0 31 2 *",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "on the 31st of february at noon",
        "0 0 5 * +MON#2",
    ] {
        let error = Schedule::parse(text).expect_err(text);
        assert!(error.message.contains("never comes"), "{text}: {error:?}");
    }
}

/// English, and the cron expression with seconds that it means.
const ENGLISH: &[(&str, &str)] = &[
    ("every day at midnight", "0 0 0 * * *"),
    ("midnight on monday", "0 0 0 * * MON"),
    ("every 10 minutes", "0 */10 * * * *"),
    ("Every Weekday at 6am", "0 0 6 * * MON-FRI"),
    ("at 6:30 on monday and friday", "0 30 6 * * MON,FRI"),
    ("every hour", "0 0 * * * *"),
    ("every minute", "0 * * * * *"),
    ("every 15 seconds on weekends", "*/15 * * * * SAT,SUN"),
    ("every 2 hours", "0 0 */2 * * *"),
    ("hourly", "0 0 * * * *"),
    ("daily", "0 0 0 * * *"),
    ("every day", "0 0 0 * * *"),
    ("daily at noon", "0 0 12 * * *"),
    ("noon", "0 0 12 * * *"),
    ("weekly", "0 0 0 * * SUN"),
    ("monthly", "0 0 0 1 * *"),
    ("every week on friday at 18:00", "0 0 18 * * FRI"),
    (
        "every month on the 15th day of the month at 6pm",
        "0 0 18 15 * *",
    ),
    ("on the first day of the month at 23:00", "0 0 23 1 * *"),
    ("at 23:00 on the last day of every month", "0 0 23 L * *"),
    ("on the 1st and 15th of the month at 0:05", "0 5 0 1,15 * *"),
    (
        "on the last friday of the month at 12pm",
        "0 0 12 * * FRI#L",
    ),
    ("on the first monday of the month", "0 0 0 * * MON#1"),
    ("on the 1st of january and july at 12am", "0 0 0 1 1,7 *"),
    (
        "every monday to friday at 7 am",
        "0 0 7 * * MON,TUE,WED,THU,FRI",
    ),
    (
        "mondays, wednesdays and fridays at 8:15",
        "0 15 8 * * MON,WED,FRI",
    ),
    (
        "saturday through monday at 1:02:03",
        "3 2 1 * * SAT,SUN,MON",
    ),
    ("every day in december at noon", "0 0 12 * 12 *"),
    ("yearly", "0 0 0 1 1 *"),
];

#[test]
fn english_means_the_cron_expressions_it_says() {
    for (english, cron) in ENGLISH {
        assert_eq!(
            english::translate(english).as_deref(),
            Ok(&[(*cron).to_owned()][..]),
            "{english}"
        );
        Schedule::parse(english).expect(english);
    }
    assert_eq!(
        next("at 6am, 6:30pm and noon", "2026-01-01T00:00:00Z", "UTC", 4),
        [
            "2026-01-01T06:00:00+00:00",
            "2026-01-01T12:00:00+00:00",
            "2026-01-01T18:30:00+00:00",
            "2026-01-02T06:00:00+00:00",
        ]
    );
}

#[test]
fn a_schedule_says_in_english_what_it_means() {
    let described = |text| Schedule::parse(text).expect(text).describe();
    assert_eq!(described("30 2 * * *"), "At 02:30");
    assert_eq!(
        described("every weekday at 6am"),
        described("0 0 6 * * MON-FRI")
    );
    assert!(described("at 6am and 6pm").contains("; "));
    assert!(described("0 0 * * 5L").contains("last Friday"));
}

#[test]
fn a_schedule_is_small() {
    assert!(size_of::<Pattern>() <= 64, "{}", size_of::<Pattern>());
    assert!(size_of::<Schedule>() <= 32, "{}", size_of::<Schedule>());
}

#[test]
fn nothing_comes_after_the_last_instant() {
    let schedule = Schedule::parse("0 1 * * *").expect("a schedule");
    assert_eq!(
        schedule.next_after(Timestamp::MAX, &zone("Europe/Berlin")),
        None
    );
    let minutely = Schedule::parse("* * * * *").expect("a schedule");
    assert_eq!(minutely.next_after(Timestamp::MAX, &zone("UTC")), None);
}

fn field(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(values)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Where no clock is put forward or back, croner's own search is the reference.
    #[test]
    fn without_clock_changes_times_are_those_of_croner(
        minute in field(&["*", "0", "*/7", "5-20/3", "1,59"]),
        hour in field(&["*", "0", "23", "*/5", "8-17", "2,14"]),
        day in field(&["*", "1", "31", "29-31", "L", "15W", "1W", "31W", "LW", "*/10"]),
        month in field(&["*", "2", "FEB,APR", "1-6/2", "12"]),
        weekday in field(&["*", "0", "7", "MON-FRI", "5L", "TUE#1,TUE#3", "SUN#5", "+FRI", "1,6"]),
        second in 0_i64..4_000_000_000,
    ) {
        let text = format!("{minute} {hour} {day} {month} {weekday}");
        let cron = croner::Cron::from_str(&text).expect("a pattern");
        let after = Timestamp::from_second(second).expect("a time");
        let Ok(schedule) = Schedule::parse(&text) else {
            prop_assert!(cron.find_next_occurrence(&moment("2000-01-01T00:00:00Z").to_zoned(TimeZone::UTC), false).is_err());
            return Ok(());
        };
        let expected = cron.find_next_occurrence(&after.to_zoned(TimeZone::UTC), false).ok().map(|found| found.timestamp());
        prop_assert_eq!(schedule.next_after(after, &TimeZone::UTC), expected, "{} after {}", text, after);
    }

    #[test]
    fn times_only_grow_in_every_zone(
        text in field(&["*/20 * * * *", "15 0,2 * * *", "0 * * * *", "30 2 * * SUN", "*/45 */40 2 * * *", "0 3 * * *"]),
        name in field(&["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut", "Africa/Casablanca"]),
        start in 1_000_000_000_i64..2_000_000_000,
    ) {
        let (schedule, zone) = (Schedule::parse(text).expect("a schedule"), zone(name));
        let mut at = Timestamp::from_second(start).expect("a time");
        for _ in 0..60 {
            let next = schedule.next_after(at, &zone).expect("a next time");
            prop_assert!(next > at);
            // Nothing lies between: from one second before it, it is still the next.
            let before = next.checked_sub(jiff::SignedDuration::from_nanos(1)).expect("a time");
            prop_assert_eq!(schedule.next_after(before, &zone), Some(next));
            at = next;
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "[a-z0-9*/,:@#LW+? 监-]{0,40}") {
        if let Ok(schedule) = Schedule::parse(&text) {
            schedule.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC);
            prop_assert!(!schedule.describe().is_empty());
        }
    }
}
