//! The command line: every command, option and its help.

mod commands;
mod links;
mod simulate;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use commands::{
    ClusterCommand, CoordinatorCommand, InstanceCommand, NodeArgs, RunArgs, STOP_WITH_STDIN,
    SearchArgs, TokenArgs, UpArgs, UtilCommand, WorkflowCommand,
};

pub(crate) use links::{DbLinkCommand, FileLinkCommand, LinkArgs, LinkCommand, LinkDelArgs};
pub(crate) use simulate::{Faults, SimulateArgs};

use crate::language::Language;

/// ETL workflows on a cluster of equal peers.
#[derive(Debug, Parser)]
#[command(
    name = "peerflow",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage, 3 instance killed, \
                  4 no peer reachable, 5 no master within --timeout."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// A peer to ask; given several times, the first that answers is used.
    #[arg(
        long = "peer",
        global = true,
        value_name = "URL",
        env = "PEERFLOW_PEER",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:8090"
    )]
    pub(crate) peers: Vec<String>,
    /// How answers are printed.
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// Language of labels and messages; the locale's where it is not given.
    #[arg(long, global = true, value_name = "LANGUAGE", value_enum)]
    pub(crate) lang: Option<Language>,
    /// How long a cluster without a master is waited for: seconds, or a number with s, m or h.
    #[arg(long, global = true, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// A file that holds the bearer token; without it PEERFLOW_TOKEN is used, where that is set.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates that https peers are trusted by besides those of public authorities: PEM, of your authority or of the
    /// peers themselves.
    #[arg(long, global = true, value_name = "FILE", env = "PEERFLOW_CA")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// As the API answers.
    Json,
    /// The same as YAML.
    Yaml,
}

/// What is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one workflow document to its end on a throw-away node; needs no server and no configuration.
    Run(RunArgs),
    /// Run one node in the foreground.
    Node(Box<NodeArgs>),
    /// Run a local cluster: identical nodes as processes of this machine, on one SQLite file, until Ctrl-C.
    Up(UpArgs),
    /// Counts by outcome of the last days, what waits and runs, and what ended last.
    Front {
        /// Show it again every few seconds until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// Workflows: register, look at, start.
    #[command(subcommand, visible_alias = "wf")]
    Workflow(WorkflowCommand),
    /// Standalone coordinators.
    #[command(subcommand)]
    Coordinator(CoordinatorCommand),
    /// Instances: look at, follow, kill, run again.
    #[command(subcommand)]
    Instance(InstanceCommand),
    /// Resets and folders.
    #[command(subcommand)]
    Util(UtilCommand),
    /// The cluster and its nodes.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Links: databases and file systems that workflows name.
    #[command(subcommand)]
    Link(LinkCommand),
    /// Run a virtual cluster on virtual time, with faults or without, or plan days of a schedule.
    Simulate(Box<SimulateArgs>),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man {
        /// Write one page for each command into this directory instead.
        directory: Option<PathBuf>,
    },
}

/// Reads a duration: seconds, or a number with `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|each: char| each.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("{other:?} is no unit of time; write ms, s, m or h")),
    };
    let number: f64 = digits
        .parse()
        .map_err(|_not_a_number| format!("{text:?} is no duration; write 30s or 2m"))?;
    Duration::try_from_secs_f64(number * unit)
        .map_err(|_out_of_range| format!("{text:?} is no duration; write 30s or 2m"))
}

/// Reads a parameter, `NAME=VALUE`. The value may be empty and hold further `=`.
fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("the name before = is missing; write NAME=VALUE".to_owned()),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("there is no = in it; write {text}=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_take_a_unit_and_default_to_seconds() {
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "m", "-1", "3 weeks", "1d", "nan", "inf"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn a_parameter_is_split_at_its_first_equals_sign() {
        assert_eq!(parameter("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(parameter("日期="), Ok(("日期".to_owned(), String::new())));
        assert_eq!(
            parameter("stadate"),
            Err("there is no = in it; write stadate=VALUE".to_owned())
        );
        assert!(parameter("=x").is_err());
    }

    #[test]
    fn a_usage_error_ends_with_code_two() {
        for wrong in [
            vec!["peerflow", "run"],
            vec!["peerflow", "run", "a.xml", "-p", "novalue"],
            vec!["peerflow", "workflow", "explode"],
            vec!["peerflow", "-o", "xls", "front"],
        ] {
            let error = Arguments::try_parse_from(&wrong).expect_err("it was taken");
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn peers_may_be_repeated() {
        let given =
            Arguments::try_parse_from(["peerflow", "--peer", "a:1", "--peer", "b:2,c:3", "front"])
                .expect("it parses");
        assert_eq!(given.global.peers, ["a:1", "b:2", "c:3"]);
    }
}
