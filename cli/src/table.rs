//! Tables that fit the terminal.

use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};

use crate::output::Terminal;
use crate::style::{Tone, clean};

/// Collects rows, then renders them.
#[derive(Debug)]
pub(crate) struct Rows {
    table: Table,
    terminal: Terminal,
}

/// One cell: text, and its tone where it has one.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    text: String,
    tone: Option<Tone>,
}

impl Field {
    /// Text in the colour of `tone`.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone: Some(tone),
        }
    }
}

impl<T: Into<String>> From<T> for Field {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            tone: None,
        }
    }
}

impl Rows {
    /// A table under `header`.
    pub(crate) fn under(header: &[String], terminal: Terminal) -> Self {
        let mut rows = Self::plain(terminal);
        let cells = header.iter().map(|title| {
            let cell = Cell::new(title);
            if terminal.colour {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        });
        rows.table.set_header(cells.collect::<Vec<_>>());
        rows
    }

    /// A table without a header, such as a list of facts.
    pub(crate) fn plain(terminal: Terminal) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if terminal.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        match terminal.width() {
            Some(width) => {
                table
                    .set_content_arrangement(ContentArrangement::Dynamic)
                    .set_width(width.max(20));
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        Self { table, terminal }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, fields: Vec<Field>) {
        let cells = fields.into_iter().map(|field| {
            let cell = Cell::new(clean(&field.text));
            match field.tone {
                Some(tone) if self.terminal.colour => cell.fg(tone.colour()),
                Some(_) | None => cell,
            }
        });
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// Adds a fact, unless its value is empty.
    pub(crate) fn fact(&mut self, label: String, value: impl Into<Field>) {
        let value = value.into();
        if !value.text.is_empty() {
            self.row(vec![label.into(), value]);
        }
    }

    /// The table, without blanks at the ends of lines.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        for line in self.table.lines() {
            // The outermost columns are padded by a blank that stands beside nothing.
            let line = line.strip_prefix(' ').unwrap_or(&line);
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    const PIPE: Terminal = Terminal {
        size: None,
        colour: false,
    };

    #[test]
    fn columns_stand_below_each_other_with_wide_characters_too() {
        let mut rows = Rows::under(&["名称".to_owned(), "status".to_owned()], PIPE);
        rows.row(vec!["监控文件大小".into(), "ok".into()]);
        rows.row(vec!["a".into(), "failed".into()]);
        let shown = rows.render();
        let at = |line: &str, word: &str| line.split_once(word).map(|(before, _)| before.width());
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(at(lines[0], "status"), at(lines[1], "ok"));
        assert_eq!(at(lines[1], "ok"), at(lines[2], "failed"));
    }

    #[test]
    fn a_table_fits_its_terminal_and_no_line_of_a_pipe_is_wrapped() {
        let long = "several words that go on and on ".repeat(10);
        let fill = |terminal| {
            let mut rows = Rows::under(&["name".to_owned(), "message".to_owned()], terminal);
            rows.row(vec!["监控".into(), long.clone().into()]);
            rows.render()
        };
        let narrow = fill(Terminal {
            size: Some((40, 20)),
            colour: false,
        });
        assert!(narrow.lines().all(|line| line.width() <= 40), "{narrow}");
        assert_eq!(fill(PIPE).lines().count(), 2);
    }

    #[test]
    fn colour_appears_only_where_it_is_wanted() {
        let fill = |colour| {
            let mut rows = Rows::plain(Terminal {
                size: Some((80, 20)),
                colour,
            });
            rows.row(vec![Field::toned("failed", Tone::Bad)]);
            rows.render()
        };
        assert!(fill(true).contains('\x1b'));
        assert!(!fill(false).contains('\x1b'));
    }

    #[test]
    fn a_value_cannot_break_out_of_its_row() {
        let mut rows = Rows::plain(PIPE);
        rows.row(vec!["a\nb\x1b[2J".into(), "next".into()]);
        assert_eq!(rows.render().lines().count(), 1);
        assert!(!rows.render().contains('\x1b'));
    }
}
