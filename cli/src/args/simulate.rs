//! `simulate`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use peerflow_simulations::FaultKind;

use super::duration;

/// `simulate`: a virtual cluster, many of them, or a plan.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  peerflow simulate --seed 7\n  peerflow simulate --seeds 1..200 --jobs 2\n  \
                  peerflow simulate --workflows xmlconfig --hours 24 --page day.html\n  \
                  peerflow simulate --workflows xmlconfig --from 2026-12-01 --to 2026-12-07\n\n\
                  What tasks do is said in their steps, `# simulate: takes 5s..20s, fails 10%`, or in a file \
                  (--durations), or taken from the past (--past); docs/simulation.md tells all."
)]
pub(crate) struct SimulateArgs {
    /// How many nodes; 5 where neither this nor a scenario says otherwise, and 1 in a plan.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(crate) nodes: Option<u32>,
    /// How many tasks each node runs at once; 4 where neither this nor a scenario says otherwise.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) slots: Option<u32>,
    /// Decides all that is drawn: the same seed gives the same run.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Kinds of faults to draw, separated by commas: crash, stop, pause, slow, network, store, restore, clock; or all, or
    /// none. Without it: none for workflows of your own, all otherwise. In runs over 10 minutes faults come less often and
    /// last longer, and all leaves out restore.
    #[arg(long, value_name = "LIST", value_parser = faults)]
    pub(crate) faults: Option<Faults>,
    /// A folder with workflow documents, or one document, in place of the standard ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) workflows: Option<PathBuf>,
    /// Run for so many virtual hours on schedules alone: no client asks for anything.
    #[arg(long, value_name = "H", value_parser = hours, conflicts_with_all = ["lasts", "scenario"])]
    pub(crate) hours: Option<Duration>,
    /// How long faults may happen before the cluster must heal; 60s where no scenario says otherwise.
    #[arg(long = "for", id = "lasts", value_name = "DURATION", value_parser = duration)]
    pub(crate) lasts: Option<Duration>,
    /// A scenario by its name, or a TOML file that holds one.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "faults")]
    pub(crate) scenario: Option<String>,
    /// What the clocks say at the beginning: an instant (2026-11-20T22:59:20Z), or a local date or time. With workflows of
    /// your own, or --hours: a minute before today began.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) begin: Option<String>,
    /// The cluster's time zone, such as Europe/Berlin; this machine's for workflows of your own.
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// A TOML file that says how long steps take and how often they fail.
    #[arg(long, value_name = "FILE", requires = "workflows")]
    pub(crate) durations: Option<PathBuf>,
    /// Past instances with their steps, as `peerflow -o json instance search --steps` prints them: steps of which nothing
    /// else is said take the time that one of their past tries took, and fail as it did.
    #[arg(long, value_name = "FILE", requires = "workflows")]
    pub(crate) past: Option<PathBuf>,
    /// The least time that a datagram takes, which is also the step of the virtual time: 1ms, and 10ms in runs over 10
    /// minutes.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) latency: Option<Duration>,
    /// Trigger this workflow once at the beginning; may be repeated.
    #[arg(long = "trigger", value_name = "NAME")]
    pub(crate) triggers: Vec<String>,
    /// Write the run or plan as a page to look at in a browser.
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// Write all that happened, a line each: the same seed gives the same file.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Run all these seeds, and tell of those that fail.
    #[arg(long, value_name = "FIRST..LAST", value_parser = seeds, conflicts_with_all = ["seed", "page", "trace"])]
    pub(crate) seeds: Option<RangeInclusive<u64>>,
    /// How many seeds run at once; as many as this machine has cores.
    #[arg(long, value_name = "N", requires = "seeds", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) jobs: Option<u32>,
    /// Plan instead, on the scheduler alone, from the beginning of this day on, or from a local time; much faster than a
    /// virtual cluster.
    #[arg(
        long, value_name = "DATE", requires = "workflows",
        conflicts_with_all = [
            "faults", "hours", "lasts", "scenario", "begin", "latency", "triggers", "trace", "seeds"
        ]
    )]
    pub(crate) from: Option<String>,
    /// The last day of the plan, or a local time that ends it; the day of --from where it is not given.
    #[arg(long, value_name = "DATE", requires = "from")]
    pub(crate) to: Option<String>,
    /// Let coordinators that their documents switch off take part in the plan.
    #[arg(long, requires = "from")]
    pub(crate) switched_off_too: bool,
}

/// What kinds of faults are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Faults {
    All,
    /// Perhaps none.
    These(Vec<FaultKind>),
}

/// Reads a list of kinds of faults.
fn faults(text: &str) -> Result<Faults, String> {
    match text.trim() {
        "all" => Ok(Faults::All),
        "none" => Ok(Faults::These(Vec::new())),
        list => {
            let kinds = list.split(',').map(|kind| kind.trim().parse());
            let kinds: Result<_, String> = kinds.collect();
            kinds
                .map(Faults::These)
                .map_err(|why| format!("{why}; or write all or none"))
        }
    }
}

/// Reads hours, which may have a fraction.
fn hours(text: &str) -> Result<Duration, String> {
    let number: Option<f64> = text.trim().trim_end_matches('h').parse().ok();
    let seconds = number
        .filter(|hours| *hours > 0.0)
        .map(|hours| hours * 3600.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("{text:?} is no number of hours; write 24 or 1.5"))
}

/// Reads a range of seeds, both ends included.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let wrong = || format!("{text:?} is no range of seeds; write 1..200");
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    let last = last.strip_prefix('=').unwrap_or(last);
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_no_number| wrong());
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!(
            "the first seed, {first}, is after the last, {last}"
        ));
    }
    if last - first == u64::MAX {
        return Err(wrong());
    }
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_fault_that_there_is_not_is_named_with_those_that_there_are() {
        let told = faults("crash,flood").expect_err("there are no floods");
        assert!(
            told.contains("\"flood\"") && told.contains("network"),
            "{told}"
        );
        let both = Faults::These(vec![FaultKind::Crash, FaultKind::Clock]);
        assert_eq!(faults("crash, clock"), Ok(both));
        assert_eq!(faults("none"), Ok(Faults::These(Vec::new())));
    }

    #[test]
    fn ranges_of_seeds_hold_both_ends() {
        assert_eq!(seeds("1..200"), Ok(1..=200));
        assert_eq!(seeds("7..7"), Ok(7..=7));
        for wrong in ["", "5", "9..3", "a..b", "-1..2", "0..18446744073709551615"] {
            assert!(seeds(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn hours_may_have_a_fraction_and_are_more_than_none() {
        assert_eq!(hours("1.5"), Ok(Duration::from_secs(5400)));
        for wrong in ["0", "-1", "a day", "nan", "inf", "1e300"] {
            assert!(hours(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
