//! `up`: a local cluster of identical nodes, each a process of its own, on one SQLite file.

mod agreement;
mod child;
mod home;
mod place;
mod ports;

use std::time::Duration;

use peerflow_node::Config;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::args::UpArgs;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::session::Session;
use agreement::agreed;
use child::{Child, Left, Order};
use home::Home;
use place::{Place, show_places};

/// More of them share one machine no longer in a way that shows anything.
const MOST_NODES: u32 = 64;
/// How long the nodes may take until they know each other and a master.
const AGREED: Duration = Duration::from_secs(60);
/// What a stop takes beside the time that the nodes give their tasks.
const STOP_MARGIN: Duration = Duration::from_secs(30);

/// Runs the nodes until it is told to stop. A second signal does not wait for anything.
pub(super) async fn up(session: &Session, args: UpArgs) -> Result<Exit, Error> {
    let output = &session.output;
    let language = output.language;
    if args.nodes == 0 || args.nodes > MOST_NODES {
        return Err(Error::Usage(language.up_node_count(args.nodes, MOST_NODES)));
    }
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    let home = Home::open(&args.data_dir, language)?;
    let prepared = async {
        home.wait_for_former(output).await?;
        Place::prepare(&home, args.nodes, output)
    };
    let places = tokio::select! {
        biased;
        () = interrupts.next() => return Ok(Exit::Done),
        places = prepared => places?,
    };
    let config = check(&places, session)?;
    let patience = config.worker.drain + config.worker.kill_grace + STOP_MARGIN;
    let mut nodes = Nodes::start(&places, session);
    let agreed = tokio::select! {
        biased;
        () = interrupts.next() => None,
        () = nodes.one_failed() => Some(Err(Error::Failed(language.up_not_started()))),
        agreed = timeout(AGREED, agreed(session, &places)) => Some(Ok(agreed)),
    };
    let outcome = match agreed {
        None => Ok(Exit::Done),
        Some(Err(error)) => Err(error),
        Some(Ok(agreed)) => {
            let agreed = agreed.ok().transpose()?;
            nodes.be_ready();
            show_places(output, &home, &places, agreed.as_ref())?;
            tokio::select! {
                biased;
                () = interrupts.next() => {}
                () = nodes.all_left() => output.note(&language.up_all_left()),
            }
            Ok(Exit::Done)
        }
    };
    let stopped = nodes.stop(session, &mut interrupts, patience).await;
    outcome.map(|exit| if stopped { exit } else { Exit::Failed })
}

/// What a node would be told of its configuration, once instead of by each.
fn check(places: &[Place], session: &Session) -> Result<Config, Error> {
    let language = session.output.language;
    let mut first = None;
    for place in places {
        let config = place
            .config()
            .map_err(|error| Error::Usage(language.told(&error.to_string()).into_owned()))?;
        first.get_or_insert(config);
    }
    first.ok_or_else(|| Error::Usage(language.up_node_count(0, MOST_NODES)))
}

/// The processes, each kept by a task of its own.
struct Nodes {
    tasks: JoinSet<Left>,
    orders: watch::Sender<Order>,
    /// Whether all of them were ready at once, so that a later end is no failure to start.
    were_ready: watch::Sender<bool>,
}

impl Nodes {
    fn start(places: &[Place], session: &Session) -> Self {
        let (orders, were_ready) = (watch::Sender::new(Order::Run), watch::Sender::new(false));
        let mut tasks = JoinSet::new();
        for place in places {
            let child = Child {
                place: place.clone(),
                output: session.output,
                orders: orders.subscribe(),
                were_ready: were_ready.subscribe(),
            };
            tasks.spawn(child.keep());
        }
        Self {
            tasks,
            orders,
            were_ready,
        }
    }

    /// From now on a node that ends is started again.
    fn be_ready(&self) {
        self.were_ready.send_replace(true);
    }

    /// Waits until a node could not be started.
    async fn one_failed(&mut self) {
        while let Some(left) = self.tasks.join_next().await {
            if !matches!(left, Ok(Left::Stopped)) {
                return;
            }
        }
    }

    /// Waits until no node is left to be kept.
    async fn all_left(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Stops all of them. Whether they ended by themselves: not when that took too long, or a signal cut it short.
    async fn stop(
        mut self,
        session: &Session,
        interrupts: &mut Interrupts,
        patience: Duration,
    ) -> bool {
        if self.tasks.is_empty() {
            return true;
        }
        let output = &session.output;
        output.note(&output.language.node_stopping());
        self.orders.send_replace(Order::Stop);
        let ended = tokio::select! {
            biased;
            () = interrupts.next() => {
                output.note(&output.language.node_stopped_at_once());
                false
            }
            ended = timeout(patience, self.all_left()) => {
                if ended.is_err() {
                    output.note(&output.language.error(output.language.up_killed(patience.as_secs())));
                }
                ended.is_ok()
            }
        };
        if !ended {
            self.orders.send_replace(Order::Kill);
            self.all_left().await;
        }
        ended
    }
}
