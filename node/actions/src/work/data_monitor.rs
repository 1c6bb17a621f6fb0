//! `<data-monitor>`: is a value within its limits, and unchanging?

mod query;

use peerflow_model::DataReading;
use peerflow_workflow::{DataMonitor, Reading};

use crate::attempt::{Attempt, Outcome, Unsuccessful};

/// Bytes of a command's output that may hold its number.
const NUMBER_BYTES: usize = 4 * 1024;

/// The three values of one look.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Values {
    value: f64,
    min: Option<f64>,
    max: Option<f64>,
}

/// Reads all three, waits, reads again, and judges.
pub(crate) async fn run(attempt: &mut Attempt<'_>, monitor: &DataMonitor) -> Outcome {
    attempt.begin();
    let first = read_all(attempt, monitor).await?;
    let second = if can_change(monitor) {
        attempt.pause(monitor.check_interval).await?;
        read_all(attempt, monitor).await?
    } else {
        first
    };
    let changed = change(first, second);
    let exceeded = exceeded(second);
    let remark = [changed.clone(), exceeded.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ");
    if monitor.saved {
        keep(attempt, monitor, second, &remark);
    }
    attempt.info(describe(second)).await;
    let message = match monitor.warn_message.as_str() {
        "" => remark,
        warning => format!("{remark}; {warning}"),
    };
    match (changed, exceeded) {
        (None, None) => Ok(None),
        (None, Some(_)) if !monitor.exceed_is_error => {
            attempt.warn(message.clone()).await;
            attempt.warning = Some(message);
            Ok(None)
        }
        _ => Err(Unsuccessful::failed(message)),
    }
}

fn readings(monitor: &DataMonitor) -> impl Iterator<Item = &Reading> {
    [
        Some(&monitor.source),
        monitor.min.as_ref(),
        monitor.max.as_ref(),
    ]
    .into_iter()
    .flatten()
}

/// Numbers written in the workflow stay as they are, and there is nothing to wait for.
fn can_change(monitor: &DataMonitor) -> bool {
    readings(monitor).any(|reading| !matches!(reading, Reading::Number(_)))
}

async fn read_all(
    attempt: &mut Attempt<'_>,
    monitor: &DataMonitor,
) -> Result<Values, Unsuccessful> {
    let value = read(attempt, "source", &monitor.source).await?;
    let min = match &monitor.min {
        Some(reading) => Some(read(attempt, "min", reading).await?),
        None => None,
    };
    let max = match &monitor.max {
        Some(reading) => Some(read(attempt, "max", reading).await?),
        None => None,
    };
    Ok(Values { value, min, max })
}

async fn read(
    attempt: &mut Attempt<'_>,
    name: &str,
    reading: &Reading,
) -> Result<f64, Unsuccessful> {
    let command = match reading {
        Reading::Number(number) => return Ok(*number),
        Reading::Command(command) => &command.0,
        Reading::Sql { link, query } => return query::read(attempt, name, link, query).await,
    };
    let finished = attempt.run_bash(command, NUMBER_BYTES).await?;
    finished.outcome().map_err(|end| {
        let message = format!("the command of `{name}` failed: {}", end.message);
        Unsuccessful { message, ..end }
    })?;
    number(&finished.captured.stdout).map_err(|printed| {
        Unsuccessful::failed(format!(
            "the command of `{name}` must print one number, but printed {printed}"
        ))
    })
}

/// The one number in what a command printed; otherwise what it printed, for a message.
fn number(printed: &[u8]) -> Result<f64, String> {
    let text = String::from_utf8_lossy(printed);
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) | Err(_) if text.is_empty() => Err("nothing".to_owned()),
        Ok(_) | Err(_) => Err(format!("`{}`", text.chars().take(100).collect::<String>())),
    }
}

#[expect(
    clippy::float_cmp,
    reason = "a value that was read twice is the same or it is not"
)]
fn change(first: Values, second: Values) -> Option<String> {
    let named = [
        ("value", Some(first.value), Some(second.value)),
        ("min", first.min, second.min),
        ("max", first.max, second.max),
    ];
    let changed: Vec<String> = named
        .into_iter()
        .filter_map(|(name, first, second)| Some((name, first?, second?)))
        .filter(|(_, first, second)| first != second)
        .map(|(name, first, second)| format!("{name} changed from {first} to {second}"))
        .collect();
    (!changed.is_empty()).then(|| changed.join("; "))
}

fn exceeded(values: Values) -> Option<String> {
    let Values { value, min, max } = values;
    let below = min
        .filter(|min| value < *min)
        .map(|min| format!("{value} is below the minimum {min}"));
    let above = max
        .filter(|max| value > *max)
        .map(|max| format!("{value} is above the maximum {max}"));
    match (below, above) {
        (Some(below), Some(above)) => Some(format!("{below}; {above}")),
        (below, above) => below.or(above),
    }
}

fn describe(values: Values) -> String {
    let limit =
        |limit: Option<f64>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    format!(
        "value {}, min {}, max {}",
        values.value,
        limit(values.min),
        limit(values.max)
    )
}

fn keep(attempt: &mut Attempt<'_>, monitor: &DataMonitor, values: Values, remark: &str) {
    let task = &attempt.task;
    let logical = &task.logical_time;
    let reading = DataReading {
        attempt: task.attempt.clone(),
        workflow: task.workflow.name.clone(),
        day: logical.instant.to_zoned(logical.zone.clone()).date(),
        value: values.value,
        min: values.min,
        max: values.max,
        marks: monitor.marks.clone(),
        remark: remark.to_owned(),
        at: attempt.runner.parts.clock.now(),
    };
    attempt.readings.push(reading);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_read_and_anything_else_is_shown() {
        assert_eq!(number(b" 42\n"), Ok(42.0));
        assert_eq!(number(b"-1.5e3"), Ok(-1_500.0));
        assert_eq!(number(b"\n"), Err("nothing".to_owned()));
        for text in ["1 2", "NaN", "inf", "12 rows", "1,000"] {
            assert_eq!(number(text.as_bytes()), Err(format!("`{text}`")));
        }
    }

    #[test]
    fn limits_include_themselves() {
        let values = |value| Values {
            value,
            min: Some(1.0),
            max: Some(2.0),
        };
        assert_eq!(exceeded(values(1.0)), None);
        assert_eq!(exceeded(values(2.0)), None);
        assert!(
            exceeded(values(0.5))
                .unwrap()
                .contains("below the minimum 1")
        );
        assert!(
            exceeded(values(2.5))
                .unwrap()
                .contains("above the maximum 2")
        );
    }
}
