//! `<email>`.

use std::sync::Arc;
use std::time::Duration;

use peerflow_actions::{Task, TaskResult};
use peerflow_workflow::{Email, Work};

use crate::stage::{MemoryMailer, Setting, Stage, task};

fn email() -> Task {
    task(Work::Email(Email {
        html: "<p>日报</p>".into(),
    }))
}

#[tokio::test]
async fn a_mail_goes_to_the_workflows_receivers_with_a_stable_id() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        let end = stage.run(email()).await;
        assert_eq!((end.result, end.exit_code), (TaskResult::Succeeded, None));
    }
    let sent = stage.mailer.sent.lock().unwrap().clone();
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[0].receivers, ["a@example.org", "b@example.org"]);
    assert_eq!(sent[0].html, "<p>日报</p>");
    assert_eq!(sent[0].subject, "工作流 \"1\": 做 <it>");
    assert!(sent[0].id.len() == 32 && sent[0].id.chars().all(|it| it.is_ascii_hexdigit()));
}

#[tokio::test]
async fn no_receivers_and_a_server_that_refuses_are_clear_errors() {
    let mailer = MemoryMailer {
        refusal: Some("550 no such user".into()),
        ..MemoryMailer::default()
    };
    let stage = Stage::with(Setting {
        mailer,
        ..Setting::default()
    })
    .await;
    let end = stage.run(email()).await;
    assert_eq!(end.result, TaskResult::Failed);
    assert!(
        end.message
            .contains("b@example.org was not sent: 550 no such user"),
        "{}",
        end.message
    );
    let mut nobody = email();
    Arc::make_mut(&mut nobody.workflow).mail_receivers.clear();
    assert!(
        stage
            .run(nobody)
            .await
            .message
            .contains("no `mail-receivers`")
    );
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_at_the_time_limit() {
    let mailer = MemoryMailer {
        hangs: true,
        ..MemoryMailer::default()
    };
    let stage = Stage::with(Setting {
        mailer,
        ..Setting::default()
    })
    .await;
    let mut task = email();
    task.timeout = Some(Duration::from_millis(50));
    assert_eq!(stage.run(task).await.result, TaskResult::TimedOut);
}
