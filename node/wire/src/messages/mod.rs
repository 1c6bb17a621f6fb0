//! What peers say, as plain data. The node turns it into its engine's words and back.

mod ask;
mod control;
mod document;
mod follow;
mod opening;
mod progress;

pub use ask::{
    AnswerMessage, AskAnswer, AskedMessage, ExpectedMessage, OriginMessage, RefusalKindMessage,
    RefusalMessage, RegisteredMessage, RerunModeMessage,
};
pub use control::{
    AttemptResultMessage, DispatchMessage, EndedMessage, Order, PeerMessage, ReportMessage, Told,
};
pub use document::DiagnosticMessage;
pub use follow::{EventMessage, LogMessage, Pong};
pub use opening::Opening;
pub use progress::ProgressMessage;
