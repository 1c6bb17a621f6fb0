//! The axis of time under the lanes: virtual time and wall clock.

use std::time::Duration;

use super::Drawing;
use crate::report::words::{columns, cut};
use crate::time::VirtualTime;

/// Steps between ticks, in milliseconds.
const STEPS: [u64; 27] = [
    1,
    5,
    10,
    50,
    100,
    250,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
];
const DAY: Duration = Duration::from_secs(86_400);
/// Columns of the widest label and the gap after it.
const LABEL: usize = 14;

impl Drawing<'_> {
    pub(super) fn axis(&mut self) {
        let length = self.timeline.end.since_start();
        let most = (self.cells / LABEL).max(1) as u128;
        let enough = |step: &&u64| length.as_millis() / u128::from(**step) <= most;
        let step = STEPS.iter().find(enough).copied();
        let step = Duration::from_millis(step.unwrap_or(u64::MAX / 2));
        let mut ruler = vec!['-'; self.cells];
        let (mut times, mut walls) = (String::new(), String::new());
        let mut at = VirtualTime::default();
        while at <= self.timeline.end {
            let column = self.column(at);
            ruler[column] = '+';
            let wall = self.wall_label(at, length, step);
            put(&mut times, column, &virtual_label(at, step), self.cells);
            put(&mut walls, column, &wall, self.cells);
            at = at.after(step);
        }
        self.line("", &ruler, |_| None);
        let as_cells = |text: &str| text.chars().collect::<Vec<char>>();
        self.line("run", &as_cells(&times), |_| None);
        self.line("wall clock", &as_cells(&walls), |_| None);
        let began = self.timeline.began_at.to_zoned(self.timeline.zone.clone());
        let began = began.strftime("began %Y-%m-%d %H:%M:%S %Z").to_string();
        let began = cut(&began, self.cells);
        self.line("", &as_cells(&began), |_| None);
        self.text.push('\n');
    }

    fn wall_label(&self, at: VirtualTime, length: Duration, step: Duration) -> String {
        let wall = self.timeline.wall(at).to_zoned(self.timeline.zone.clone());
        let format = if step < Duration::from_secs(1) {
            "%H:%M:%S.%3f"
        } else if length > DAY {
            "%m-%d %H:%M"
        } else {
            "%H:%M:%S"
        };
        wall.strftime(format).to_string()
    }
}

fn virtual_label(at: VirtualTime, step: Duration) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, _)) if step >= Duration::from_secs(1) => seconds.to_owned(),
        _ => text,
    }
}

/// Writes `label` at `column`, if there is room after what stands there and before the end.
fn put(line: &mut String, column: usize, label: &str, most: usize) {
    let taken = columns(line);
    let free = taken == 0 || taken < column;
    if free && column + columns(label) <= most {
        line.extend(std::iter::repeat_n(' ', column - taken));
        line.push_str(label);
    }
}
