//! Mail, with a real mail server.

use std::net::TcpListener;
use std::time::Duration;

use peerflow_tests::{MailServer, Node, NodeBuilder, eventually};
use tempfile::TempDir;

fn node_with_mail(folder: &TempDir, port: u16) -> Node {
    NodeBuilder::new(folder.path())
        .set("PEERFLOW__EMAIL__IS_ENABLED", "true")
        .set("PEERFLOW__EMAIL__HOSTNAME", "127.0.0.1")
        .set("PEERFLOW__EMAIL__PORT", &port.to_string())
        .set("PEERFLOW__EMAIL__TLS", "none")
        .set("PEERFLOW__EMAIL__AUTH", "false")
        .set("PEERFLOW__EMAIL__ACCOUNT", "peerflow@example.com")
        .start()
}

const FAILING: &str = r#"<work-flow name="夜间 &lt;load&gt;" mail-receivers="a@example.com,b@example.com">
  <start name="start" to="s"/>
  <action name="s"><shell><command>echo "table &lt;orders&gt; is missing" >&amp;2; exit 5</command></shell><ok to="end"/></action>
  <end name="end"/></work-flow>"#;

#[test]
fn a_failed_instance_is_mailed_to_its_receivers_and_to_those_downstream() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = MailServer::start();
    let node = node_with_mail(&folder, server.port);
    node.api.put_workflow("夜间 <load>", FAILING);
    node.api.put_workflow(
        "report",
        r#"<work-flow name="report" mail-receivers="c@example.com">
             <coordinator><depend-list><workflow name="夜间 &lt;load&gt;"/></depend-list></coordinator>
             <start name="start" to="end"/><end name="end"/></work-flow>"#,
    );
    let id = node.api.try_run("夜间 <load>").expect("acknowledged");
    let mail = eventually("the mail comes", Duration::from_secs(30), || {
        server.received().into_iter().next()
    });
    for receiver in ["a@example.com", "b@example.com", "c@example.com"] {
        assert!(mail.receivers.contains(receiver), "{}", mail.receivers);
    }
    assert!(mail.subject.contains("夜间 <load>"), "{}", mail.subject);
    assert!(mail.body.contains(&id), "{}", mail.body);
    assert!(
        mail.body.contains("report"),
        "the affected workflow: {}",
        mail.body
    );
    assert!(
        mail.body.contains("table &lt;orders&gt; is missing"),
        "the last log lines, escaped: {}",
        mail.body
    );
    assert!(
        mail.message_id.contains('@') && mail.message_id.len() > 10,
        "{}",
        mail.message_id
    );
}

#[test]
fn a_step_that_fails_and_recovers_sends_one_mail_for_each() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = MailServer::start();
    let node = node_with_mail(&folder, server.port);
    node.api.put_workflow(
        "flaky",
        r#"<work-flow name="flaky" mail-receivers="a@example.com"><start name="start" to="s"/>
           <action name="s" retry-times="3"><shell><command>[ "$PEERFLOW_ATTEMPT" -ge 3 ]</command></shell><ok to="end"/></action>
           <end name="end"/></work-flow>"#,
    );
    let id = node.api.try_run("flaky").expect("acknowledged");
    eventually("it succeeds", Duration::from_secs(30), || {
        node.api
            .try_instance(&id)
            .filter(|instance| instance["status"] == "succeeded")
    });
    let mails = eventually("both mails come", Duration::from_secs(30), || {
        let mails = server.received();
        (mails.len() >= 2).then_some(mails)
    });
    assert_eq!(
        mails.len(),
        2,
        "one for the failed try, one for the recovery, none for the success: {mails:?}"
    );
    assert_ne!(mails[0].message_id, mails[1].message_id);
    for mail in &mails {
        assert!(
            mail.body.contains("flaky") && mail.body.contains(&id),
            "which step of which instance: {}",
            mail.body
        );
    }
    assert_ne!(
        mails[0].subject, mails[1].subject,
        "one says that it failed, the other that it recovered"
    );
}

#[test]
fn an_email_step_sends_its_own_html() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = MailServer::start();
    let node = node_with_mail(&folder, server.port);
    node.api.put_workflow(
        "tell",
        r#"<work-flow name="tell" mail-receivers="a@example.com"><start name="start" to="s"/>
           <action name="s"><email><html><![CDATA[<h1>完成 &amp; done</h1>]]></html></email><ok to="end"/></action>
           <end name="end"/></work-flow>"#,
    );
    let id = node.api.try_run("tell").expect("acknowledged");
    eventually("the step succeeds", Duration::from_secs(30), || {
        node.api
            .try_instance(&id)
            .filter(|instance| instance["status"] == "succeeded")
    });
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].body.contains("<h1>完成 &amp; done</h1>"),
        "{}",
        mails[0].body
    );
}

#[test]
fn a_mail_server_that_refuses_hangs_or_is_absent_delays_nothing_and_is_reported() {
    let refusing = MailServer::with_mode("refuse");
    let hanging = MailServer::with_mode("hang");
    // The kernel takes connections for it; nobody ever speaks.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent_port = silent.local_addr().expect("a bound socket").port();
    let absent = {
        let gone = MailServer::start();
        gone.port
    };
    let cases = [
        (refusing.port, "550", 30),
        (hanging.port, "has not taken the mail within 60 s", 110),
        (silent_port, "does not answer within 15 s", 40),
        (absent, "refused", 30),
    ];
    let check = |port: u16, reason: &str, limit: u64| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let node = node_with_mail(&folder, port);
        node.api.put_workflow("夜间 <load>", FAILING);
        for _ in 0..3 {
            let id = node.api.try_run("夜间 <load>").expect("acknowledged");
            eventually("the instance ends at once", Duration::from_secs(10), || {
                node.api
                    .try_instance(&id)
                    .filter(|instance| instance["status"] == "failed")
            });
        }
        let port = port.to_string();
        eventually(
            &format!("it is shown why no mail is sent: {reason}"),
            Duration::from_secs(limit),
            || {
                let reply = node.api.get("/api/v1/mail");
                let items = reply.json["items"].as_array()?;
                let messages = items.iter().filter_map(|mail| mail["message"].as_str());
                let mut told =
                    messages.filter(|told| told.contains(reason) && told.contains(&port));
                told.next().map(|_| ())
            },
        );
        assert_eq!(node.stop(), 0, "a mail that waits does not hold up a stop");
    };
    std::thread::scope(|scope| {
        for (port, reason, limit) in cases {
            scope.spawn(move || check(port, reason, limit));
        }
    });
}
