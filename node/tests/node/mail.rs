//! Mail to a server in this process.

use std::sync::{Arc, Mutex};

use peerflow_model::MailState;
use peerflow_node::Seams;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{BOUND, TestNode, temp_dir};

/// Takes mail, or refuses it.
struct SmtpServer {
    port: u16,
    mails: watch::Receiver<Vec<String>>,
    _task: JoinSet<()>,
}

impl SmtpServer {
    async fn start(refuses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = watch::channel(Vec::new());
        let sender = Arc::new(Mutex::new(sender));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sessions.spawn(session(stream, Arc::clone(&sender), refuses));
            }
        });
        Self {
            port,
            mails,
            _task: task,
        }
    }

    async fn mails(&mut self, count: usize) -> Vec<String> {
        let wait = self.mails.wait_for(|mails| mails.len() >= count);
        tokio::time::timeout(BOUND, wait)
            .await
            .expect("the mail comes in time")
            .unwrap()
            .clone()
    }
}

async fn session(stream: TcpStream, mails: Arc<Mutex<watch::Sender<Vec<String>>>>, refuses: bool) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut answer: &[u8] = b"220 test ESMTP\r\n";
    loop {
        if writer.write_all(answer).await.is_err() {
            return;
        }
        let Ok(Some(line)) = lines.next_line().await else {
            return;
        };
        answer = match line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase()
            .as_str()
        {
            "EHLO" => b"250-test\r\n250 8BITMIME\r\n",
            "RCPT" if refuses => b"550 no such user\r\n",
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.unwrap();
                let mut text = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                mails.lock().unwrap().send_modify(|mails| mails.push(text));
                b"250 taken\r\n"
            }
            _ => b"250 ok\r\n",
        };
    }
}

fn document(receivers: &str) -> String {
    format!(
        r#"<work-flow name="账单&lt;1&gt;" mail-level="失败" mail-receivers="{receivers}">
             <start name="start" to="work"/>
             <action name="work"><script><code>fail</code></script><ok to="end"/></action>
             <end name="end"/>
           </work-flow>"#
    )
}

async fn start(dir: &std::path::Path, port: u16) -> TestNode {
    let port = port.to_string();
    let settings = [
        ("EMAIL__IS_ENABLED", "true"),
        ("EMAIL__HOSTNAME", "127.0.0.1"),
        ("EMAIL__PORT", port.as_str()),
        ("EMAIL__ACCOUNT", "flow@example.org"),
    ];
    TestNode::start_with(dir, &settings, Seams::default()).await
}

/// Decodes a base64 or quoted-printable body enough to look for words in it.
fn decoded(mail: &str) -> String {
    let (head, body) = mail.split_once("\n\n").unwrap();
    if head.contains("quoted-printable") {
        let joined = body.replace("=\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            if first == b'=' && after.len() >= 2 {
                let digits = std::str::from_utf8(&after[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(first);
                rest = after;
            }
        }
        return String::from_utf8(bytes).unwrap();
    }
    if !head.contains("base64") {
        return body.to_owned();
    }
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for value in body
        .bytes()
        .filter_map(|byte| LETTERS.iter().position(|letter| *letter == byte))
    {
        bits = bits << 6 | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_run_is_told_by_one_mail_with_the_facts_escaped() {
    let dir = temp_dir();
    let mut server = SmtpServer::start(false).await;
    let test = start(dir.path(), server.port).await;
    test.put(&document("a@example.org,not an address,b@example.org"))
        .await
        .unwrap();
    let instance = test.run("账单<1>").await;
    test.ended(&instance).await;
    let mails = server.mails(1).await;
    let mail = &mails[0];
    assert!(
        mail.contains("Message-ID: <") && mail.contains("@example.org>"),
        "{mail}"
    );
    assert!(
        mail.contains("a@example.org") && mail.contains("b@example.org"),
        "{mail}"
    );
    let text = decoded(mail);
    for part in [
        "账单&lt;1&gt;",
        "失败 failed",
        instance.as_str(),
        "it &lt;broke&gt; &amp; burnt",
        "exit code 1",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("<broke>"));
    let done = async {
        while !test.node.store().mail(10).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, done)
        .await
        .expect("the mail is recorded as sent");
    assert_eq!(server.mails(1).await.len(), 1);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_is_reported_and_the_mail_waits() {
    let dir = temp_dir();
    let server = SmtpServer::start(true).await;
    let test = start(dir.path(), server.port).await;
    test.put(&document("a@example.org")).await.unwrap();
    let instance = test.run("账单<1>").await;
    test.ended(&instance).await;
    let store = test.node.store();
    let waiting = async {
        loop {
            if let Some(mail) = store
                .mail(10)
                .await
                .unwrap()
                .into_iter()
                .find(|mail| mail.failures > 0)
            {
                return mail;
            }
            tokio::task::yield_now().await;
        }
    };
    let mail = tokio::time::timeout(BOUND, waiting)
        .await
        .expect("the failure is recorded");
    assert_eq!(mail.state, MailState::Due);
    assert!(mail.message.contains("no such user"), "{mail:?}");
    assert!(mail.due_at > mail.created_at);
    assert!(
        test.node
            .metrics()
            .render()
            .contains("peerflow_mails_total{result=\"failed\"} 1")
    );
    test.node.stop().await;
}
