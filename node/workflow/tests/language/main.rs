//! The language from outside: documents in, types and diagnostics out.

mod broken;
mod trial;
