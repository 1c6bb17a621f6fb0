//! A history as text to compare: two runs that gave the same text did the same.

use super::{Entry, What};

/// One line for each entry. A commit's line ends with a number that follows from all that was committed.
pub fn trace(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let line = match &entry.what {
            What::Committed { changes, .. } => {
                format!("{entry} {:016x}\n", digest(&format!("{changes:?}")))
            }
            _ => format!("{entry}\n"),
        };
        text.push_str(&line);
    }
    text
}

/// FNV-1a, kept here because a trace must be the same with every release of every library.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use peerflow_model::{Change, Epoch};

    use super::*;
    use crate::time::VirtualTime;

    #[test]
    fn commits_of_other_changes_give_another_trace() {
        let with = |value: &str| {
            let change = Change::PutSetting {
                key: "node.timezone".into(),
                value: value.into(),
            };
            let what = What::Committed {
                holder: "n1".into(),
                epoch: Epoch(1),
                commit_seq: 1,
                changes: Arc::from(vec![change]),
            };
            let at = VirtualTime::default();
            trace(&[Entry { at, what }])
        };
        assert_eq!(with("UTC"), with("UTC"));
        assert_ne!(with("UTC"), with("Asia/Shanghai"));
    }
}
