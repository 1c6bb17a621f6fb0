//! Tests of whole runs.

mod ending;
mod flow;
mod losses;
mod random;
mod recovery;
mod tries;
