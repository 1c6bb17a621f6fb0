//! Between a client and a server: cuts the first connection where it commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never hears of the commit, nor that its client is gone.
    Before,
    /// The server has committed, and its client does not hear of it.
    Behind,
}

/// One that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    is_cut: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(server: (String, u16), cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_cut);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            let mut is_first = true;
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(server.clone()).await.unwrap();
                let cut = is_first.then_some(cut);
                is_first = false;
                connections.spawn(connection(client, server, cut, Arc::clone(&told)));
            }
        });
        Self {
            port,
            is_cut,
            _tasks: tasks,
        }
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }
}

async fn connection(
    mut client: TcpStream,
    mut server: TcpStream,
    cut: Option<Cut>,
    is_cut: Arc<AtomicBool>,
) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(bytes @ 1..) = read else { return };
                let commits = asked[..bytes].windows(6).any(|word| word == b"COMMIT");
                match cut.filter(|_| commits) {
                    None => {
                        if server.write_all(&asked[..bytes]).await.is_err() {
                            return;
                        }
                    }
                    Some(Cut::Before) => {
                        is_cut.store(true, Ordering::SeqCst);
                        drop(client);
                        return std::future::pending().await;
                    }
                    Some(Cut::Behind) => {
                        server.write_all(&asked[..bytes]).await.unwrap();
                        assert!(server.read(&mut answered).await.unwrap() > 0);
                        is_cut.store(true, Ordering::SeqCst);
                        return;
                    }
                }
            }
            read = server.read(&mut answered) => {
                let Ok(bytes @ 1..) = read else { return };
                if client.write_all(&answered[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}
