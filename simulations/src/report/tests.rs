//! Reports of hand-made histories.
