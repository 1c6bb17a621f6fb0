use std::collections::HashSet;
use std::thread::JoinHandle;

use rand::TryRngCore;
use rand::rngs::OsRng;

use super::{PinError, check, fingerprint, on_pinned_thread, runtime};

/// The order of a set of a hundred, and what a crate draws from the system.
fn order_and_draw() -> (Vec<u32>, u64) {
    let set: HashSet<u32> = (0..100).collect();
    (set.into_iter().collect(), OsRng.try_next_u64().unwrap())
}

/// Which of three ready branches tokio takes, in three runtimes that are entered in turn.
fn choices(seed: u64) -> Vec<u8> {
    let runtimes = [0, 1, 2].map(|node| runtime(seed + node).unwrap());
    let turns = (0..32).flat_map(|_| &runtimes);
    turns
        .map(|runtime| {
            runtime.block_on(async {
                tokio::select! {
                    () = async {} => 0,
                    () = async {} => 1,
                    () = async {} => 2,
                }
            })
        })
        .collect()
}

fn done<T>(thread: Result<JoinHandle<T>, PinError>) -> T {
    thread.unwrap().join().unwrap()
}

#[cfg(all(target_os = "linux", tokio_unstable))]
mod where_runs_can_be_repeated {
    use std::thread;

    use super::super::getrandom::drawn;
    use super::*;

    #[test]
    fn order_and_draws_follow_from_the_seed() {
        let run = |seed| done(on_pinned_thread("run", seed, order_and_draw));
        let (order, draw) = run(1);
        for _ in 0..20 {
            assert_eq!(run(1), (order.clone(), draw));
        }
        assert_ne!(run(2).0, order);
        assert_ne!(run(2).1, draw);
    }

    #[test]
    fn the_choice_between_ready_branches_follows_from_the_seed() {
        let run = |seed| done(on_pinned_thread("run", 7, move || choices(seed)));
        let first = run(1);
        assert_eq!(HashSet::<u8>::from_iter(first.clone()).len(), 3);
        assert_eq!(run(1), first);
        assert_ne!(run(100), first);
    }

    #[test]
    fn runs_beside_each_other_do_not_disturb_each_other() {
        let run = |seed| {
            on_pinned_thread("run", seed, move || {
                (order_and_draw(), choices(seed), fingerprint())
            })
        };
        let alone: Vec<_> = (0..8).map(|seed| done(run(seed))).collect();
        let threads: Vec<_> = (0..8).map(run).collect();
        let beside: Vec<_> = threads.into_iter().map(done).collect();
        assert_eq!(beside, alone);
    }

    #[test]
    fn threads_without_a_seed_stay_random_also_those_that_a_run_starts() {
        let (one, other) = done(on_pinned_thread("run", 1, || {
            let [one, other] = [(), ()].map(|()| thread::spawn(order_and_draw));
            (one.join().unwrap(), other.join().unwrap())
        }));
        let outside = thread::spawn(order_and_draw).join().unwrap();
        assert_ne!(one.0, other.0);
        let draws = HashSet::from([one.1, other.1, outside.1]);
        assert_eq!(draws.len(), 3);
    }

    #[test]
    fn a_thread_knows_whether_it_is_pinned() {
        let (checked, print) = thread::spawn(|| (check(), fingerprint())).join().unwrap();
        assert!(matches!(checked, Err(PinError::NotPinned)));
        assert_eq!(print, None);
        done(on_pinned_thread("run", 1, check)).unwrap();
    }

    #[test]
    fn asking_whether_a_thread_is_pinned_draws_nothing() {
        let counts = done(on_pinned_thread("run", 1, || {
            let before = drawn();
            check().unwrap();
            let between = drawn();
            order_and_draw();
            (before, between, drawn())
        }));
        assert_eq!(counts, (Some(0), Some(0), Some(16 + 8)));
    }

    #[test]
    fn the_fingerprint_tells_of_one_map_or_one_draw_more() {
        let after = |work: fn()| {
            done(on_pinned_thread("run", 1, move || {
                work();
                fingerprint()
            }))
        };
        let nothing = after(|| ());
        assert_eq!(after(|| ()), nothing);
        assert_ne!(after(|| drop(HashSet::from([1]))), nothing);
        let draw = || assert!(OsRng.try_next_u32().is_ok());
        assert_ne!(after(draw), nothing);
    }

    #[test]
    fn a_name_that_no_thread_can_have_does_no_harm() {
        let name = done(on_pinned_thread("seed\0 1", 1, || {
            thread::current().name().map(str::to_owned)
        }));
        assert_eq!(name.as_deref(), Some("seed 1"));
    }

    #[test]
    fn a_runtime_waits_in_virtual_time() {
        let hour = std::time::Duration::from_secs(3600);
        let waited = runtime(1).unwrap().block_on(async move {
            let begin = tokio::time::Instant::now();
            tokio::time::sleep(hour).await;
            begin.elapsed()
        });
        assert_eq!(waited, hour);
    }
}

#[cfg(all(target_os = "linux", not(tokio_unstable)))]
#[test]
fn without_tokio_unstable_nothing_is_run_and_the_error_says_so() {
    let refused = on_pinned_thread("run", 1, || (order_and_draw(), choices(1)));
    let Err(error) = refused.map(|thread| done(Ok(thread))) else {
        panic!("ran");
    };
    assert!(error.to_string().contains("--cfg tokio_unstable"));
    assert!(matches!(runtime(1), Err(PinError::Tokio)));
    assert!(matches!(check(), Err(PinError::Tokio)));
    assert_eq!(fingerprint(), None);
}

#[cfg(not(target_os = "linux"))]
#[test]
fn elsewhere_nothing_is_run_and_the_error_says_so() {
    let refused = on_pinned_thread("run", 1, || (order_and_draw(), choices(1)));
    assert!(refused.map(|thread| done(Ok(thread))).is_err());
    assert!(check().is_err());
    assert_eq!(fingerprint(), None);
}
