//! Scheduled times on a whole node: whatever happens to the node and to its clock, the ledger tells the fate of each
//! time, and none fires twice.

use crate::support::{Kept, Night, one_step};

const BOTH: [Kept; 2] = [Kept::InMemory, Kept::OnSqlite];
const BERLIN: &str = "Europe/Berlin";

/// A workflow of one step with a coordinator that says `attributes` and `depends`.
fn scheduled(name: &str, attributes: &str, depends: &str) -> String {
    let coordinator = format!(
        r#"<coordinator {attributes}>{depends}</coordinator><start name="start" to="work"/>"#
    );
    one_step(name, "ok").replace(r#"<start name="start" to="work"/>"#, &coordinator)
}

/// Registers a workflow that runs by a cron expression.
async fn put_cron(night: &Night, name: &str, cron: &str, attributes: &str) {
    let depends = format!(r#"<depend-list cron="{cron}"/>"#);
    let xml = scheduled(name, attributes, &depends);
    night.put("workflows", name, xml).await;
}

/// Times of the day `day`, each with its offset: `03:00+02:00`.
fn on(day: &str, times: &[&str]) -> Vec<String> {
    let whole = |time: &&str| format!("{day}T{}:00{}", &time[..5], &time[5..]);
    times.iter().map(whole).collect()
}

/// A daily time, one each half hour, and a daily time of another zone.
async fn put_berlin_nights(night: &Night) {
    put_cron(night, "daily", "30 2 * * *", "").await;
    put_cron(night, "halves", "*/30 * * * *", "").await;
    put_cron(night, "elsewhere", "30 2 * * *", "timezone='UTC'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_night_the_clocks_go_forward_each_time_fires_once() {
    for kept in BOTH {
        let night = Night::start(kept, "2026-03-28T22:50:00Z", BERLIN).await;
        put_berlin_nights(&night).await;
        // The clocks go from 02:00 to 03:00 at 01:00Z.
        night.pass_until("2026-03-29T01:00:20Z").await;
        let planned = on("2026-03-29", &["03:00+02:00"]);
        assert_eq!(night.plan("daily").await, planned, "{kept:?}");
        assert_eq!(night.plan("halves").await.len(), 46, "a day of 23 hours");
        // A new life right after the change finds what the former has done.
        let night = night.stopped_until("2026-03-29T01:00:40Z").await;
        night.pass_until("2026-03-29T02:45:00Z").await;
        let halves = [
            "00:00+01:00",
            "00:30+01:00",
            "01:00+01:00",
            "01:30+01:00",
            "03:00+02:00",
            "03:30+02:00",
            "04:00+02:00",
            "04:30+02:00",
        ];
        let ran = night.ledger("halves").await;
        assert_eq!(ran.with_fate("ran"), on("2026-03-29", &halves), "{kept:?}");
        assert_eq!(ran.rows.len(), halves.len());
        let ran = night.ledger("elsewhere").await;
        assert_eq!(ran.with_fate("ran"), on("2026-03-29", &["04:30+02:00"]));
        // The next night is like any other.
        night.pass_until("2026-03-30T00:31:00Z").await;
        let daily = night.ledger("daily").await;
        let expected = [planned, on("2026-03-30", &["02:30+02:00"])].concat();
        assert_eq!(daily.with_fate("ran"), expected, "{kept:?}");
        assert_eq!(daily.gaps_of("daily"), []);
        night.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_night_the_clocks_go_back_each_time_fires_once() {
    for kept in BOTH {
        let night = Night::start(kept, "2026-10-24T21:50:00Z", BERLIN).await;
        put_berlin_nights(&night).await;
        // The clocks go from 03:00 back to 02:00 at 01:00Z: half past two comes twice.
        night.pass_until("2026-10-25T01:10:00Z").await;
        let planned = on("2026-10-25", &["02:30+02:00"]);
        assert_eq!(night.plan("daily").await, planned, "{kept:?}");
        assert_eq!(night.plan("halves").await.len(), 50, "a day of 25 hours");
        // Between the two, a new life.
        let night = night.stopped_until("2026-10-25T01:10:20Z").await;
        night.pass_until("2026-10-25T02:45:00Z").await;
        let halves = [
            "00:00+02:00",
            "00:30+02:00",
            "01:00+02:00",
            "01:30+02:00",
            "02:00+02:00",
            "02:30+02:00",
            "02:00+01:00",
            "02:30+01:00",
            "03:00+01:00",
            "03:30+01:00",
        ];
        let ran = night.ledger("halves").await;
        assert_eq!(ran.with_fate("ran"), on("2026-10-25", &halves), "{kept:?}");
        assert_eq!(ran.rows.len(), halves.len());
        let ran = night.ledger("elsewhere").await;
        assert_eq!(ran.with_fate("ran"), on("2026-10-25", &["03:30+01:00"]));
        night.pass_until("2026-10-26T01:31:00Z").await;
        let daily = night.ledger("daily").await;
        let expected = [planned, on("2026-10-26", &["02:30+01:00"])].concat();
        assert_eq!(daily.with_fate("ran"), expected, "{kept:?}");
        assert_eq!(daily.gaps_of("daily"), []);
        night.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_stopped_while_the_clocks_changed_makes_up_for_each_time_once() {
    let gap = "missed: no master was up; the latest time fires";
    for kept in BOTH {
        let night = Night::start(kept, "2026-03-29T00:40:00Z", BERLIN).await;
        put_berlin_nights(&night).await;
        let night = night.stopped_until("2026-03-29T02:10:00Z").await;
        let ran = night.ledger("daily").await;
        assert_eq!(ran.with_fate("ran"), on("2026-03-29", &["03:00+02:00"]));
        assert_eq!(ran.gaps_of("daily"), [], "{kept:?}");
        let halves = night.ledger("halves").await;
        assert_eq!(halves.with_fate("ran"), on("2026-03-29", &["04:00+02:00"]));
        let [first, last] = ["2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"];
        assert_eq!(
            halves.gaps_of("halves"),
            [(first, last, 2, gap)],
            "{kept:?}"
        );
        night.stop().await;

        let night = Night::start(kept, "2026-10-25T00:10:00Z", BERLIN).await;
        put_berlin_nights(&night).await;
        let night = night.stopped_until("2026-10-25T02:10:00Z").await;
        let ran = night.ledger("daily").await;
        assert_eq!(ran.with_fate("ran"), on("2026-10-25", &["02:30+02:00"]));
        assert_eq!(ran.gaps_of("daily"), [], "{kept:?}");
        let halves = night.ledger("halves").await;
        assert_eq!(halves.with_fate("ran"), on("2026-10-25", &["03:00+01:00"]));
        let [first, last] = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"];
        assert_eq!(
            halves.gaps_of("halves"),
            [(first, last, 3, gap)],
            "{kept:?}"
        );
        night.stop().await;
    }
}

/// `count` times, `apart` minutes each, from `first` on.
fn each(first: &str, apart: i64, count: i64) -> Vec<String> {
    let first: jiff::Timestamp = first.parse().unwrap();
    let at = |number| first + jiff::SignedDuration::from_mins(apart * number);
    let times = (0..count).map(at);
    times
        .map(|time| time.to_string().replace('Z', "+00:00"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_night_goes_by_each_coordinators_misfire_policy() {
    let once = "missed: no master was up; the latest time fires";
    let skip = "missed: no master was up, and misfire is skip";
    let all = "missed: no master was up; the latest 1000 times fire";
    for kept in BOTH {
        let night = Night::start(kept, "2026-06-01T18:00:10Z", "UTC").await;
        put_cron(&night, "plain", "0 * * * *", "").await;
        put_cron(&night, "once", "0 * * * *", "misfire='once'").await;
        put_cron(&night, "skip", "0 * * * *", "misfire='skip'").await;
        put_cron(&night, "all", "0 * * * *", "misfire='all'").await;
        put_cron(&night, "often", "*/30 * * * * *", "misfire='all'").await;
        let night = night.stopped_until("2026-06-02T06:00:10Z").await;
        assert_eq!(
            night.plan("skip").await,
            each("2026-06-02T00:00:00Z", 60, 24)
        );
        let [first, fifth, sixth] = ["2026-06-01T19", "2026-06-02T05", "2026-06-02T06"]
            .map(|hour| format!("{hour}:00:00+00:00"));
        let (first, fifth, sixth) = (first.as_str(), fifth.as_str(), sixth.as_str());
        // Twice: a further start in the same minute changes nothing.
        let mut lives = vec![night];
        for life in 0..2 {
            let night = lives.remove(0);
            for name in ["plain", "once"] {
                let ledger = night.ledger(name).await;
                assert_eq!(ledger.with_fate("ran"), [sixth], "{name} {kept:?} {life}");
                assert_eq!(ledger.gaps_of(name), [(first, fifth, 11, once)]);
            }
            let ledger = night.ledger("skip").await;
            assert!(ledger.rows.is_empty(), "{kept:?} {:?}", ledger.rows);
            assert_eq!(ledger.gaps_of("skip"), [(first, sixth, 12, skip)]);
            let ledger = night.ledger("all").await;
            let expected = each("2026-06-01T19:00:00Z", 60, 12);
            assert_eq!(ledger.with_fate("ran"), expected, "{kept:?} {life}");
            assert_eq!(ledger.gaps_of("all"), []);
            // 1440 half minutes, of which the latest 1000 fire.
            let ledger = night.ledger("often").await;
            let ran = ledger.with_fate("ran");
            assert_eq!(ran.len(), 1000, "{kept:?} {life}");
            assert_eq!((ran[0], ran[999]), ("2026-06-01T21:40:30+00:00", sixth));
            let [from, to] = ["2026-06-01T18:00:30+00:00", "2026-06-01T21:40:00+00:00"];
            assert_eq!(ledger.gaps_of("often"), [(from, to, 440, all)]);
            lives.push(night.stopped_until("2026-06-02T06:00:20Z").await);
        }
        let night = lives.remove(0);
        night.pass_until("2026-06-02T07:00:00Z").await;
        for (name, times) in [("plain", 2), ("once", 2), ("skip", 1), ("all", 13)] {
            let ledger = night.ledger(name).await;
            let ran = ledger.with_fate("ran");
            assert_eq!(ran.len(), times, "{name} {kept:?}");
            assert_eq!(ran.last(), Some(&"2026-06-02T07:00:00+00:00"), "{name}");
        }
        night.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_set_back_or_forward_fires_nothing_twice() {
    for kept in BOTH {
        let night = Night::start(kept, "2026-06-01T12:00:10Z", "UTC").await;
        put_cron(&night, "tens", "*/10 * * * *", "").await;
        night.put("workflows", "a", one_step("a", "ok")).await;
        night.put("workflows", "b", one_step("b", "ok")).await;
        let pair = r#"<coordinator name="pair"><depend-list cron="*/15 * * * *"/>
            <trigger-list><workflow name="a"/><workflow name="b"/></trigger-list></coordinator>"#;
        night.put("coordinators", "pair", pair.to_owned()).await;
        night.pass_until("2026-06-01T12:31:00Z").await;
        let tens = each("2026-06-01T12:10:00Z", 10, 3);
        let pairs = each("2026-06-01T12:15:00Z", 15, 2);
        let same = async |night: &Night, tens: &[String], pairs: &[String]| {
            assert_eq!(
                night.ledger("tens").await.with_fate("ran"),
                tens,
                "{kept:?}"
            );
            for name in ["a", "b"] {
                let ledger = night.ledger(name).await;
                assert_eq!(ledger.with_fate("ran"), pairs, "{name} {kept:?}");
            }
        };
        same(&night, &tens, &pairs).await;

        // Set back, and while it is back the node is started again.
        night.set_clock("2026-06-01T12:06:00Z").await;
        night.pass_until("2026-06-01T12:22:00Z").await;
        same(&night, &tens, &pairs).await;
        let night = night.stopped_until("2026-06-01T12:08:00Z").await;
        night.pass_until("2026-06-01T12:39:40Z").await;
        same(&night, &tens, &pairs).await;
        night.pass_until("2026-06-01T12:46:00Z").await;
        let tens = each("2026-06-01T12:10:00Z", 10, 4);
        let pairs = each("2026-06-01T12:15:00Z", 15, 3);
        same(&night, &tens, &pairs).await;

        // Set forward by mistake, and right again: what was passed over is told, and the latest time was fired.
        night.set_clock("2026-06-01T14:41:00Z").await;
        night.set_clock("2026-06-01T12:47:00Z").await;
        night.pass_until("2026-06-01T14:49:40Z").await;
        let tens = [tens, each("2026-06-01T14:40:00Z", 10, 1)].concat();
        let pairs = [pairs, each("2026-06-01T14:30:00Z", 15, 2)].concat();
        same(&night, &tens, &pairs).await;
        let gap = (
            "2026-06-01T12:50:00+00:00",
            "2026-06-01T14:30:00+00:00",
            11,
            "missed: no master was up; the latest time fires",
        );
        assert_eq!(
            night.ledger("tens").await.gaps_of("tens"),
            [gap],
            "{kept:?}"
        );
        night.pass_until("2026-06-01T14:50:00Z").await;
        let tens = [tens, each("2026-06-01T14:50:00Z", 10, 1)].concat();
        same(&night, &tens, &pairs).await;
        night.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_times_that_passed_while_a_dependency_was_not_ready_the_latest_fires() {
    for kept in BOTH {
        let night = Night::start(kept, "2026-06-01T18:00:10Z", "UTC").await;
        night.put("workflows", "load", one_step("load", "ok")).await;
        let depends = r#"<depend-list cron="0 * * * *"><workflow name="load"/></depend-list>"#;
        let report = scheduled("report", "", depends);
        night.put("workflows", "report", report).await;
        night.pass_until("2026-06-01T20:00:10Z").await;
        let ledger = night.ledger("report").await;
        let held = each("2026-06-01T20:00:00Z", 60, 1);
        assert_eq!(ledger.with_fate("held"), held, "{kept:?}");
        let skipped = each("2026-06-01T19:00:00Z", 60, 1);
        assert_eq!(ledger.with_fate("skipped"), skipped, "{kept:?}");

        let night = night.stopped_until("2026-06-02T06:10:00Z").await;
        let ledger = night.ledger("report").await;
        let latest = each("2026-06-02T06:00:00Z", 60, 1);
        assert_eq!(ledger.with_fate("held"), latest, "{kept:?}");
        let skipped = each("2026-06-01T19:00:00Z", 60, 2);
        assert_eq!(ledger.with_fate("skipped"), skipped, "{kept:?}");
        let skips = ledger.rows.iter().filter(|row| row["fate"] == "skipped");
        for row in skips {
            assert_eq!(row["reason"], "a later time took its place", "{row}");
        }
        let gap = (
            "2026-06-01T21:00:00+00:00",
            "2026-06-02T05:00:00+00:00",
            9,
            "missed: no master was up; the latest time fires",
        );
        assert_eq!(ledger.gaps_of("report"), [gap], "{kept:?}");

        night.trigger("load").await;
        let ledger = night.ledger("report").await;
        assert_eq!(ledger.with_fate("ran"), latest, "{kept:?}");
        // A second success makes it ready for the next time, not for the one that is done.
        night.trigger("load").await;
        night.pass_until("2026-06-02T06:59:40Z").await;
        assert_eq!(night.ledger("report").await.with_fate("ran"), latest);
        night.pass_until("2026-06-02T07:00:00Z").await;
        let ledger = night.ledger("report").await;
        let both = each("2026-06-02T06:00:00Z", 60, 2);
        assert_eq!(ledger.with_fate("ran"), both, "{kept:?}");
        assert!(ledger.with_fate("held").is_empty(), "{:?}", ledger.rows);
        night.stop().await;
    }
}
