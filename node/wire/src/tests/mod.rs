//! Tests on real sockets.

mod frames;
mod frozen;
mod greeting;
mod recorded;
mod rig;
mod samples;
mod strangers;
mod streams;
