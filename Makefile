# Thin: each target is one script or one cargo command. `make test` does all the set-up it needs.

.PHONY: test check fix build bench sim soak example-etl deny services

test:            ## everything that must hold: format, lints, docs, all tests (installs what it needs)
	scripts/test

check:           ## the read-only part of it, without running tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

fix:             ## format, and apply what clippy can fix by itself
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

build:           ## the release binary: target/release/peerflow
	cargo build --release

bench:           ## the rows of docs/performance.md, each beside its floor from the same run
	scripts/bench

SIM_SEEDS ?= 500
sim:             ## some minutes of simulated clusters, each under faults of its own seed: SIM_SEEDS=500
	PEERFLOW_COMMIT=$$(git describe --always --dirty 2>/dev/null || true) \
		cargo run --release -- simulate --seeds 1..$(SIM_SEEDS)

soak:            ## what takes longer than a test may: a hundred kills on either store, many random cases, 10,000 seeds
	scripts/soak

example-etl:     ## a day's load from file to mail (xmlconfig/example/etl), twice, and whether all of it is right
	scripts/example-etl

deny:            ## licences, banned crates, sources (needs cargo-deny)
	cargo deny check bans licenses sources

services:        ## only install and check what tests need
	scripts/services install
