//! What is asked of the master on behalf of callers at other nodes, and its answers.

use peerflow_engine::{
    Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome, Request, RerunMode,
};
use peerflow_wire as wire;
use peerflow_workflow::{Diagnostic, Diagnostics};

use crate::scheduler::{AskError, Asked};

/// As the master is asked; `None` for what is never asked across nodes.
pub(in crate::cluster) fn asked_to_wire(asked: Asked) -> Option<wire::AskedMessage> {
    let request = match asked {
        Asked::Engine(request) => request,
        Asked::Rerun {
            instance,
            mode,
            as_was,
        } => {
            return Some(wire::AskedMessage::Rerun {
                instance,
                mode: match mode {
                    RerunMode::FromStart => wire::RerunModeMessage::FromStart,
                    RerunMode::Recover => wire::RerunModeMessage::Recover,
                },
                as_was,
            });
        }
    };
    Some(match request {
        Request::PutDocument {
            xml,
            files,
            origin,
            expected,
            sent,
        } => wire::AskedMessage::PutDocument {
            xml: xml.to_string(),
            files,
            origin: origin_to_wire(origin),
            expected: expected_to_wire(expected),
            sent,
        },
        Request::DeleteWorkflow { name } => wire::AskedMessage::DeleteWorkflow { name },
        Request::DeleteCoordinator { name } => wire::AskedMessage::DeleteCoordinator { name },
        Request::Trigger {
            workflow,
            blood,
            skip,
        } => wire::AskedMessage::Trigger {
            workflow,
            blood,
            skip,
        },
        Request::TriggerCoordinator { name } => wire::AskedMessage::TriggerCoordinator { name },
        Request::Run { workflow, params } => wire::AskedMessage::Run { workflow, params },
        Request::Reset { key } => wire::AskedMessage::Reset { key },
        Request::ResetAll => wire::AskedMessage::ResetAll,
        Request::SetEnabled { key, enabled } => wire::AskedMessage::SetEnabled { key, enabled },
        Request::Kill { instance } => wire::AskedMessage::Kill { instance },
        Request::DeleteInstance { instance } => wire::AskedMessage::DeleteInstance { instance },
        Request::Release { visit, run_again } => wire::AskedMessage::Release { visit, run_again },
        Request::ReleaseAll { run_again } => wire::AskedMessage::ReleaseAll { run_again },
        Request::ReleaseInstance { instance } => wire::AskedMessage::ReleaseInstance { instance },
        Request::SetSetting { key, value } => wire::AskedMessage::Set { key, value },
        Request::PutLink {
            link,
            origin,
            expected,
            sent,
        } => wire::AskedMessage::PutLink {
            link,
            origin: origin_to_wire(origin),
            expected: expected_to_wire(expected),
            sent,
        },
        Request::DeleteLink { key, force } => wire::AskedMessage::DeleteLink { key, force },
        // The master reads the run itself: see `Asked::Rerun`.
        Request::Rerun { .. } => return None,
    })
}

/// As this node's scheduler is asked; `None` for what is not its to answer.
pub(in crate::cluster) fn asked_from_wire(message: wire::AskedMessage) -> Option<Asked> {
    use wire::AskedMessage as Message;
    let request = match message {
        Message::Rerun {
            instance,
            mode,
            as_was,
        } => {
            return Some(Asked::Rerun {
                instance,
                mode: match mode {
                    wire::RerunModeMessage::FromStart => RerunMode::FromStart,
                    wire::RerunModeMessage::Recover => RerunMode::Recover,
                },
                as_was,
            });
        }
        Message::PutDocument {
            xml,
            files,
            origin,
            expected,
            sent,
        } => Request::PutDocument {
            xml: xml.into(),
            files,
            origin: origin_from_wire(origin),
            expected: expected_from_wire(expected),
            sent,
        },
        Message::DeleteWorkflow { name } => Request::DeleteWorkflow { name },
        Message::DeleteCoordinator { name } => Request::DeleteCoordinator { name },
        Message::Trigger {
            workflow,
            blood,
            skip,
        } => Request::Trigger {
            workflow,
            blood,
            skip,
        },
        Message::TriggerCoordinator { name } => Request::TriggerCoordinator { name },
        Message::Run { workflow, params } => Request::Run { workflow, params },
        Message::Reset { key } => Request::Reset { key },
        Message::ResetAll => Request::ResetAll,
        Message::SetEnabled { key, enabled } => Request::SetEnabled { key, enabled },
        Message::Kill { instance } => Request::Kill { instance },
        Message::DeleteInstance { instance } => Request::DeleteInstance { instance },
        Message::Release { visit, run_again } => Request::Release { visit, run_again },
        Message::ReleaseAll { run_again } => Request::ReleaseAll { run_again },
        Message::ReleaseInstance { instance } => Request::ReleaseInstance { instance },
        Message::Set { key, value } => Request::SetSetting { key, value },
        Message::PutLink {
            link,
            origin,
            expected,
            sent,
        } => Request::PutLink {
            link,
            origin: origin_from_wire(origin),
            expected: expected_from_wire(expected),
            sent,
        },
        Message::DeleteLink { key, force } => Request::DeleteLink { key, force },
        Message::Drain { .. } | Message::Shutdown => return None,
    };
    Some(Asked::Engine(request))
}

fn origin_to_wire(origin: Origin) -> wire::OriginMessage {
    match origin {
        Origin::Person => wire::OriginMessage::Person,
        Origin::Loader { node, path, first } => wire::OriginMessage::Loader { node, path, first },
    }
}

fn origin_from_wire(origin: wire::OriginMessage) -> Origin {
    match origin {
        wire::OriginMessage::Person => Origin::Person,
        wire::OriginMessage::Loader { node, path, first } => Origin::Loader { node, path, first },
    }
}

fn expected_to_wire(expected: Expected) -> wire::ExpectedMessage {
    match expected {
        Expected::Anything => wire::ExpectedMessage::Anything,
        Expected::Nothing => wire::ExpectedMessage::Nothing,
        Expected::Definition(hash) => wire::ExpectedMessage::Definition(hash),
    }
}

fn expected_from_wire(expected: wire::ExpectedMessage) -> Expected {
    match expected {
        wire::ExpectedMessage::Anything => Expected::Anything,
        wire::ExpectedMessage::Nothing => Expected::Nothing,
        wire::ExpectedMessage::Definition(hash) => Expected::Definition(hash),
    }
}

/// As the peer that asked is answered.
pub(in crate::cluster) fn answer_to_wire(answer: Result<Answer, AskError>) -> wire::AskAnswer {
    match answer {
        Ok(answer) => wire::AskAnswer::Answered(answered_to_wire(answer)),
        Err(AskError::Refused(refusal)) => wire::AskAnswer::Refused(refusal_to_wire(refusal)),
        Err(AskError::Unavailable {
            reason,
            retry_after,
        }) => wire::AskAnswer::Unavailable {
            reason,
            retry_after,
        },
        Err(AskError::Busy) => wire::AskAnswer::Busy,
        Err(AskError::KeyReused) => wire::AskAnswer::KeyReused,
    }
}

/// As the caller here is answered.
pub(in crate::cluster) fn answer_from_wire(message: wire::AskAnswer) -> Result<Answer, AskError> {
    match message {
        wire::AskAnswer::Answered(answer) => Ok(answered_from_wire(answer)),
        wire::AskAnswer::Refused(refusal) => Err(AskError::Refused(refusal_from_wire(refusal))),
        wire::AskAnswer::Unavailable {
            reason,
            retry_after,
        } => Err(AskError::Unavailable {
            reason,
            retry_after,
        }),
        wire::AskAnswer::Busy => Err(AskError::Busy),
        wire::AskAnswer::KeyReused => Err(AskError::KeyReused),
    }
}

fn answered_to_wire(answer: Answer) -> wire::AnswerMessage {
    match answer {
        Answer::Registered {
            name,
            standalone,
            outcome,
            warnings,
            notes,
        } => wire::AnswerMessage::Registered {
            name,
            standalone,
            outcome: match outcome {
                RegisterOutcome::Added => wire::RegisteredMessage::Added,
                RegisterOutcome::Updated => wire::RegisteredMessage::Updated,
                RegisterOutcome::Unchanged => wire::RegisteredMessage::Unchanged,
                RegisterOutcome::Kept => wire::RegisteredMessage::Kept,
            },
            warnings: warnings.0.into_iter().map(Into::into).collect(),
            notes,
        },
        Answer::Instances(instances) => wire::AnswerMessage::Instances(instances),
        Answer::Done(text) => wire::AnswerMessage::Done(text),
    }
}

fn answered_from_wire(message: wire::AnswerMessage) -> Answer {
    match message {
        wire::AnswerMessage::Registered {
            name,
            standalone,
            outcome,
            warnings,
            notes,
        } => Answer::Registered {
            name,
            standalone,
            outcome: match outcome {
                wire::RegisteredMessage::Added => RegisterOutcome::Added,
                wire::RegisteredMessage::Updated => RegisterOutcome::Updated,
                wire::RegisteredMessage::Unchanged => RegisterOutcome::Unchanged,
                wire::RegisteredMessage::Kept => RegisterOutcome::Kept,
            },
            warnings: diagnostics(warnings),
            notes,
        },
        wire::AnswerMessage::Instances(instances) => Answer::Instances(instances),
        wire::AnswerMessage::Done(text) => Answer::Done(text),
    }
}

fn refusal_to_wire(refusal: Refusal) -> wire::RefusalMessage {
    use wire::RefusalKindMessage as Kind;
    wire::RefusalMessage {
        kind: match refusal.kind {
            RefusalKind::NotFound => Kind::NotFound,
            RefusalKind::Conflict => Kind::Conflict,
            RefusalKind::InvalidDocument(diagnostics) => {
                Kind::InvalidDocument(diagnostics.0.into_iter().map(Into::into).collect())
            }
            RefusalKind::MissingParameters(names) => Kind::MissingParameters(names),
            RefusalKind::Invalid => Kind::Invalid,
            RefusalKind::Limit => Kind::Limit,
        },
        message: refusal.message,
    }
}

fn refusal_from_wire(message: wire::RefusalMessage) -> Refusal {
    use wire::RefusalKindMessage as Kind;
    Refusal {
        kind: match message.kind {
            Kind::NotFound => RefusalKind::NotFound,
            Kind::Conflict => RefusalKind::Conflict,
            Kind::InvalidDocument(messages) => RefusalKind::InvalidDocument(diagnostics(messages)),
            Kind::MissingParameters(names) => RefusalKind::MissingParameters(names),
            Kind::Invalid => RefusalKind::Invalid,
            Kind::Limit => RefusalKind::Limit,
        },
        message: message.message,
    }
}

fn diagnostics(messages: Vec<wire::DiagnosticMessage>) -> Diagnostics {
    Diagnostics(messages.into_iter().map(Diagnostic::from).collect())
}
