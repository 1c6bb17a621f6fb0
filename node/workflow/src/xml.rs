//! XML to a small tree whose every name and value knows its place in the source.

mod attributes;
mod characters;
mod read;
mod tree;

pub(crate) use read::read;
pub(crate) use tree::{Attribute, Content, Element, Tree};
