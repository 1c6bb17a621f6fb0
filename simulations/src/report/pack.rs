//! Spans of time put into as few rows as they need, so that none covers another.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use crate::time::VirtualTime;

/// What begins and ends within one quantum still takes this much room.
const LEAST: Duration = Duration::from_millis(1);

/// The row of each span, counted from 0, and how many rows there are. A span gets the first row that is free when it
/// begins, so rows are to tasks what slots are to a worker.
pub(super) fn pack(spans: &[(VirtualTime, VirtualTime)]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|index| spans.get(*index).copied());
    let mut rows = vec![0; spans.len()];
    let mut free = BTreeSet::new();
    let mut taken = BinaryHeap::new();
    let mut count = 0;
    for index in order {
        let Some(&(from, to)) = spans.get(index) else {
            continue;
        };
        while let Some(&Reverse((ends, row))) = taken.peek()
            && ends <= from
        {
            taken.pop();
            free.insert(row);
        }
        let row = free.pop_first().unwrap_or_else(|| {
            count += 1;
            count - 1
        });
        taken.push(Reverse((to.max(from.after(LEAST)), row)));
        if let Some(place) = rows.get_mut(index) {
            *place = row;
        }
    }
    (rows, count)
}
