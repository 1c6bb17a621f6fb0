//! What tasks themselves wrote down: one line when each began and one when it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A visit of a step of an instance.
pub(super) type Visit = (String, String, u64);

/// A file to which every task adds its lines: instance, step, visit, try.
pub(super) struct Journal {
    pub(super) path: PathBuf,
}

struct Line {
    visit: Visit,
    attempt: u64,
}

impl Journal {
    /// The code of a task that writes to this journal around `work`.
    pub(super) fn around(&self, step: &str, work: &str) -> String {
        let journal = self.path.display();
        format!(
            r#"line="$PEERFLOW_INSTANCE {step} $PEERFLOW_VISIT $PEERFLOW_ATTEMPT"
               echo "begin $line" >> {journal}
               {work}
               echo "end $line" >> {journal}"#
        )
    }

    fn lines(&self, kind: &str) -> Vec<Line> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let [first, instance, step, visit, attempt] = words[..] else {
                    return None;
                };
                (first == kind).then_some(())?;
                Some(Line {
                    visit: (instance.to_owned(), step.to_owned(), visit.parse().ok()?),
                    attempt: attempt.parse().ok()?,
                })
            })
            .collect()
    }

    /// No try began twice; nothing ran again whose success had been shown at the try that `shown` names.
    pub(super) fn check(&self, shown: &BTreeMap<Visit, u64>) {
        let mut tries = BTreeSet::new();
        for line in self.lines("begin") {
            if let Some(success) = shown.get(&line.visit) {
                assert!(
                    line.attempt <= *success,
                    "{:?} succeeded at try {success} and ran again",
                    line.visit
                );
            }
            assert!(
                tries.insert((line.visit.clone(), line.attempt)),
                "{:?} try {} began twice",
                line.visit,
                line.attempt
            );
        }
        let ended = self.lines("end").into_iter();
        let ended: BTreeSet<(Visit, u64)> = ended.map(|line| (line.visit, line.attempt)).collect();
        for (visit, attempt) in shown {
            assert!(
                ended.contains(&(visit.clone(), *attempt)),
                "{visit:?} was shown as succeeded at try {attempt}, which never came to its end"
            );
        }
    }
}
