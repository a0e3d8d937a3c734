//! The ports that players and the API need.

use crate::docker::cluster::CLUSTER_LABEL;
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Profile, Rule};
use crate::processes::ports::listening_inodes;

const API_PORT: u16 = 6443;
/// macOS answers there itself (AirPlay).
const AIRPLAY: [u16; 2] = [5000, 7000];

pub const FAMILY: Family = Family {
    title: "Ports",
    section: "ports",
    about: "Everything listens on 127.0.0.1 unless you say `--lan`. `--port N` takes another port than 8080.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("port-in-use", "the players' port is taken")
        .check([Warn, Fail, Fail], in_use)
        .cause("Players join there, and only one program can listen.")
        .fix("end it, or use another port: --port {other}"),
    Rule::new("port-privileged", "the port belongs to root")
        .check([Silent, Silent, Fail], port_privileged)
        .cause("Programs of ordinary users may not listen at low ports.")
        .fix("--port 8080"),
    Rule::new("port-rootless", "a rootless engine cannot publish this port")
        .check([Silent, Fail, Silent], port_rootless)
        .cause("It runs as an ordinary user, and they may not listen at low ports.")
        .fix("--port 8080, or sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80")
        .log(
            r"cannot expose privileged port (?P<port>\d+)",
            "Error response from daemon: driver failed programming external connectivity: error while calling PortManager.AddPort(): cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf",
        )
        .certain(),
    Rule::new("macos-airplay", "macOS uses this port itself")
        .check([Silent, Warn, Warn], macos_airplay)
        .cause("The AirPlay receiver listens at 5000 and 7000.")
        .fix("--port 8080, or System Settings > General > AirDrop & Handoff > AirPlay Receiver: off"),
    Rule::new("api-port-in-use", "somebody listens at the port of a native k3s")
        .check([Fail, Silent, Silent], api_port_in_use)
        .cause("A native k3s wants 6443 for its API.")
        .fix("sudo ss -ltnp 'sport = :6443', end it, or --https-listen-port"),
    Rule::new("native-k3s-running", "a k3s of the system runs here as well")
        .check([Info, Info, Info], native_k3s_running)
        .cause("It holds 6443 and, through its load balancer, 80 and 443; clusters of k3d are beside it and not part of it.")
        .fix("nothing, or: sudo systemctl disable --now k3s"),
    Rule::new("lan-open", "other machines of the network can join")
        .check([Info, Info, Info], |machine| machine.needs.lan.then(|| Found::new("--lan binds 0.0.0.0")))
        .cause("Everybody who reaches this machine reaches the game.")
        .fix("nothing, or leave out --lan"),
];

fn port_privileged(machine: &Machine) -> Option<Found> {
    let first = machine.number("/proc/sys/net/ipv4/ip_unprivileged_port_start")?;
    let port = machine.needs.port;
    (!machine.is_root && u64::from(port) < first)
        .then(|| Found::new(format!("port {port}; this user may have {first} and above")))
}

fn port_rootless(machine: &Machine) -> Option<Found> {
    machine.engine().filter(|engine| engine.is_rootless())?;
    let first = machine.number("/proc/sys/net/ipv4/ip_unprivileged_port_start")?;
    let port = machine.needs.port;
    (u64::from(port) < first)
        .then(|| Found::new(format!("port {port}; rootless engines may have {first} and above")))
}

fn macos_airplay(machine: &Machine) -> Option<Found> {
    let port = machine.needs.port;
    (machine.os == "macos" && AIRPLAY.contains(&port)).then(|| Found::new(format!("port {port}")))
}

fn api_port_in_use(machine: &Machine) -> Option<Found> {
    (listens(machine, API_PORT) && !machine.has("k3s"))
        .then(|| Found::new("port 6443 is taken, and k3s is not installed"))
}

fn native_k3s_running(machine: &Machine) -> Option<Found> {
    (machine.exists("/etc/systemd/system/k3s.service") && listens(machine, API_PORT))
        .then(|| Found::new("k3s.service is installed, and port 6443 is served"))
}

fn in_use(machine: &Machine) -> Option<Found> {
    let port = machine.needs.port;
    if machine.needs.own_ports.contains(&port) {
        return None;
    }
    let holder = container(machine).or_else(|| machine.port_holder.clone())?;
    let next = port.checked_add(1).unwrap_or(8080);
    Some(Found::new(format!("port {port} is taken by {holder}")).with("other", next).with("port", port))
}

/// The running container that publishes the port, unless it is one of our own cluster's.
fn container(machine: &Machine) -> Option<String> {
    let running = machine.engine()?.containers.iter().filter(|one| one.is_running());
    let mut holding = running.filter(|one| one.ports.iter().any(|held| held.host_port == machine.needs.port));
    let ours = |label: Option<&String>| {
        machine.needs.profile == Profile::K3d && label == Some(&machine.needs.cluster)
    };
    let holder = holding.find(|one| !ours(one.labels.get(CLUSTER_LABEL)))?;
    Some(format!("the container {}", holder.name))
}

/// True when /proc/net/tcp or tcp6 has a listener at the port.
pub fn listens(machine: &Machine, port: u16) -> bool {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .any(|table| !listening_inodes(machine.file(table), port).is_empty())
}
