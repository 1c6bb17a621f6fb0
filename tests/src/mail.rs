//! A real mail server (aiosmtpd) that keeps what it receives.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What the server does. It prints its port, then keeps each mail in a file.
const PROGRAM: &str = r#"
import sys, os, asyncio
from aiosmtpd.smtp import SMTP
folder, mode = sys.argv[1], sys.argv[2]
class Keep:
    count = 0
    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode == "refuse":
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        if mode == "hang":
            await asyncio.sleep(3600)
        Keep.count += 1
        name = os.path.join(folder, f"{Keep.count:04}")
        with open(name + ".part", "wb") as out:
            out.write(b"X-Receivers: " + ",".join(envelope.rcpt_tos).encode() + b"\r\n")
            out.write(envelope.content)
        os.rename(name + ".part", name + ".eml")
        return "250 kept"
async def serve():
    keep = Keep()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keep, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"#;

/// A mail server of a test's own.
#[derive(Debug)]
pub struct MailServer {
    child: Child,
    folder: TempDir,
    pub port: u16,
}

/// A mail as it came in.
#[derive(Debug)]
pub struct ReceivedMail {
    /// Envelope receivers, comma separated.
    pub receivers: String,
    /// Headers and body as sent.
    pub raw: String,
    /// Decoded subject.
    pub subject: String,
    /// Decoded text of all parts.
    pub body: String,
    pub message_id: String,
}

impl MailServer {
    /// One that accepts everything.
    pub fn start() -> Self {
        Self::with_mode("accept")
    }

    /// `accept`, `refuse` (every receiver) or `hang` (after the data).
    ///
    /// # Panics
    /// When it does not start: `scripts/services install` installs what it needs.
    pub fn with_mode(mode: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", PROGRAM])
            .arg(folder.path())
            .arg(mode)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the mail server speaks");
        let port = line
            .trim()
            .parse()
            .expect("the mail server names its port; is python3-aiosmtpd installed?");
        Self {
            child,
            folder,
            port,
        }
    }

    /// All mails so far, in order of arrival.
    pub fn received(&self) -> Vec<ReceivedMail> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder.path())
            .expect("the folder is there")
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect();
        files.sort();
        files.iter().map(read).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Decodes a mail with Python's own parser.
const DECODE: &str = r#"
import sys, json, email, email.policy
message = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
body = "\n".join(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
print(json.dumps([message["X-Receivers"], str(message["Subject"]), body, str(message["Message-ID"])]))
"#;

fn read(path: &PathBuf) -> ReceivedMail {
    let output = Command::new("/usr/bin/python3")
        .args(["-c", DECODE])
        .arg(path)
        .output()
        .expect("python3 starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let [receivers, subject, body, message_id]: [String; 4] =
        serde_json::from_slice(&output.stdout).expect("four texts");
    let raw =
        String::from_utf8_lossy(&std::fs::read(path).expect("the mail is there")).into_owned();
    ReceivedMail {
        receivers,
        raw,
        subject,
        body,
        message_id,
    }
}
