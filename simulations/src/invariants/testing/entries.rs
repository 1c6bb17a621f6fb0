//! Entries of hand-made histories.

use peerflow_model::{Epoch, Incarnation};
use peerflow_workflow::OnPartition;

use super::records::attempt_id;
use crate::history::{Answer, RequestId, TaskFate, What, Wish};

pub(in crate::invariants) fn taken(node: &str, epoch: u64) -> What {
    What::LeaseTaken {
        holder: node.into(),
        epoch: Epoch(epoch),
        went_back: false,
    }
}

pub(in crate::invariants) fn began(node: &str, epoch: u64) -> What {
    What::MasterBegan {
        node: node.into(),
        epoch: Epoch(epoch),
    }
}

pub(in crate::invariants) fn ended(node: &str, epoch: u64) -> What {
    What::MasterEnded {
        node: node.into(),
        epoch: Epoch(epoch),
    }
}

pub(in crate::invariants) fn crashed(node: &str) -> What {
    What::Crashed { node: node.into() }
}

pub(in crate::invariants) fn asked(request: u64, wish: Wish) -> What {
    What::Asked {
        request: RequestId(request),
        node: "n1".into(),
        wish,
    }
}

pub(in crate::invariants) fn register(workflow: &str) -> Wish {
    Wish::Register {
        workflow: workflow.to_owned(),
    }
}

pub(in crate::invariants) fn trigger(workflow: &str, key: Option<&str>) -> Wish {
    Wish::Trigger {
        workflow: workflow.to_owned(),
        key: key.map(str::to_owned),
    }
}

pub(in crate::invariants) fn acknowledged(request: u64, instance: Option<&str>) -> What {
    What::Answered {
        request: RequestId(request),
        answer: Answer::Acknowledged {
            instance: instance.map(Into::into),
        },
    }
}

pub(in crate::invariants) fn refused(request: u64) -> What {
    What::Answered {
        request: RequestId(request),
        answer: Answer::Refused {
            status: 409,
            why: "no".to_owned(),
        },
    }
}

pub(in crate::invariants) fn unknown(request: u64) -> What {
    What::Answered {
        request: RequestId(request),
        answer: Answer::Unknown {
            why: "cut".to_owned(),
        },
    }
}

pub(in crate::invariants) fn begins(instance: &str, step: &str, attempt: u32, node: &str) -> What {
    begins_under(instance, step, attempt, node, OnPartition::Wait)
}

pub(in crate::invariants) fn begins_under(
    instance: &str,
    step: &str,
    attempt: u32,
    node: &str,
    on_partition: OnPartition,
) -> What {
    What::TaskStarted {
        node: node.into(),
        incarnation: Incarnation(1),
        attempt: attempt_id(instance, step, attempt),
        on_partition,
    }
}

pub(in crate::invariants) fn ends(
    instance: &str,
    step: &str,
    attempt: u32,
    node: &str,
    fate: TaskFate,
) -> What {
    What::TaskEnded {
        node: node.into(),
        attempt: attempt_id(instance, step, attempt),
        fate,
    }
}
