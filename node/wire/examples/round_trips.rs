//! How many orders and reports a control stream carries: `cargo run --release -p peerflow-wire --example round_trips`.
//!
//! Two peers on the loopback of one machine, orders of about 300 bytes, each answered by a report. "in flight" is how many
//! orders are sent before the first answer is waited for; both sides send what is ready in one write.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use peerflow_model::{AttemptId, Epoch, Incarnation, NodeId, RunId, VisitId};
use peerflow_wire::{
    ClusterSecret, ClusterTls, Connection, Endpoint, EndpointConfig, Limits, Opening, Order,
    Receiver, ReportMessage, Sender, Told,
};
use tokio::time::Instant;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const ROUND_TRIPS: usize = 200_000;

#[tokio::main]
async fn main() -> Outcome {
    let secret = ClusterSecret::generate()?;
    let (a, b) = (endpoint(&secret, "a")?, endpoint(&secret, "b")?);
    let before = Instant::now();
    let master = a.connect(&"b".into(), b.local_addr()?).await?;
    println!(
        "connect and greet: {:.1} ms",
        before.elapsed().as_secs_f64() * 1e3
    );
    let worker = b.accept().await.ok_or("closed")?;
    let serving = tokio::task::JoinSet::from_iter([serve(worker)]);
    for in_flight in [1, 16, 64, 256, 1024] {
        let round_trips = if in_flight == 1 {
            ROUND_TRIPS / 10
        } else {
            ROUND_TRIPS
        };
        let before = Instant::now();
        drive(&master, in_flight, round_trips).await?;
        let seconds = before.elapsed().as_secs_f64();
        let per_second = round_trips as f64 / seconds;
        println!("{in_flight:5} in flight: {per_second:9.0} round trips/s");
    }
    drop(serving);
    a.close().await;
    b.close().await;
    Ok(())
}

fn endpoint(secret: &ClusterSecret, node: &str) -> Outcome<Endpoint> {
    let node = NodeId::from(node);
    Ok(Endpoint::bind(EndpointConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: ClusterTls::new(secret, "bench", &node)?,
        node,
        incarnation: Incarnation(1),
        program_version: "0.1.0".to_owned(),
        cluster: "bench".to_owned(),
        epoch: Arc::new(|| Epoch(1)),
        limits: Limits::default(),
    })?)
}

async fn drive(master: &Connection, in_flight: usize, round_trips: usize) -> Outcome {
    let opening = Opening::Control {
        epoch: Epoch(1),
        master: "a".into(),
        incarnation: Incarnation(1),
    };
    let (mut orders, mut reports): (Sender<Order>, Receiver<Told>) = master.open(&opening).await?;
    let order = Order::Kill {
        attempt: attempt(),
        reason: "x".repeat(240),
    };
    let (mut sent, mut answered) = (0, 0);
    while answered < round_trips {
        let room = (in_flight - (sent - answered)).min(round_trips - sent);
        orders.send_all(std::iter::repeat_n(&order, room)).await?;
        sent += room;
        reports.expect().await?;
        answered += 1;
        while reports.take()?.is_some() {
            answered += 1;
        }
    }
    orders.finish().await?;
    Ok(())
}

/// Answers each order with a report, all that came together in one write.
async fn serve(worker: Connection) -> Outcome {
    loop {
        let (_, stream) = worker.accept().await?;
        let (mut reports, mut orders) = stream.typed::<Told, Order>();
        while let Some(order) = orders.receive().await? {
            let mut batch = vec![answer(order)];
            while let Some(order) = orders.take()? {
                batch.push(answer(order));
            }
            reports.send_all(&batch).await?;
        }
    }
}

fn answer(order: Order) -> Told {
    let attempt = match order {
        Order::Kill { attempt, .. } | Order::Acknowledge { attempt } => attempt,
        Order::Dispatch(dispatch) => dispatch.attempt,
        Order::Grant { .. } => attempt(),
    };
    Told::Report {
        attempt,
        node: "b".into(),
        incarnation: Incarnation(1),
        report: ReportMessage::Refused {
            reason: "x".repeat(200),
        },
    }
}

fn attempt() -> AttemptId {
    AttemptId {
        visit: VisitId {
            run: RunId {
                instance: "0h4k9a2b1c3d5e7f".into(),
                run: 1,
            },
            step: "load".into(),
            visit: 1,
        },
        attempt: 1,
    }
}
