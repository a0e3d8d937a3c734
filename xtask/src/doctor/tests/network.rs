//! Network and ports.

use super::*;
use crate::doctor::rule::Profile::{K3d, Local, NativeK3s};
use crate::doctor::rules::network;

pub fn cases() -> Vec<Case> {
    [NETWORKS, PORTS].concat()
}

const NETWORKS: &[Case] = &[
    on(
        K3d,
        linux,
        "dns-no-nameserver",
        |m| set(m, "/etc/resolv.conf", "# empty\nsearch example.com\n"),
        |m| {
            set(m, "/etc/resolv.conf", "search example.com\n nameserver 192.0.2.1\n");
        },
    ),
    on(K3d, linux, "dns-no-nameserver", |m| gone(m, "/etc/resolv.conf"), |_| {}),
    on(
        K3d,
        linux,
        "public-name-unresolved",
        |m| slow(m).lookup_error = Some("no answer within 700 ms".to_owned()),
        |m| m.slow = None,
    ),
    on(
        K3d,
        linux,
        "proxy-env",
        |m| {
            variable(m, "HTTPS_PROXY", "http://proxy.example:3128");
            variable(m, "NO_PROXY", "localhost, 127.0.0.1");
        },
        |m| {
            variable(m, "HTTPS_PROXY", "http://proxy.example:3128");
            variable(m, "no_proxy", "127.0.0.1,localhost,10.42.0.0/16,10.43.0.0/16,.svc,.cluster.local");
        },
    ),
    on(
        K3d,
        linux,
        "proxy-loopback",
        |m| variable(m, "http_proxy", "http://user:word@127.0.0.1:3128"),
        |m| {
            variable(m, "http_proxy", "http://192.0.2.9:3128");
        },
    ),
    on(
        K3d,
        macos,
        "proxy-of-engine",
        |m| engine(m).http_proxy = "http://127.0.0.1:3128".to_owned(),
        |m| engine(m).http_proxy = "http.docker.internal:3128".to_owned(),
    ),
    on(
        K3d,
        linux,
        "vpn-subnet-overlap",
        |m| set(m, "/proc/net/route", fixture!("route_vpn.txt")),
        |m| {
            set(m, "/proc/net/route", fixture!("route.txt"));
        },
    ),
    on(
        K3d,
        linux,
        "docker-subnet-overlap",
        |m| set(m, "/proc/net/route", fixture!("route_vpn.txt")),
        |m| {
            set(m, "/proc/net/route", fixture!("route_vpn_broad.txt"));
        },
    ),
    on(
        K3d,
        linux,
        "docker-subnet-exhausted",
        |m| engine(m).networks = bridges(28),
        |m| engine(m).networks = bridges(27),
    ),
    on(
        K3d,
        linux,
        "vpn-mtu",
        |m| m.mtus.extend([("wg0".to_owned(), 1420)]),
        |m| {
            m.mtus.insert("tun0".to_owned(), 1500);
            m.mtus.insert("eth1".to_owned(), 1400);
        },
    ),
    on(
        K3d,
        linux,
        "k3d-dns-fix",
        |m| variable(m, "K3D_FIX_DNS", "0"),
        |m| variable(m, "K3D_FIX_CGROUPV2", "1"),
    ),
    on(K3d, linux, "firewalld", |m| there(m, "/run/firewalld.pid"), |_| {}),
    on(
        K3d,
        linux,
        "firewall-blocks-bridge",
        |m| set(m, "/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n"),
        |m| {
            set(m, "/etc/ufw/ufw.conf", "ENABLED=no\n");
        },
    ),
];

fn bridges(count: usize) -> Vec<crate::docker::probe::Network> {
    let network = |index| crate::docker::probe::Network {
        name: format!("n{index}"),
        driver: "bridge".to_owned(),
        subnets: vec![format!("172.{index}.0.0/16")],
    };
    (0..count).map(network).collect()
}

const PORTS: &[Case] = &[
    on(
        Local,
        linux,
        "port-in-use",
        |m| m.port_holder = Some("node (pid 41)".to_owned()),
        |m| {
            m.port_holder = Some("game-server (pid 41)".to_owned());
            m.needs.own_ports = vec![8080];
        },
    ),
    on(
        K3d,
        linux,
        "port-in-use",
        |m| {
            let mut web = node("web", "", "running", &[(8080, 80)]);
            web.labels.clear();
            engine(m).containers = vec![web];
        },
        |m| {
            let mut web = node("web", "", "exited", &[(8080, 80)]);
            web.labels.clear();
            engine(m).containers =
                vec![web, node("k3d-k3s-local-serverlb", "loadbalancer", "running", &[(8080, 80)])];
        },
    ),
    on(
        Local,
        linux,
        "port-privileged",
        |m| m.needs.port = 80,
        |m| {
            m.needs.port = 80;
            m.is_root = true;
        },
    ),
    on(K3d, rootless, "port-rootless", |m| m.needs.port = 443, |m| m.needs.port = 1024),
    on(Local, macos, "macos-airplay", |m| m.needs.port = 5000, |m| m.needs.port = 5001),
    on(
        NativeK3s,
        linux,
        "api-port-in-use",
        |m| set(m, "/proc/net/tcp", fixture!("tcp.txt")),
        |m| {
            set(m, "/proc/net/tcp", fixture!("tcp_without_api.txt"));
        },
    ),
    on(
        K3d,
        linux,
        "native-k3s-running",
        |m| {
            set(m, "/proc/net/tcp6", fixture!("tcp.txt"));
            there(m, "/etc/systemd/system/k3s.service");
        },
        |m| there(m, "/etc/systemd/system/k3s.service"),
    ),
    on(Local, linux, "lan-open", |m| m.needs.lan = true, |_| {}),
];

#[test]
fn routes_of_a_vpn_are_told_from_dockers_own() {
    let range = [("10.42.0.0".parse().unwrap(), 16)];
    let found = network::overlapping(fixture!("route_vpn_broad.txt"), &range).unwrap();
    assert_eq!((found.interface.as_str(), found.prefix), ("tun0", 8));
    assert_eq!(network::overlapping(fixture!("route.txt"), &range), None);
    let docker = [("172.16.0.0".parse().unwrap(), 12)];
    assert_eq!(network::overlapping(fixture!("route.txt"), &docker), None, "br- is Docker's own");
    assert_eq!(network::missing_exemptions("*"), Vec::<&str>::new());
}

#[test]
fn a_broad_route_is_a_note_and_a_narrow_one_a_warning() {
    let level = |routes: &str| {
        let mut machine = linux();
        set(&mut machine, "/proc/net/route", routes);
        let found = found(machine, K3d);
        found.into_iter().find(|(id, _)| *id == "vpn-subnet-overlap").map(|(_, level)| level)
    };
    assert_eq!(level(fixture!("route_vpn_broad.txt")), Some(Level::Info));
    assert_eq!(level(fixture!("route_vpn.txt")), Some(Level::Warn));
}
