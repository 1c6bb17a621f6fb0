//! What a run was: told at the head of every page and report.

/// What a run was: told at the head of every page and report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// What it is about, in a few words; the title of the page.
    pub title: String,
    /// Absent where nothing was drawn, as for a plan.
    pub seed: Option<u64>,
    /// The source it was built from.
    pub commit: String,
    /// The exact command that runs it again.
    pub command: String,
    /// Options that were given or drawn from the seed, by name, in the order to show.
    pub options: Vec<(String, String)>,
    /// How it went, in a sentence or a few.
    pub outcome: String,
}
