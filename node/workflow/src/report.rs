//! Diagnostics shown to people: each with the lines of the source that it is about.

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// Lines shown before and after the one meant.
const CONTEXT_LINES: usize = 1;
/// Bytes of a line shown before and after the place meant; documents may have one line of megabytes.
const LINE_WINDOW: usize = 120;
/// Width that messages are wrapped to.
const WIDTH: usize = 110;

impl Diagnostics {
    /// All of them for people: message, place in `file`, the lines of `source` around it, and help. `source` is the
    /// document they are about. Ends with a line break; empty when there is nothing to show.
    pub fn render(&self, file: &str, source: &str, colour: bool) -> String {
        self.render_labelled(file, source, colour, "here")
    }

    /// The same, with `label` at each place meant, for messages that are in another language.
    pub fn render_labelled(&self, file: &str, source: &str, colour: bool, label: &str) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(WIDTH)
            .with_links(false)
            .with_urls(false)
            .with_context_lines(CONTEXT_LINES)
            .with_wrap_lines(true);
        let mut out = String::new();
        for each in &self.0 {
            let shown = Shown {
                diagnostic: mietted(each, label),
                source: Window {
                    file,
                    source,
                    about: each,
                },
            };
            if handler.render_report(&mut out, &shown).is_err() {
                // Drawing into a String fails only where the place lies outside of the source.
                out.push_str(&format!(
                    "{file}:{}:{}: {}\n",
                    each.place.line, each.place.column, each.message
                ));
            }
        }
        out
    }
}

fn mietted(each: &Diagnostic, label: &str) -> MietteDiagnostic {
    let severity = match each.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let span = (each.place.offset, each.place.length.min(LINE_WINDOW));
    let shown = MietteDiagnostic::new(&each.message)
        .with_severity(severity)
        .with_label(LabeledSpan::new_primary_with_span(
            Some(label.to_owned()),
            span,
        ));
    if each.help.is_empty() {
        shown
    } else {
        shown.with_help(&each.help)
    }
}

#[derive(Debug)]
struct Shown<'a> {
    diagnostic: MietteDiagnostic,
    source: Window<'a>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        self.diagnostic.severity
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.help()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.diagnostic.labels()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }
}

/// The lines around one place. The place's line is known, so nothing before it is read.
#[derive(Debug)]
struct Window<'a> {
    file: &'a str,
    source: &'a str,
    about: &'a Diagnostic,
}

impl SourceCode for Window<'_> {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let place = self.about.place;
        if !self.source.is_char_boundary(place.offset) {
            return Err(MietteError::OutOfBounds);
        }
        let end =
            self.boundary((place.offset + place.length.min(LINE_WINDOW)).min(self.source.len()));
        let (start, above) = self.start(before);
        let stop = self.stop(end, after);
        let text = &self.source[start..stop];
        let whole_lines = start == 0 || self.source.as_bytes()[start - 1] == b'\n';
        let cut = if whole_lines {
            0
        } else {
            self.source[start..place.offset].chars().count()
        };
        let column = if before == 0 {
            // Asked for the place alone: for the heading, which names it.
            (place.column as usize).saturating_sub(1)
        } else if whole_lines {
            0
        } else {
            (place.column as usize).saturating_sub(1 + cut)
        };
        let contents = MietteSpanContents::new_named(
            self.file.to_owned(),
            text.as_bytes(),
            (start, stop - start).into(),
            (place.line as usize).saturating_sub(1 + above),
            column,
            text.lines().count(),
        );
        Ok(Box::new(contents))
    }
}

impl Window<'_> {
    /// Where to begin, and how many lines that is above the place's own.
    fn start(&self, lines: usize) -> (usize, usize) {
        let offset = self.about.place.offset;
        let Some(mut start) = self.line_start(offset) else {
            return (self.boundary(offset - LINE_WINDOW), 0);
        };
        let mut above = 0;
        while above < lines && start > 0 {
            let Some(earlier) = self.line_start(start - 1) else {
                break;
            };
            start = earlier;
            above += 1;
        }
        (start, above)
    }

    /// Where the line that holds `offset` begins; `None` when that is far away.
    fn line_start(&self, offset: usize) -> Option<usize> {
        let from = self.boundary(offset.saturating_sub(LINE_WINDOW * 2));
        match self.source[from..offset].rfind('\n') {
            Some(at) => Some(from + at + 1),
            None => (from == 0).then_some(0),
        }
    }

    /// Where to end: behind some lines below `end`, but not far away.
    fn stop(&self, end: usize, lines: usize) -> usize {
        let limit = self.boundary((end + LINE_WINDOW).min(self.source.len()));
        let mut stop = limit;
        for (below, (at, _)) in self.source[end..limit]
            .match_indices('\n')
            .take(lines + 1)
            .enumerate()
        {
            stop = end + at;
            if below == lines {
                return stop;
            }
        }
        // What is cut within a line is only shown where it is the place's own.
        if limit < self.source.len() && stop < limit {
            stop
        } else {
            limit
        }
    }

    fn boundary(&self, mut at: usize) -> usize {
        while !self.source.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}
