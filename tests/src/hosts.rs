//! Hosts that can be cut from each other: network namespaces on one bridge of this machine.
//!
//! What a host sends and what it receives is dropped silently where it enters the other side, as by a broken cable: the
//! sender sees no error. The store is reached through a relay at the bridge's own address.

mod relay;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use relay::Relay;

/// Networks of 16 addresses within 198.18.0.0/15, which is set aside for tests.
const NETWORKS: u32 = 8192;
/// The most hosts that one of them has room for.
const MOST: usize = 13;
const STORE_PORT: u16 = 3306;

/// Some hosts. All that was made for them is removed when this is dropped.
#[derive(Debug)]
pub struct Hosts {
    /// Of the bridge; others begin with it.
    name: String,
    /// The first address of the network.
    network: u32,
    count: usize,
    store: Relay,
}

/// What a host is cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// All other hosts.
    Peers,
    /// The database.
    Store,
    /// Both.
    Both,
}

/// Which way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What the host sends does not arrive.
    Out,
    /// What is sent to the host does not arrive.
    In,
    /// Neither.
    Both,
}

/// One cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub from: Side,
    pub way: Way,
    /// How much of it is dropped.
    pub percent: u8,
}

impl Cut {
    /// From everything, both ways. The test itself reaches the host all the same.
    pub const WHOLE: Self = Self {
        from: Side::Both,
        way: Way::Both,
        percent: 100,
    };

    /// Both ways.
    pub fn off(from: Side) -> Self {
        Self {
            from,
            ..Self::WHOLE
        }
    }
}

impl Hosts {
    /// Whether this machine lets us make hosts: that needs root, iproute2 and nftables. Where it does not, says why.
    ///
    /// # Panics
    /// When it does not, and `CI` is set: there, tests must not be left out.
    pub fn are_possible() -> bool {
        let name = format!("pf{:x}.t", std::process::id());
        let tried = try_ip(&["netns", "add", &name])
            .and_then(|()| try_ip(&["netns", "del", &name]))
            .and_then(|()| attempt(Command::new("nft").args(["list", "tables", "netdev"])));
        let Err(reason) = tried else {
            return true;
        };
        let what = format!(
            "hosts cannot be cut from each other here: {reason}; this needs root, iproute2 and nftables"
        );
        assert!(std::env::var_os("CI").is_none(), "{what}");
        eprintln!("not tested: {what}");
        false
    }

    /// So many hosts that reach each other, and a database server at `store` (`HOST:PORT`).
    ///
    /// # Panics
    /// When they cannot be made.
    pub fn new(count: usize, store: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        assert!(count <= MOST, "no more than {MOST} hosts");
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("pf{:x}.{made}", std::process::id());
        let number = free_network(std::process::id().wrapping_add(made * 1009));
        let network = u32::from_be_bytes([198, 18, 0, 0]) + number * 16;
        ip(&["link", "add", &name, "type", "bridge"]);
        let bridge = dotted(network + 1);
        ip(&["addr", "add", &format!("{bridge}/28"), "dev", &name]);
        ip(&["link", "set", &name, "up"]);
        let hosts = Self {
            store: Relay::start(&format!("{bridge}:{STORE_PORT}"), store),
            name,
            network,
            count,
        };
        for at in 0..count {
            hosts.plug_in(at);
        }
        hosts
    }

    fn plug_in(&self, at: usize) {
        let host = self.host(at);
        let address = format!("{}/28", self.address(at));
        ip(&["netns", "add", &host]);
        ip(&[
            "link", "add", &host, "type", "veth", "peer", "name", "eth0", "netns", &host,
        ]);
        ip(&["link", "set", &host, "master", &self.name, "up"]);
        ip(&["-n", &host, "addr", "add", &address, "dev", "eth0"]);
        ip(&["-n", &host, "link", "set", "eth0", "up"]);
        ip(&["-n", &host, "link", "set", "lo", "up"]);
    }

    /// The name of a host's network namespace, and of the bridge's end of its cable.
    pub fn host(&self, at: usize) -> String {
        format!("{}-{at}", self.name)
    }

    /// A host's address.
    pub fn address(&self, at: usize) -> String {
        let offset = u32::try_from(at).expect("few hosts") + 2;
        dotted(self.network + offset)
    }

    /// Where hosts reach the database server, `HOST:PORT`.
    pub fn store(&self) -> &str {
        self.store.address()
    }

    /// Cuts a host off, in place of all cuts before.
    pub fn cut(&self, at: usize, cuts: &[Cut]) {
        self.heal(at);
        let rules = |way: Way| -> String {
            let of_way = cuts
                .iter()
                .filter(|cut| cut.way == way || cut.way == Way::Both);
            of_way.map(|cut| self.rules(*cut, way)).collect()
        };
        let host = self.host(at);
        // What the host sends comes in at the bridge's end of its cable, what it receives at its own.
        filter(None, &host, &host, &rules(Way::Out));
        filter(Some(&host), &host, "eth0", &rules(Way::In));
    }

    /// Ends all cuts of a host.
    pub fn heal(&self, at: usize) {
        let host = self.host(at);
        filter(None, &host, &host, "");
        filter(Some(&host), &host, "eth0", "");
    }

    fn rules(&self, cut: Cut, way: Way) -> String {
        let (other, port) = match way {
            Way::Out => ("daddr", "dport"),
            Way::In | Way::Both => ("saddr", "sport"),
        };
        let chance = match cut.percent {
            100.. => String::new(),
            percent => format!(" numgen random mod 100 < {percent}"),
        };
        let peers = format!(
            "ip {other} {}-{}{chance} drop\n",
            dotted(self.network + 2),
            dotted(self.network + 14)
        );
        let store = format!(
            "ip {other} {} tcp {port} {STORE_PORT}{chance} drop\n",
            dotted(self.network + 1)
        );
        match cut.from {
            Side::Peers => peers,
            Side::Store => store,
            Side::Both => peers + &store,
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // While its address is there.
        self.store.close();
        for at in 0..self.count {
            let host = self.host(at);
            // Each is removed, also where another could not be. A namespace takes its own filters with it.
            drop(try_filter(
                None,
                &format!("delete table netdev {}\n", table(&host)),
            ));
            drop(try_ip(&["link", "del", &host]));
            drop(try_ip(&["netns", "del", &host]));
        }
        drop(try_ip(&["link", "del", &self.name]));
    }
}

/// A network that no device of this machine is in.
fn free_network(first: u32) -> u32 {
    let output = Command::new("ip").args(["-o", "addr"]).output();
    let taken = output.expect("iproute2 is installed").stdout;
    let taken = String::from_utf8_lossy(&taken);
    let mut numbers = (0..NETWORKS).map(|step| (first % NETWORKS + step) % NETWORKS);
    let free = numbers.find(|number| {
        let bridge = dotted(u32::from_be_bytes([198, 18, 0, 0]) + number * 16 + 1);
        !taken.contains(&format!(" {bridge}/"))
    });
    free.expect("one of many networks is free")
}

fn dotted(address: u32) -> String {
    std::net::Ipv4Addr::from(address).to_string()
}

/// Drops by `rules` what comes in at `device`, in place of what was dropped there before.
fn filter(host: Option<&str>, name: &str, device: &str, rules: &str) {
    let table = table(name);
    // Named twice, so that it may be deleted whether it was there or not.
    let mut script = format!("table netdev {table}\ndelete table netdev {table}\n");
    if !rules.is_empty() {
        script += &format!(
            "table netdev {table} {{\nchain drops {{\n\
             type filter hook ingress device \"{device}\" priority 0;\n{rules}}}\n}}\n"
        );
    }
    if let Err(reason) = try_filter(host, &script) {
        panic!("{script}: {reason}");
    }
}

fn table(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

fn try_filter(host: Option<&str>, script: &str) -> Result<(), String> {
    let mut command = match host {
        Some(host) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", host, "nft"]);
            command
        }
        None => Command::new("nft"),
    };
    let spawned = command
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.map_err(|error| format!("nft: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // It says itself what is wrong when it reads no further.
        drop(stdin.write_all(script.as_bytes()));
    }
    let output = child.wait_with_output();
    let output = output.map_err(|error| format!("nft: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

fn ip(arguments: &[&str]) {
    if let Err(reason) = try_ip(arguments) {
        panic!("{reason}");
    }
}

fn try_ip(arguments: &[&str]) -> Result<(), String> {
    attempt(Command::new("ip").args(arguments))
}

fn attempt(command: &mut Command) -> Result<(), String> {
    let output = command.output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", said.trim()))
}
