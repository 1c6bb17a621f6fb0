//! The engine's rules, each by the commands that follow from its events.

mod blood;
mod definitions;
mod dependencies;
mod doubt;
mod files;
mod ledger;
mod links;
mod mail;
mod peers;
mod placement;
mod queue;
mod random;
mod rerun;
mod rig;
mod settings;
mod store;
mod takeover;
mod text;
mod world;
