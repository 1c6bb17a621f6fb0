//! Reports of hand-made histories.

mod failure;
mod page;
mod records;
mod sample;
mod summary;
mod terminal;
mod timeline;
