//! Checks of commits: the fence, and that a batch is written as it was given.

use peerflow_model::{AttemptStatus, Change, InstanceStatus, VisitStatus};

use super::samples::{attempt, instance, run_id, visit, visit_id, workflow};
use super::{Master, Place};
use crate::{CommitError, Error, Fence};

fn setting(key: &str, value: &str) -> Change {
    Change::PutSetting {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

pub async fn a_commit_passes_its_fence_once(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let fence = master.fence();
    master.commit(&[setting("a", "1")]).await;
    assert_eq!(
        master.store.lease().await.unwrap().unwrap().commit_seq,
        fence.commit_seq + 1
    );
    // Its answer was lost: sent again it is done, and nothing moves.
    master
        .store
        .commit(&fence, &[setting("a", "1")])
        .await
        .unwrap();
    assert_eq!(
        master.store.lease().await.unwrap().unwrap().commit_seq,
        fence.commit_seq + 1
    );
    master.commit(&[setting("a", "2")]).await;
    match master.store.commit(&fence, &[setting("a", "1")]).await {
        Err(CommitError::Fenced {
            expected, found, ..
        }) => assert_eq!((expected, found), (fence.commit_seq, fence.commit_seq + 2)),
        other => panic!("a fence two commits old is refused: {other:?}"),
    }
    assert_eq!(
        master.store.settings().await.unwrap(),
        [("a".to_owned(), "2".to_owned())]
    );
}

pub async fn a_stale_fence_writes_nothing(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    master.commit(&[]).await;
    let right = master.fence();
    let stale = [
        Fence {
            holder: "two".into(),
            ..right.clone()
        },
        Fence {
            epoch: peerflow_model::Epoch(right.epoch.0 + 1),
            ..right.clone()
        },
        Fence {
            epoch: peerflow_model::Epoch(0),
            ..right.clone()
        },
        Fence {
            commit_seq: right.commit_seq + 1,
            ..right.clone()
        },
        Fence {
            commit_seq: right.commit_seq + 7,
            ..right.clone()
        },
    ];
    for fence in stale {
        let changes = [
            setting("a", "1"),
            Change::PutInstance(instance("i", "w", InstanceStatus::Running, 1)),
        ];
        let refused = master.store.commit(&fence, &changes).await;
        assert!(
            matches!(refused, Err(CommitError::Fenced { .. })),
            "{fence:?}: {refused:?}"
        );
    }
    assert!(master.store.settings().await.unwrap().is_empty());
    assert!(master.store.active_state().await.unwrap().runs.is_empty());
    master.commit(&[setting("a", "2")]).await;
    master.store.release(&master.lease).await.unwrap();
    let refused = master.store.commit(&master.fence(), &[]).await;
    assert!(
        matches!(refused, Err(CommitError::Fenced { .. })),
        "{refused:?}"
    );
}

pub async fn what_cannot_be_stored_is_refused_and_nothing_written(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let long = "每".repeat(86);
    let changes = [
        setting("a", "1"),
        Change::PutWorkflow(workflow(&long, "/d", "<x/>")),
    ];
    match master.store.commit(&master.fence(), &changes).await {
        Err(CommitError::Refused(Error::Limit(reason))) => {
            assert!(
                reason.contains("258 bytes") && reason.contains("255") && reason.contains('每'),
                "{reason}"
            );
        }
        other => panic!("a name of 258 bytes is refused: {other:?}"),
    }
    assert!(master.store.settings().await.unwrap().is_empty());
    let longest = "w".repeat(255);
    master
        .commit(&[Change::PutWorkflow(workflow(
            &longest,
            &"/d".repeat(250),
            "<x/>",
        ))])
        .await;
    assert!(master.store.workflow(&longest).await.unwrap().is_some());
}

pub async fn of_a_record_the_last_change_stands(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let run = run_id("i", 1);
    let first = visit(&run, "s", 1, VisitStatus::Running);
    let last = visit(&run, "s", 1, VisitStatus::Succeeded);
    master
        .commit(&[
            Change::PutInstance(instance("i", "w", InstanceStatus::Waiting, 1)),
            Change::PutVisit(first.clone()),
            Change::PutInstance(instance("i", "w", InstanceStatus::Running, 1)),
            Change::PutVisit(last.clone()),
            Change::PutWorkflow(workflow("gone", "/d", "<a/>")),
            Change::DeleteWorkflow("gone".into()),
            Change::DeleteWorkflow("back".into()),
            Change::PutWorkflow(workflow("back", "/d", "<b/>")),
            Change::PutInstance(instance("old", "w", InstanceStatus::Running, 1)),
            Change::PutVisit(visit(&run_id("old", 1), "s", 1, VisitStatus::Running)),
            Change::DeleteInstance("old".into()),
        ])
        .await;
    let state = master.store.active_state().await.unwrap();
    assert_eq!(state.runs.len(), 1);
    assert_eq!(state.runs[0].instance.status, InstanceStatus::Running);
    assert_eq!(state.runs[0].visits, [last]);
    assert_eq!(state.workflows, [workflow("back", "/d", "<b/>")]);
    assert_eq!(master.store.run(&"old".into(), None).await.unwrap(), None);
    // In the other order the first state would stand.
    master.commit(&[Change::PutVisit(first.clone())]).await;
    assert_eq!(
        master
            .store
            .run(&"i".into(), Some(1))
            .await
            .unwrap()
            .unwrap()
            .visits,
        [first]
    );
}

pub async fn a_large_batch_is_whole(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let run = run_id("big", 1);
    let mut changes = vec![Change::PutInstance(instance(
        "big",
        "w",
        InstanceStatus::Running,
        1,
    ))];
    for number in 1..=5000 {
        let step = format!("step-{number}");
        changes.push(Change::PutVisit(visit(
            &run,
            &step,
            number,
            VisitStatus::Running,
        )));
        changes.push(Change::PutAttempt(attempt(
            &visit_id(&run, &step, 1),
            1,
            AttemptStatus::Running,
        )));
    }
    changes.push(Change::PutWorkflow(workflow(
        "large",
        "/d",
        &"<x>每</x>".repeat(400_000),
    )));
    master.commit(&changes).await;
    let state = master.store.active_state().await.unwrap();
    assert_eq!(
        (state.runs[0].visits.len(), state.runs[0].attempts.len()),
        (5000, 5000)
    );
    assert_eq!(state.runs[0].visits[4999].sequence, 5000);
    assert_eq!(state.workflows[0].xml.len(), 400_000 * 10);
}
