//! Files on real file systems and real servers.

#![allow(clippy::unwrap_used)]

mod child;
mod local;
mod support;
