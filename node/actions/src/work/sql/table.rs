//! The first rows of a result as lines of text.

use peerflow_rows::{Column, Kind, RowBatch};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Places on the screen that one cell may take.
const CELL: usize = 60;

/// Places that one line may take; further columns are counted.
const LINE: usize = 2_000;

/// Between two columns.
const GAP: &str = " | ";
/// The same in the rule.
const CROSSING: &str = "-+-";

/// A heading, a rule, and a line for each row; at the end how many columns did not fit, if any.
pub(super) fn lines(columns: &[Column], rows: &RowBatch) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new(); rows.rows() + 2];
    let mut taken = 0;
    let mut shown = 0;
    for (index, column) in columns.iter().enumerate().take(rows.columns()) {
        let heading = cut(column.name.chars());
        let cells: Vec<String> = (0..rows.rows())
            .map(|row| cell(column.kind, rows.value(row, index)))
            .collect();
        let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
        let width = heading.width().max(widest);
        if shown > 0 && taken + GAP.len() + width > LINE {
            break;
        }
        taken += GAP.len() + width;
        shown += 1;
        if index > 0 {
            for (at, line) in lines.iter_mut().enumerate() {
                line.push_str(if at == 1 { CROSSING } else { GAP });
            }
        }
        let to_the_right = matches!(
            column.kind,
            Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Float { .. }
        );
        pad(&mut lines[0], &heading, width, false);
        lines[1].push_str(&"-".repeat(width));
        for (line, cell) in lines[2..].iter_mut().zip(&cells) {
            pad(line, cell, width, to_the_right);
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    let more = columns.len().saturating_sub(shown);
    if more > 0 {
        lines.push(format!("{more} more columns are not shown"));
    }
    lines
}

fn pad(line: &mut String, cell: &str, width: usize, to_the_right: bool) {
    let blanks = " ".repeat(width.saturating_sub(cell.width()));
    if to_the_right {
        line.push_str(&blanks);
        line.push_str(cell);
    } else {
        line.push_str(cell);
        line.push_str(&blanks);
    }
}

fn cell(kind: Kind, value: Option<&[u8]>) -> String {
    let Some(value) = value else {
        return "NULL".to_owned();
    };
    // A character takes at most four bytes and perhaps no place at all; what is far beyond the cell need not be read.
    let beginning = &value[..value.len().min(CELL * 16)];
    match kind {
        Kind::Binary { .. } => {
            let digits = beginning.iter().map(|byte| format!("{byte:02x}"));
            cut("0x".chars().chain(digits.collect::<String>().chars()))
        }
        Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Decimal { .. }
        | Kind::Float { .. }
        | Kind::Date
        | Kind::Time { .. }
        | Kind::Timestamp { .. }
        | Kind::Instant { .. }
        | Kind::Text { .. }
        | Kind::Json => cut(String::from_utf8_lossy(beginning).chars()),
    }
}

/// As much as a cell takes, in one line: controls become blanks.
fn cut(text: impl Iterator<Item = char>) -> String {
    let mut cell = String::new();
    let mut width = 0;
    // How much of the cell stays when something has to make room for the mark.
    let mut kept = 0;
    for character in text {
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        width += character.width().unwrap_or(0);
        if width > CELL {
            cell.truncate(kept);
            cell.push('…');
            return cell;
        }
        cell.push(character);
        if width < CELL {
            kept = cell.len();
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use peerflow_rows::BatchBuilder;

    use super::*;

    fn batch(columns: usize, values: &[Option<&[u8]>]) -> RowBatch {
        let mut builder = BatchBuilder::new(columns);
        for value in values {
            builder.push(*value).unwrap();
        }
        builder.take()
    }

    #[test]
    fn wide_characters_numbers_and_null_stand_in_columns() {
        let integer = Kind::Integer {
            bits: 32,
            unsigned: false,
        };
        let columns = [
            Column::new("编号", integer),
            Column::new("name", Kind::TEXT),
            Column::new("raw", Kind::Binary { bytes: None }),
        ];
        let rows = batch(
            3,
            &[
                Some(b"7"),
                Some("张三".as_bytes()),
                Some(b"\x00\xff"),
                Some(b"-12345"),
                None,
                None,
            ],
        );
        assert_eq!(
            lines(&columns, &rows),
            [
                "编号   | name | raw",
                "-------+------+-------",
                "     7 | 张三 | 0x00ff",
                "-12345 | NULL | NULL",
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut_at_its_width_and_stays_in_one_line() {
        let long = "数".repeat(40);
        let columns = [Column::new("t", Kind::TEXT)];
        let rows = batch(1, &[Some(long.as_bytes()), Some(b"a\nb\tc")]);
        let lines = lines(&columns, &rows);
        assert_eq!(lines[2], format!("{}…", "数".repeat(29)));
        assert_eq!(lines[3], "a b c");
        let exact = "x".repeat(CELL);
        assert_eq!(cut(exact.chars()), exact);
    }

    #[test]
    fn columns_that_no_line_can_hold_are_counted() {
        let columns: Vec<Column> = (0..100)
            .map(|it| Column::new(format!("c{it}{}", "x".repeat(CELL)), Kind::TEXT))
            .collect();
        let rows = batch(100, &[None; 100]);
        let lines = lines(&columns, &rows);
        assert!(lines[0].width() <= LINE);
        assert_eq!(lines.last().unwrap(), "69 more columns are not shown");
    }
}
