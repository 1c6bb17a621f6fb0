//! Between this node's own types and what peers say to each other, which changes only with the protocol's version.

mod ask;
mod control;
mod event;

pub(super) use ask::{answer_from_wire, answer_to_wire, asked_from_wire, asked_to_wire};
pub(super) use control::{
    Unspeakable, order_from_wire, order_to_wire, told_from_wire, told_to_wire,
};
pub(super) use event::{event_from_wire, event_to_wire};
