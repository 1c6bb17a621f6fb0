//! The machine seam: what a node reads of the machine it runs on, beside its clocks.

use std::collections::BTreeSet;

/// What a node wants to know of its machine.
pub trait Machine: Send + Sync + std::fmt::Debug {
    /// Names and addresses that an action's `host` may use for it, as far as it knows them itself.
    fn hosts(&self) -> BTreeSet<String>;

    /// The load average of one minute for each core, in steps of 0.01; 0 where the system does not tell it.
    fn load_per_core(&self) -> f32;
}

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OwnMachine;

impl Machine for OwnMachine {
    fn hosts(&self) -> BTreeSet<String> {
        let full = nix::sys::utsname::uname()
            .map(|names| names.nodename().to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut hosts: BTreeSet<String> =
            ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        hosts.insert(crate::data_dir::host_name());
        hosts.insert(full);
        hosts.extend(interface_addresses());
        hosts.remove("");
        hosts
    }

    fn load_per_core(&self) -> f32 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let first = std::fs::read_to_string("/proc/loadavg")
            .ok()
            .and_then(|text| {
                text.split(' ')
                    .next()
                    .and_then(|load| load.parse::<f32>().ok())
            });
        let load = first.unwrap_or(0.0) / f32::from(u16::try_from(cores).unwrap_or(u16::MAX));
        (load * 100.0).round() / 100.0
    }
}

/// Addresses of the machine's network interfaces.
fn interface_addresses() -> BTreeSet<String> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else {
        return BTreeSet::new();
    };
    interfaces
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| v4.ip().to_string());
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().to_string()))
        })
        .collect()
}
