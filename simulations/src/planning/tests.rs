//! What plans of small folders say.

mod calendar;
mod example;
mod refused;
mod waits;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use peerflow_model::{Fate, Settings};

use super::{Machine, Plan, PlanError, PlanOptions, Played, PlayedResult, Player, plan};

/// A folder of documents, and what is to be planned of it.
struct Folder {
    dir: tempfile::TempDir,
    options: PlanOptions,
    player: Minutes,
}

/// So many minutes for each workflow's steps, one minute where nothing is said.
#[derive(Default)]
struct Minutes {
    takes: BTreeMap<String, u64>,
    /// Workflows whose steps fail.
    fails: Vec<String>,
}

impl Player for Minutes {
    fn play(&mut self, workflow: &str, _step: &str, _visit: u32, _attempt: u32) -> Played {
        let minutes = self.takes.get(workflow).copied().unwrap_or(1);
        let fails = self.fails.iter().any(|name| name == workflow);
        Played {
            takes: Duration::from_secs(60 * minutes),
            result: if fails {
                PlayedResult::Fails
            } else {
                PlayedResult::Succeeds
            },
        }
    }
}

impl Folder {
    /// An empty one, for the days `first` to `last` in Berlin.
    fn of_days(first: &str, last: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let date = |text: &str| text.parse::<Date>().unwrap();
        let mut options = PlanOptions::of_days(dir.path().to_owned(), date(first), date(last));
        options.settings = Settings {
            timezone: "Europe/Berlin".to_owned(),
            ..Settings::default()
        };
        Self {
            dir,
            options,
            player: Minutes::default(),
        }
    }

    fn write(&self, file: &str, xml: &str) {
        let path = self.dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, xml).unwrap();
    }

    /// A workflow of one step `work` that takes so many minutes.
    fn workflow(&mut self, name: &str, minutes: u64, attributes: &str, coordinator: &str) {
        let xml = format!(
            r#"<work-flow name="{name}" {attributes}>{coordinator}<start name="s" to="work"/>
            <action name="work"><shell><command>true</command></shell><ok to="e"/></action>
            <end name="e"/></work-flow>"#
        );
        self.write(&format!("{name}.xml"), &xml);
        self.player.takes.insert(name.to_owned(), minutes);
    }

    /// The same with a cron.
    fn cron(&mut self, name: &str, minutes: u64, cron: &str) {
        self.workflow(name, minutes, "", &depend(cron, &[]));
    }

    fn plan(&mut self) -> Result<Plan, PlanError> {
        plan(&self.options, &mut self.player)
    }
}

/// A coordinator with a cron, where it is not empty, and dependencies.
fn depend(cron: &str, names: &[&str]) -> String {
    let cron = if cron.is_empty() {
        String::new()
    } else {
        format!(r#" cron="{cron}""#)
    };
    let names: String = names
        .iter()
        .map(|name| format!(r#"<workflow name="{name}"/>"#))
        .collect();
    format!("<coordinator><depend-list{cron}>{names}</depend-list></coordinator>")
}

/// A local time of the plan's zone: `03-29 02:30:00+02:00`.
fn local(plan: &Plan, at: Timestamp) -> String {
    let zone = TimeZone::get(&plan.timezone).unwrap();
    at.to_zoned(zone).strftime("%m-%d %H:%M:%S%:z").to_string()
}

/// The scheduled times of a workflow that ran.
fn ran(plan: &Plan, workflow: &str) -> Vec<String> {
    let times = plan
        .times
        .iter()
        .filter(|time| time.workflow.as_str() == workflow && matches!(time.fate, Fate::Ran { .. }));
    times.map(|time| local(plan, time.at)).collect()
}

/// Of each instance of a workflow: when it was queued, began and ended, by minutes since the plan's begin.
fn minutes(plan: &Plan, workflow: &str) -> Vec<(i64, i64, i64)> {
    let since = |at: Timestamp| {
        let since = at.duration_since(plan.from);
        assert_eq!(since.subsec_nanos(), 0, "{at}");
        assert_eq!(since.as_secs() % 60, 0, "{at}");
        since.as_mins()
    };
    let mine = plan
        .instances
        .iter()
        .filter(|each| each.workflow.as_str() == workflow);
    let times = mine.map(|each| {
        (
            since(each.queued_at),
            each.began_at.map_or(-1, since),
            each.ended_at.map_or(-1, since),
        )
    });
    times.collect()
}

fn mins(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn machines(count: u32, slots: u32) -> Vec<Machine> {
    Machine::alike(count, slots)
}

fn minutes_later(at: Timestamp, minutes: i64) -> Timestamp {
    at + SignedDuration::from_mins(minutes)
}
