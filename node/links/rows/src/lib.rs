//! Rows on their way from one place to another: what every kind of database and every text format has in common.
//!
//! A value travels as text in one form for each [`Kind`], the *plain form*, and NULL apart from it; binary values travel as
//! they are. So each kind of database needs one way in and one way out, and a row costs no allocation of its own. The
//! plain forms stand at [`Kind`].
//!
//! ```text
//! source ── Session::read ──▸ RowBatch … (a bounded channel) ──▸ Session::load ── target
//! text file ── reader ──▸                                    ──▸ writer ── text file
//! ```

mod batch;
mod column;
mod dialect;
mod error;
mod number;
mod session;
pub mod statements;

pub use batch::{BATCH_BYTES, BatchBuilder, MAX_ROW_BYTES, RowBatch, RowTooLarge};
pub use column::{Column, Kind};
pub use dialect::Dialect;
pub use error::{Error, Trouble};
pub use number::keeps_digits;
pub use session::{
    BatchReceiver, BatchSender, Cancel, Comments, Database, Executed, Fate, Loaded, Session,
    Target, batches,
};
