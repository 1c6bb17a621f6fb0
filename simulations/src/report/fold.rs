//! Too many bars for a page: short ones that lie close are shown as one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::report::timeline::{Bar, NodeLane, Timeline};
use crate::time::VirtualTime;

/// Bars of a lane as they are drawn.
#[derive(Debug)]
pub(super) enum Drawn<'a> {
    One(&'a Bar),
    /// Several of one row that all lie within one cell.
    Folded {
        row: usize,
        from: VirtualTime,
        to: VirtualTime,
        bars: Vec<&'a Bar>,
    },
}

/// What is drawn in each lane, and which bars were folded: those within a cell of that length.
#[derive(Debug)]
pub(super) struct Folding<'a> {
    pub(super) lanes: Vec<Vec<Drawn<'a>>>,
    pub(super) cell: Option<Duration>,
}

/// At most `limit` bars in all lanes together, or one for each row and cell of a two-hundredth of the run.
pub(super) fn fold(timeline: &Timeline, limit: usize) -> Folding<'_> {
    let length = timeline.end.since_start().max(Duration::from_millis(1));
    let plain = |lane| lane_folded(lane, None, timeline.end);
    let mut lanes: Vec<_> = timeline.lanes.iter().map(plain).collect();
    let mut cell = None;
    let mut parts = 25_600;
    while lanes.iter().map(Vec::len).sum::<usize>() > limit && parts >= 200 {
        let size = (length / parts).max(Duration::from_millis(1));
        let folded = |lane| lane_folded(lane, Some(size), timeline.end);
        lanes = timeline.lanes.iter().map(folded).collect();
        cell = Some(size);
        parts /= 2;
    }
    Folding { lanes, cell }
}

fn lane_folded(lane: &NodeLane, cell: Option<Duration>, end: VirtualTime) -> Vec<Drawn<'_>> {
    let Some(cell) = cell else {
        return lane.bars.iter().map(Drawn::One).collect();
    };
    let place = |at: VirtualTime| at.since_start().as_nanos() / cell.as_nanos().max(1);
    let mut drawn = Vec::new();
    let mut cells: BTreeMap<(usize, u128), Vec<&Bar>> = BTreeMap::new();
    for bar in &lane.bars {
        let (first, last) = (place(bar.span.from), place(bar.span.until(end)));
        if first == last {
            cells.entry((bar.row, first)).or_default().push(bar);
        } else {
            drawn.push(Drawn::One(bar));
        }
    }
    for ((row, _), bars) in cells {
        if let [one] = bars.as_slice() {
            drawn.push(Drawn::One(one));
            continue;
        }
        let from = bars.iter().map(|bar| bar.span.from).min();
        let to = bars.iter().map(|bar| bar.span.until(end)).max();
        drawn.push(Drawn::Folded {
            row,
            from: from.unwrap_or_default(),
            to: to.unwrap_or_default(),
            bars,
        });
    }
    drawn
}
