//! Messages on streams.

use std::time::Duration;

use peerflow_model::{Epoch, Incarnation};
use tokio::time::timeout;

use super::rig::*;
use super::samples;
use crate::codec::FrameError;
use crate::{
    AnswerMessage, AskAnswer, AskedMessage, Error, EventMessage, IncomingStream, Opening, Order,
    Pong, Receiver, Sender, Told,
};

fn control() -> Opening {
    Opening::Control {
        epoch: Epoch(3),
        master: "a".into(),
        incarnation: Incarnation(7),
    }
}

fn numbered(number: u64) -> Order {
    Order::Grant {
        number,
        lease: Duration::from_secs(60),
    }
}

async fn accept(pair: &Pair) -> (Opening, IncomingStream) {
    bounded(pair.accepted.accept()).await.unwrap()
}

/// A control stream: orders go there, reports come back.
async fn controlled(pair: &Pair) -> (Sender<Order>, Receiver<Told>, Sender<Told>, Receiver<Order>) {
    let (orders, reports) = pair.dialled.open(&control()).await.unwrap();
    let (opening, stream) = accept(pair).await;
    assert_eq!(opening, control());
    let (tells, ordered) = stream.typed();
    (orders, reports, tells, ordered)
}

#[tokio::test]
async fn orders_and_reports_cross() {
    let pair = pair().await;
    let (mut orders, mut reports, mut tells, mut ordered) = controlled(&pair).await;
    for order in samples::orders() {
        orders.send(&order).await.unwrap();
        assert_eq!(bounded(ordered.expect()).await.unwrap(), order);
    }
    for told in samples::tolds() {
        tells.send(&told).await.unwrap();
        assert_eq!(bounded(reports.expect()).await.unwrap(), told);
    }
    orders.finish().await.unwrap();
    bounded(orders.delivered()).await.unwrap();
    assert!(bounded(ordered.receive()).await.unwrap().is_none());
    drop(tells);
    assert!(bounded(reports.receive()).await.unwrap().is_none());
    let (a, b) = (pair.a.meters(), pair.b.meters());
    assert_eq!(
        (a.frames_sent, a.bytes_sent),
        (b.frames_received, b.bytes_received)
    );
    assert_eq!(
        (b.frames_sent, b.bytes_sent),
        (a.frames_received, a.bytes_received)
    );
}

#[tokio::test]
async fn either_side_asks_and_is_answered() {
    let pair = pair().await;
    let answer = AskAnswer::Answered(AnswerMessage::Done("drained".to_owned()));
    for (asker, asked) in [
        (&pair.dialled, &pair.accepted),
        (&pair.accepted, &pair.dialled),
    ] {
        let serve = async {
            let (opening, stream) = asked.accept().await.unwrap();
            let Opening::Ask { key, what } = opening else {
                panic!("{opening:?}");
            };
            assert_eq!(key.as_deref(), Some("once"));
            assert_eq!(
                *what,
                AskedMessage::Kill {
                    instance: "i".into()
                }
            );
            stream.answer(&answer).await.unwrap();
            let (opening, stream) = asked.accept().await.unwrap();
            assert_eq!(opening, Opening::Ping);
            stream.answer(&Pong).await.unwrap();
        };
        let ask = async {
            let what = AskedMessage::Kill {
                instance: "i".into(),
            };
            let got = asker.ask(Some("once".to_owned()), what).await.unwrap();
            assert_eq!(got, answer);
            asker.ping().await.unwrap();
        };
        bounded(futures::future::join(serve, ask)).await;
    }
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends_with_an_error() {
    let pair = pair().await;
    let ask = pair.dialled.ask(None, AskedMessage::Shutdown);
    let ignore = async { drop(accept(&pair).await) };
    let (answer, ()) = bounded(futures::future::join(ask, ignore)).await;
    let error = answer.unwrap_err();
    assert!(
        matches!(error, Error::NoAnswer | Error::Ended { .. }),
        "{error:?}"
    );

    let ask = pair.dialled.ask(None, AskedMessage::Shutdown);
    let leave = async { pair.accepted.close("gone for lunch") };
    let (answer, ()) = bounded(futures::future::join(ask, leave)).await;
    let text = answer.unwrap_err().to_string();
    assert!(text.contains("gone for lunch"), "{text}");
}

#[tokio::test]
async fn batches_arrive_whole_and_in_order() {
    const COUNT: u64 = 50_000;
    let pair = pair().await;
    let (mut orders, _reports, _tells, mut ordered) = controlled(&pair).await;
    let batch: Vec<_> = (0..COUNT).map(numbered).collect();
    let send = async {
        for piece in batch.chunks(1_777) {
            orders.send_all(piece).await.unwrap();
        }
        orders.finish().await.unwrap();
    };
    let receive = async {
        let mut next = 0;
        while let Some(order) = ordered.receive().await.unwrap() {
            assert_eq!(order, numbered(next));
            next += 1;
        }
        next
    };
    let ((), received) = bounded(futures::future::join(send, receive)).await;
    assert_eq!(received, COUNT);
}

#[tokio::test]
async fn readers_that_do_not_read_block_no_other_stream() {
    let pair = pair().await;
    let mut stuck = Vec::new();
    for _ in 0..30 {
        let (mut events, nothing) = pair
            .dialled
            .open::<EventMessage, Pong>(&Opening::Events)
            .await
            .unwrap();
        let large = samples::large_event(200_000);
        // Until the other side takes no more.
        while let Ok(sent) = timeout(Duration::from_millis(100), events.send(&large)).await {
            sent.unwrap();
        }
        stuck.push((events, nothing, accept(&pair).await));
    }
    let (mut orders, mut reports, mut tells, mut ordered) = controlled(&pair).await;
    for number in 0..100 {
        orders.send(&numbered(number)).await.unwrap();
        assert_eq!(bounded(ordered.expect()).await.unwrap(), numbered(number));
        tells.send(&Told::GrantRequest { number }).await.unwrap();
        bounded(reports.expect()).await.unwrap();
    }
    // What got stuck goes on once it is read, also past a send that was given up.
    let (mut events, _nothing, (_, stream)) = stuck.pop().unwrap();
    let (_, mut reader) = stream.typed::<Pong, EventMessage>();
    let finish = async {
        events.send(&samples::large_event(1)).await.unwrap();
        events.finish().await.unwrap();
    };
    let read = async {
        let mut last = None;
        while let Some(message) = reader.receive().await.unwrap() {
            last = Some(message);
        }
        last
    };
    let ((), last) = bounded(futures::future::join(finish, read)).await;
    assert_eq!(last, Some(samples::large_event(1)));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() {
    let mut a = config("a");
    a.limits.stall = Duration::from_millis(200);
    let pair = pair_of(a, config("b")).await;
    let (mut orders, _reports, _tells, mut ordered) = controlled(&pair).await;
    let batch: Vec<_> = (0..1_000_000).map(numbered).collect();
    let error = bounded(orders.send_all(&batch)).await.unwrap_err();
    assert!(matches!(error, Error::Stalled { .. }), "{error:?}");
    // The reader learns that what it has is not all.
    drop(orders);
    let end = loop {
        match bounded(ordered.receive()).await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a stream that broke off looks finished"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(end.contains("broke off within a message"), "{end}");
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_stream_goes_on() {
    let pair = pair().await;
    let (mut orders, _reports, _tells, mut ordered) = controlled(&pair).await;
    let order = samples::large_order;
    let batch = [numbered(1), order(17 * 1024 * 1024), numbered(2)];
    let error = orders.send_all(&batch).await.unwrap_err();
    assert!(
        matches!(error, Error::Frame(FrameError::Overgrown { .. })),
        "{error:?}"
    );
    assert_eq!(bounded(ordered.expect()).await.unwrap(), numbered(1));
    let large = order(15 * 1024 * 1024);
    let (sent, received) =
        bounded(futures::future::join(orders.send(&large), ordered.expect())).await;
    sent.unwrap();
    assert!(received.unwrap() == large);
    orders.send(&numbered(3)).await.unwrap();
    assert_eq!(bounded(ordered.expect()).await.unwrap(), numbered(3));
}

#[tokio::test]
async fn what_is_no_message_ends_its_stream_and_no_other() {
    let pair = pair().await;
    for (bytes, wanted) in [
        (b"\xff\xff\xff\xff\x01".to_vec(), "larger than the limit"),
        (b"\0\0\0\x02\x01\xc8".to_vec(), "is not an order"),
        (b"\0\0\0\x02\x63\x04".to_vec(), "version 99 of the protocol"),
        (b"\0\0\0\0".to_vec(), "without content"),
        (
            b"\0\0\0\x06\x01\x03\x01\0\0\0".to_vec(),
            "do not belong to it",
        ),
        (b"\0\0\0\x64\x01\x04".to_vec(), "broke off after 6 bytes"),
    ] {
        let (mut send, mut receive) = pair.dialled.quic().open_bi().await.unwrap();
        let mut opening = bytes::BytesMut::new();
        crate::codec::encode(crate::Version(1), &control(), &mut opening).unwrap();
        send.write_all(&opening).await.unwrap();
        send.write_all(&bytes).await.unwrap();
        send.finish().unwrap();
        let (_, stream) = accept(&pair).await;
        let (_tells, mut ordered) = stream.typed::<Told, Order>();
        let error = bounded(ordered.receive()).await.unwrap_err();
        assert!(matches!(error, Error::Frame(_)), "{error:?}");
        assert!(error.to_string().contains(wanted), "{error}");
        // It stays over.
        assert!(!matches!(bounded(ordered.receive()).await, Ok(Some(_))));
        drop((ordered, _tells));
        drop(bounded(receive.read_to_end(0)).await);
    }
    assert_eq!(pair.b.meters().broken_streams, 6);
    controlled(&pair).await;
}

#[tokio::test]
async fn an_opening_that_does_not_come_or_makes_no_sense_holds_up_no_other() {
    let mut b = config("b");
    b.limits.opening = 2 * BOUND;
    let pair = pair_of(config("a"), b).await;
    let (mut slow, _slow_answer) = pair.dialled.quic().open_bi().await.unwrap();
    slow.write_all(b"\0\0").await.unwrap();
    let (mut wrong, mut wrong_answer) = pair.dialled.quic().open_bi().await.unwrap();
    wrong.write_all(b"\0\0\0\x02\x01\x63").await.unwrap();
    controlled(&pair).await;
    let error = bounded(wrong_answer.read_to_end(9)).await.unwrap_err();
    assert_eq!(error, reset_with(2));
}

#[tokio::test]
async fn a_stream_on_which_nothing_comes_is_given_up() {
    let mut b = config("b");
    b.limits.opening = Duration::from_millis(300);
    let pair = pair_of(config("a"), b).await;
    let (mut slow, mut answer) = pair.dialled.quic().open_bi().await.unwrap();
    slow.write_all(b"\0\0").await.unwrap();
    let error = bounded(answer.read_to_end(9)).await.unwrap_err();
    assert_eq!(error, reset_with(3));
    controlled(&pair).await;
}

fn reset_with(code: u32) -> quinn::ReadToEndError {
    quinn::ReadToEndError::Read(quinn::ReadError::Reset(code.into()))
}

#[tokio::test]
async fn a_peer_has_only_so_many_streams() {
    let mut b = config("b");
    // The greeting took one, and gave it back.
    b.limits.streams = 2;
    let mut a = config("a");
    a.limits.opening = Duration::from_millis(300);
    let pair = pair_of(a, b).await;
    let first = pair
        .dialled
        .open::<Order, EventMessage>(&Opening::Events)
        .await
        .unwrap();
    let second = pair
        .dialled
        .open::<Order, EventMessage>(&Opening::Events)
        .await
        .unwrap();
    let third = pair
        .dialled
        .open::<Order, EventMessage>(&Opening::Events)
        .await;
    assert!(matches!(third, Err(Error::TooManyStreams)), "{third:?}");
    drop((first, second));
    for _ in 0..2 {
        let (_, stream) = accept(&pair).await;
        drop(stream);
    }
    let wait = async {
        while pair
            .dialled
            .open::<Order, EventMessage>(&Opening::Events)
            .await
            .is_err()
        {}
    };
    bounded(wait).await;
}

#[tokio::test]
async fn whoever_sends_learns_that_nobody_reads_any_more() {
    let pair = pair().await;
    let (orders, reports) = pair
        .dialled
        .open::<Order, EventMessage>(&Opening::Events)
        .await
        .unwrap();
    let (_, stream) = accept(&pair).await;
    let (events, _orders) = stream.typed::<EventMessage, Order>();
    let stopped = events.stopped();
    drop((orders, reports));
    bounded(stopped).await;
}

#[tokio::test]
async fn a_receive_that_is_given_up_loses_nothing() {
    let pair = pair().await;
    let (mut orders, _reports, _tells, mut ordered) = controlled(&pair).await;
    let large = samples::large_order(300_000);
    let send = async {
        for _ in 0..20 {
            orders.send(&large).await.unwrap();
        }
        orders.finish().await.unwrap();
    };
    let receive = async {
        let mut received = 0;
        loop {
            // Polled once and dropped, again and again.
            match futures::FutureExt::now_or_never(ordered.receive()) {
                None => tokio::task::yield_now().await,
                Some(Ok(Some(order))) => {
                    assert!(order == large);
                    received += 1;
                }
                Some(Ok(None)) => return received,
                Some(Err(error)) => panic!("{error}"),
            }
        }
    };
    let ((), received) = bounded(futures::future::join(send, receive)).await;
    assert_eq!(received, 20);
}
