//! The exact command that runs a seed again, and the options that a report tells.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use peerflow_node::format_duration;
use peerflow_simulations::Scenario;

use crate::args::{Faults, SimulateArgs};

/// A command that is being written: what follows `peerflow`.
#[derive(Debug)]
pub(super) struct Command(Vec<String>);

impl Command {
    pub(super) fn new() -> Self {
        Self(vec!["simulate".to_owned()])
    }

    /// Adds an option where it is given.
    pub(super) fn option(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.0.push(format!("--{name}"));
            self.0.push(value.to_string());
        }
    }

    /// Adds a flag where it is set.
    pub(super) fn flag(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.0.push(format!("--{name}"));
        }
    }

    /// As it is typed.
    pub(super) fn text(self) -> String {
        let mut text = "peerflow".to_owned();
        for word in &self.0 {
            text.push(' ');
            text.push_str(&quoted(word));
        }
        text
    }
}

/// The command that runs `seed` again.
pub(super) fn command(args: &SimulateArgs, seed: u64) -> String {
    again(args, seed).text()
}

/// The same for a process: what follows the program's name.
pub(super) fn arguments(args: &SimulateArgs, seed: u64) -> Vec<String> {
    again(args, seed).0
}

fn again(args: &SimulateArgs, seed: u64) -> Command {
    let mut command = Command::new();
    command.option("seed", Some(seed));
    command.option("nodes", args.nodes);
    command.option("slots", args.slots);
    command.option("faults", args.faults.as_ref().map(faults));
    command.option(
        "workflows",
        args.workflows.as_ref().map(|path| path.display()),
    );
    command.option(
        "hours",
        args.hours.map(|hours| hours.as_secs_f64() / 3600.0),
    );
    command.option("for", args.lasts.map(written));
    command.option("scenario", args.scenario.as_ref());
    command.option("begin", args.begin.as_ref());
    command.option("timezone", args.timezone.as_ref());
    command.option(
        "durations",
        args.durations.as_ref().map(|path| path.display()),
    );
    command.option("past", args.past.as_ref().map(|path| path.display()));
    command.option("latency", args.latency.map(written));
    for trigger in &args.triggers {
        command.option("trigger", Some(trigger));
    }
    command
}

/// As the options of this command are read: one unit.
fn written(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

fn faults(faults: &Faults) -> String {
    match faults {
        Faults::All => "all".to_owned(),
        Faults::These(kinds) if kinds.is_empty() => "none".to_owned(),
        Faults::These(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(ToString::to_string).collect();
            kinds.join(",")
        }
    }
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |each: char| each.is_alphanumeric() || "-_./:,+=@".contains(each);
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

/// What a run was made of, given or drawn, by name.
pub(super) fn options(scenario: &Scenario) -> Vec<(String, String)> {
    let cluster = &scenario.cluster;
    let named = |name: &str, value: String| (name.to_owned(), value);
    vec![
        named("scenario", scenario.name.clone()),
        named("nodes", cluster.nodes.to_string()),
        named("slots", cluster.slots.to_string()),
        named("faults for", format_duration(scenario.lasts)),
        named("faults", scenario.incidents.len().to_string()),
        named(
            "requests per second",
            format!("{:.2}", scenario.requests_per_second),
        ),
        named("begin", cluster.begins_at.clone()),
        named("time zone", cluster.timezone.clone()),
        named("latency", format_duration(cluster.latency)),
        named("jitter", format_duration(cluster.jitter)),
        named("store latency", format_duration(cluster.store_latency)),
        named("election.ttl", format_duration(cluster.ttl)),
        named("gossip.interval", format_duration(cluster.gossip_interval)),
        named("worker.lease", format_duration(cluster.worker_lease)),
    ]
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Arguments, Command as Asked};

    fn read(line: &[&str]) -> SimulateArgs {
        let words = ["peerflow", "simulate"].iter().chain(line);
        let read = Arguments::try_parse_from(words).expect("it parses");
        match read.command {
            Asked::Simulate(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_asks_for_the_same_again() {
        for line in [
            vec!["--seed", "7"],
            vec!["--seed", "7", "--faults", "crash,clock", "--for", "90s"],
            vec![
                "--nodes", "3", "--slots", "2", "--hours", "1.5", "--faults", "none",
            ],
            vec![
                "--workflows",
                "my flows",
                "--trigger",
                "日报",
                "--trigger",
                "it's",
            ],
            vec![
                "--scenario",
                "a.toml",
                "--latency",
                "250ms",
                "--begin",
                "2026-11-20 08:30",
            ],
        ] {
            let args = read(&line);
            let text = command(&args, args.seed);
            // A shell takes it apart as it was put together.
            let words = std::process::Command::new("sh")
                .args([
                    "-c",
                    &format!(
                        "printf '%s\\n' {}",
                        text.replacen("peerflow simulate", "", 1)
                    ),
                ])
                .output()
                .expect("a shell");
            let words = String::from_utf8(words.stdout).expect("words");
            let again = read(&words.lines().collect::<Vec<_>>());
            assert_eq!(format!("{again:?}"), format!("{args:?}"), "{text}");
        }
    }
}
