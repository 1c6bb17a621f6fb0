//! The timeline in a terminal: nodes as lanes, time from left to right.

mod axis;
mod faults;

use super::timeline::{LifeEnd, MarkKind, NodeLane, Span, Timeline};
use super::words::{columns, fitted};
use crate::time::VirtualTime;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The second column of a wide letter.
const COVERED: char = '\0';
/// What ends coloured text.
const RESET: &str = "\x1b[0m";

/// How a timeline is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Columns; fewer than 40 count as 40.
    pub width: usize,
    /// Whether to colour it by ANSI escapes.
    pub colours: bool,
}

/// A timeline that is being drawn.
struct Drawing<'a> {
    timeline: &'a Timeline,
    colours: bool,
    /// Columns of the names on the left.
    names: usize,
    /// Columns of the time.
    cells: usize,
    text: String,
}

impl Terminal {
    /// The timeline as lines of text, none wider than the terminal.
    pub fn draw(&self, timeline: &Timeline) -> String {
        let width = self.width.max(40);
        let widest = timeline
            .lanes
            .iter()
            .map(|lane| columns(lane.node.as_str()));
        let names = widest.max().unwrap_or_default().clamp(10, width / 4);
        let mut drawing = Drawing {
            timeline,
            colours: self.colours,
            names,
            cells: width - names - 1,
            text: String::new(),
        };
        if timeline.lanes.is_empty() {
            return "Nothing happened.\n".to_owned();
        }
        drawing.faults();
        drawing.marks();
        let most = drawing.most_at_once();
        for lane in &timeline.lanes {
            drawing.lane(lane, most);
        }
        drawing.axis();
        drawing.legend(most, width);
        drawing.fault_list(width);
        drawing.text
    }
}

impl Drawing<'_> {
    /// The column of an instant.
    fn column(&self, at: VirtualTime) -> usize {
        let length = self.timeline.end.since_start().as_nanos().max(1);
        let place = at.since_start().as_nanos() * self.cells as u128 / length;
        usize::try_from(place).map_or(self.cells - 1, |place| place.min(self.cells - 1))
    }

    /// The first and last column of a span.
    fn span(&self, span: &Span) -> (usize, usize) {
        let to = span.until(self.timeline.end);
        (self.column(span.from), self.column(to))
    }

    fn line(&mut self, name: &str, cells: &[char], colour: impl Fn(char) -> Option<&'static str>) {
        let mut line = fitted(name, self.names);
        line.push(' ');
        let mut present = None;
        for cell in cells {
            let wanted = colour(*cell).filter(|_| self.colours);
            if wanted != present {
                if present.is_some() {
                    line.push_str(RESET);
                }
                line.push_str(wanted.unwrap_or_default());
                present = wanted;
            }
            if *cell != COVERED {
                line.push(*cell);
            }
        }
        if present.is_some() {
            line.push_str(RESET);
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn marks(&mut self) {
        if self.timeline.marks.is_empty() {
            return;
        }
        let mut cells = vec![' '; self.cells];
        for mark in &self.timeline.marks {
            let letter = match mark.kind {
                MarkKind::Restored => 'R',
                MarkKind::Healing => 'H',
                MarkKind::Violation => '!',
            };
            let cell = &mut cells[self.column(mark.at)];
            if *cell != '!' {
                *cell = letter;
            }
        }
        self.line("events", &cells, |letter| {
            Some(if letter == '!' {
                "\x1b[31;1m"
            } else {
                "\x1b[36m"
            })
        });
    }

    fn lane(&mut self, lane: &NodeLane, most: usize) {
        let mut cells = vec![' '; self.cells];
        let mut fill = |span: &Span, letter: char| {
            let (first, last) = self.span(span);
            cells[first..=last].fill(letter);
        };
        for life in &lane.lives {
            fill(&life.span, '-');
        }
        for mastership in &lane.masterships {
            fill(&mastership.span, '=');
        }
        for pause in &lane.pauses {
            fill(pause, '~');
        }
        for life in &lane.lives {
            if let (Some(to), Some(end)) = (life.span.to, life.end) {
                cells[self.column(to)] = match end {
                    LifeEnd::Crashed => 'X',
                    LifeEnd::Stopped => 's',
                };
            }
        }
        self.line(lane.node.as_str(), &cells, |letter| match letter {
            '=' => Some("\x1b[34;1m"),
            'X' => Some("\x1b[31;1m"),
            '~' => Some("\x1b[33m"),
            _ => None,
        });
        let counts = self.counts(lane);
        let cells: Vec<char> = counts.iter().map(|count| level(*count, most)).collect();
        self.line("", &cells, |_| Some("\x1b[32m"));
    }

    /// The most tasks at once in each column.
    fn counts(&self, lane: &NodeLane) -> Vec<usize> {
        let mut steps: Vec<(VirtualTime, i32)> = Vec::new();
        for bar in &lane.bars {
            steps.push((bar.span.from, 1));
            steps.push((bar.span.until(self.timeline.end), -1));
        }
        steps.sort_unstable();
        let mut counts = vec![0; self.cells];
        let (mut now, mut column) = (0_usize, 0);
        for (at, step) in steps {
            let next = self.column(at);
            for cell in &mut counts[(column + 1).min(next)..next] {
                *cell = now;
            }
            if next > column {
                counts[next] = now;
            }
            column = next;
            now = if step > 0 {
                now + 1
            } else {
                now.saturating_sub(1)
            };
            counts[next] = now.max(counts[next]);
        }
        counts
    }

    fn most_at_once(&self) -> usize {
        let lanes = self.timeline.lanes.iter();
        lanes.map(|lane| lane.rows).max().unwrap_or_default()
    }

    fn legend(&mut self, most: usize, width: usize) {
        let tasks = if most > 9 {
            format!("▁ to █: 1 to {most} tasks")
        } else {
            "1 to 9: tasks at once".to_owned()
        };
        let mut parts = vec![
            "- peer".to_owned(),
            "= master".to_owned(),
            "~ stands still".to_owned(),
            "X died".to_owned(),
            "s stopped".to_owned(),
            tasks,
        ];
        for (kind, words) in [
            (MarkKind::Restored, "R store went back"),
            (MarkKind::Healing, "H no more faults"),
            (MarkKind::Violation, "! violation"),
        ] {
            if self.timeline.marks.iter().any(|mark| mark.kind == kind) {
                parts.push(words.to_owned());
            }
        }
        let mut line = String::new();
        for part in parts {
            if !line.is_empty() && columns(&line) + 3 + columns(&part) > width {
                self.text.push_str(&line);
                self.text.push('\n');
                line.clear();
            }
            if !line.is_empty() {
                line.push_str("   ");
            }
            line.push_str(&part);
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }
}

/// How `count` tasks are shown where `most` is the most of all.
fn level(count: usize, most: usize) -> char {
    if count == 0 {
        return ' ';
    }
    if most <= 9 {
        return char::from_digit(u32::try_from(count).unwrap_or(9), 10).unwrap_or('9');
    }
    let place = (count * LEVELS.len()).div_ceil(most.max(1)) - 1;
    LEVELS[place.min(LEVELS.len() - 1)]
}
