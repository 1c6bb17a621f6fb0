//! The single-node rows of the performance page.
fn main() {}
