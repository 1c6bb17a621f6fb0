//! Medians of several runs, and ratios to floors of the same run.

use std::time::Instant;

/// Runs of each row.
pub(crate) const RUNS: usize = 5;

/// What was seen in several runs of the same thing.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    sorted: Vec<f64>,
}

impl Series {
    /// Measures `RUNS` times.
    pub(crate) fn of(mut once: impl FnMut() -> f64) -> Self {
        Self::from_values((0..RUNS).map(|_| once()).collect())
    }

    pub(crate) fn from_values(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { sorted: values }
    }

    pub(crate) fn median(&self) -> f64 {
        self.sorted[self.sorted.len() / 2]
    }

    pub(crate) fn least(&self) -> f64 {
        self.sorted[0]
    }

    pub(crate) fn most(&self) -> f64 {
        self.sorted[self.sorted.len() - 1]
    }

    /// The value that `share` of all do not exceed.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.sorted.len() - 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let at = (last as f64 * share).ceil() as usize;
        self.sorted[at.min(last)]
    }
}

/// Seconds that `work` takes.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Real time passed since it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// `count` things in so many seconds.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub(crate) fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// Processor time that this process has taken, in seconds.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 ns")]
pub(crate) fn process_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let ns: u64 = tasks
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum();
    ns as f64 / 1e9
}

/// Prints one row: what, the figure with its spread, the floor with its spread, how they relate, and the goal.
pub(crate) fn row(
    name: &str,
    figure: &Series,
    unit: &str,
    floor: Option<(&str, &Series)>,
    goal: &str,
) {
    let figure_text = show(figure, unit);
    match floor {
        Some((what, floor)) => {
            let ratio = figure.median() / floor.median();
            println!(
                "{name:<28} {figure_text:<38} floor {what}: {:<34} ratio {ratio:.2}   goal {goal}",
                show(floor, unit)
            );
        }
        None => println!("{name:<28} {figure_text:<38} goal {goal}"),
    }
}

fn show(series: &Series, unit: &str) -> String {
    format!(
        "{} {unit} ({}..{})",
        figure(series.median()),
        figure(series.least()),
        figure(series.most())
    )
}

fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}
