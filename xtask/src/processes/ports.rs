//! Who listens on a port of this machine.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where [`any_free`] begins to look, and how many it tries: up to 29999, where Kubernetes' own node ports begin.
const ANY_MIN: u16 = 20_000;
const ANY_COUNT: u16 = 10_000;

/// The process behind a listening socket, as far as we may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub pid: u32,
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// True when nobody listens there. Asks the system itself by binding, so it is right on any of them.
pub fn is_free(address: &str, port: u16) -> bool {
    let address: Ipv4Addr = address.parse().unwrap_or(Ipv4Addr::LOCALHOST);
    TcpListener::bind((address, port)).is_ok()
}

/// A port of 127.0.0.1 that nobody uses now and that no other caller in this process is given.
///
/// Below the range from which Linux draws the ports of outgoing connections (32768 and up): one of those would
/// otherwise take it before the program that it is meant for listens there.
pub fn any_free() -> Option<u16> {
    static DRAWN: AtomicU16 = AtomicU16::new(0);
    // Processes that run at once begin at different places.
    let first = std::process::id() as u16;
    let mut tries = (0..ANY_COUNT)
        .map(|_| ANY_MIN + first.wrapping_add(DRAWN.fetch_add(1, Ordering::Relaxed)) % ANY_COUNT);
    tries.find(|port| is_free("127.0.0.1", *port))
}

/// Names the listener of a port; `None` where /proc does not say (macOS, another user's process).
pub fn owner(port: u16) -> Option<Owner> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let text: String = tables.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let inodes = listening_inodes(&text, port);
    if inodes.is_empty() {
        return None;
    }
    let wanted: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let processes = std::fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        holds_socket(&entry.path(), &wanted).then(|| Owner { pid, name: command_name(&entry.path()) })
    })
}

/// Inodes of the sockets that listen on `port` in the text of `/proc/net/tcp`.
pub fn listening_inodes(table: &str, port: u16) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let port = format!("{port:04X}");
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        (local_port == port && *fields.get(3)? == LISTEN).then(|| fields.get(9)?.parse().ok()).flatten()
    };
    table.lines().filter_map(inode).collect()
}

fn holds_socket(process: &Path, wanted: &[String]) -> bool {
    let Ok(descriptors) = std::fs::read_dir(process.join("fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        let link = std::fs::read_link(descriptor.path()).unwrap_or_default();
        wanted.iter().any(|name| link.as_os_str() == name.as_str())
    })
}

fn command_name(process: &Path) -> String {
    std::fs::read_to_string(process.join("comm"))
        .map_or_else(|_| "?".to_owned(), |text| text.trim().to_owned())
}
