//! Faults above the lanes, and the list of them below.

use unicode_width::UnicodeWidthChar;

use super::{COVERED, Drawing};
use crate::report::words::{brief, counted, cut, fitted};

/// Rows of faults that are drawn, and faults that are listed; of the rest it is told how many there are.
const ROWS: usize = 4;
const LISTED: usize = 12;
/// The least room for words beside the number.
const WORDS: usize = 8;

impl Drawing<'_> {
    pub(super) fn faults(&mut self) {
        let rows = self.timeline.faults.iter().map(|fault| fault.row + 1).max();
        for row in 0..rows.unwrap_or_default().min(ROWS) {
            let mut cells = vec![' '; self.cells];
            for (number, fault) in self.timeline.faults.iter().enumerate() {
                if fault.row != row {
                    continue;
                }
                let (first, last) = self.span(&fault.span);
                let room = last - first + 1;
                let text = match room.checked_sub(1) {
                    Some(inner @ WORDS..) => {
                        let label = format!("[{} {}", number + 1, fault.fault);
                        fitted(&label, inner) + "]"
                    }
                    Some(inner @ 1..) => fitted(&format!("[{}", number + 1), inner) + "]",
                    _ => "|".to_owned(),
                };
                for (cell, letter) in cells[first..=last].iter_mut().zip(as_cells(&text)) {
                    *cell = letter;
                }
            }
            let name = if row == 0 { "faults" } else { "" };
            self.line(name, &cells, |_| Some("\x1b[33m"));
        }
    }

    pub(super) fn fault_list(&mut self, width: usize) {
        let faults = &self.timeline.faults;
        if faults.is_empty() {
            return;
        }
        self.text.push('\n');
        for (number, fault) in faults.iter().take(LISTED).enumerate() {
            let length = match fault.span.to {
                Some(to) => format!("for {}", brief(to.since(fault.span.from))),
                None => "to the end".to_owned(),
            };
            let line = format!(
                "[{}] {} {length}  {}",
                number + 1,
                fault.span.from,
                fault.fault
            );
            self.text.push_str(&cut(&line, width));
            self.text.push('\n');
        }
        if let Some(more) = faults.len().checked_sub(LISTED).filter(|more| *more > 0) {
            self.text
                .push_str(&format!("and {} more\n", counted(more, "fault")));
        }
    }
}

/// One for each column.
fn as_cells(text: &str) -> Vec<char> {
    let mut cells = Vec::new();
    for letter in text.chars() {
        match letter.width().unwrap_or(0) {
            0 => {}
            1 => cells.push(letter),
            _ => cells.extend([letter, COVERED]),
        }
    }
    cells
}
