//! Links by name: as the API and the loader change them, and as the actions of this node use them.

mod actions;
mod book;
mod change;
mod passed_over;

pub(crate) use actions::StoredLinks;
pub(crate) use book::{LinkBook, LinkTrouble};
pub(crate) use change::{LinkChange, SealedLink};
pub(crate) use passed_over::UnloadedLinks;
