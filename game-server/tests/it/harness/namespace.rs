//! Public addresses on this machine: a test runs itself again in a network namespace of its own.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use crate::harness::process::command;

/// Set for the run inside.
const INSIDE: &str = "GAME_TEST_NAMESPACE";
/// Every address of these belongs to the loopback device inside.
const SETUP: &str = "ip link set lo up && ip route add local 203.0.113.0/24 dev lo && exec \"$0\" \"$@\"";

/// Where the clients of a run connect from, and where the server listens.
#[derive(Debug, Clone, Copy)]
pub struct Net {
    pub public: bool,
}

impl Net {
    /// One client, or many: the first so many addresses.
    pub fn client(self, number: usize) -> IpAddr {
        let number = (number % 200 + 1) as u8;
        let address = if self.public { [203, 0, 113, number] } else { [127, 0, 0, number] };
        IpAddr::V4(Ipv4Addr::from(address))
    }
}

/// Runs a test twice: from private addresses here, and from public ones in a namespace, where this machine lets it.
///
/// `name` is the path of the test below the crate, as the test harness calls it.
pub async fn twice(name: &str, test: impl AsyncFn(Net)) {
    if std::env::var_os(INSIDE).is_some() {
        return test(Net { public: true }).await;
    }
    test(Net { public: false }).await;
    let possible = command("unshare").args(["--net", "true"]).output();
    if !possible.as_ref().is_ok_and(|output| output.status.success()) {
        // A skip has to be seen.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {name} from public addresses, a namespace needs root: {possible:?}"
        );
        return;
    }
    let own = std::env::current_exe().expect("this program has a path");
    let run = command("unshare")
        .args(["--net", "sh", "-c", SETUP])
        .arg(own)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare");
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    writeln!(std::io::stdout(), "--- {name} from public addresses\n{said}").expect("stdout");
    assert!(run.status.success() && said.contains("1 passed"), "from public addresses: {said}");
}
