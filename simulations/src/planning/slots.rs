//! Times at which all slots are taken.

use std::time::Duration;

use jiff::Timestamp;

use super::numbers::between;
use super::plan::FullSpan;

/// Watches how many slots are taken and how many steps wait.
#[derive(Debug, Default)]
pub(super) struct SlotWatch {
    spans: Vec<FullSpan>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    span: FullSpan,
    /// How many wait since `span.to`.
    waiting: usize,
}

impl SlotWatch {
    /// From `now` on, all slots are taken or not, and so many steps wait.
    pub(super) fn observe(&mut self, now: Timestamp, full: bool, waiting: usize) {
        match (&mut self.open, full) {
            (Some(open), true) if open.waiting == waiting => {}
            (Some(open), true) => open.go_on(now, waiting),
            (Some(open), false) => {
                open.go_on(now, 0);
                self.close();
            }
            (None, true) => {
                let span = FullSpan {
                    from: now,
                    to: now,
                    most_waiting: waiting,
                    waited: Duration::ZERO,
                };
                self.open = Some(Open { span, waiting });
            }
            (None, false) => {}
        }
    }

    /// All spans up to `now`.
    pub(super) fn into_spans(mut self, now: Timestamp) -> Vec<FullSpan> {
        self.observe(now, false, 0);
        self.spans
    }

    fn close(&mut self) {
        if let Some(Open { span, .. }) = self.open.take()
            && span.from < span.to
        {
            self.spans.push(span);
        }
    }
}

impl Open {
    fn go_on(&mut self, now: Timestamp, waiting: usize) {
        let span = &mut self.span;
        let steps = u32::try_from(self.waiting).unwrap_or(u32::MAX);
        let waited = between(span.to, now).saturating_mul(steps);
        span.waited = span.waited.saturating_add(waited);
        span.to = now;
        span.most_waiting = span.most_waiting.max(waiting);
        self.waiting = waiting;
    }
}
