//! Storage, images, clusters and kubeconfigs.

use super::*;
use crate::docker::probe::Network;
use crate::doctor::rule::Profile::{K3d, Local, NativeK3s};

pub fn cases() -> Vec<Case> {
    [STORAGE, IMAGES, CLUSTER, KUBECONFIG].concat()
}

fn disk(free_percent: u64, total_gib: u64) -> Option<Disk> {
    let total_bytes = total_gib << 30;
    Some(Disk {
        free_bytes: total_bytes / 100 * free_percent,
        total_bytes,
        free_inodes: 900,
        total_inodes: 1000,
    })
}

fn backing(machine: &mut Machine, driver: &str, file_system: &str) {
    engine(machine).storage_driver = driver.to_owned();
    engine(machine).storage_status = vec![("Backing Filesystem".to_owned(), file_system.to_owned())];
}

const STORAGE: &[Case] = &[
    on(K3d, linux, "disk-pressure", |m| m.engine_disk = disk(4, 400), |m| m.engine_disk = disk(6, 400)),
    on(NativeK3s, linux, "disk-pressure", |m| m.build_disk = disk(4, 400), |m| m.engine_disk = disk(4, 400)),
    on(
        K3d,
        linux,
        "image-gc-ate-import",
        |m| m.engine_disk = disk(12, 400),
        |m| m.engine_disk = disk(16, 400),
    ),
    on(K3d, linux, "disk-nodes-small", |m| m.engine_disk = disk(20, 40), |m| m.engine_disk = disk(40, 40)),
    on(
        K3d,
        linux,
        "disk-inodes",
        |m| m.engine_disk = Some(Disk { free_inodes: 10, ..m.engine_disk.unwrap() }),
        |m| m.engine_disk = Some(Disk { free_inodes: 0, total_inodes: 0, ..m.engine_disk.unwrap() }),
    ),
    on(Local, linux, "disk-build", |m| m.build_disk = disk(50, 4), |m| m.build_disk = disk(50, 8)),
    on(
        K3d,
        linux,
        "snapshotter-overlay",
        |m| backing(m, "overlay2", "overlayfs"),
        |m| backing(m, "overlay2", "xfs"),
    ),
    on(
        K3d,
        linux,
        "btrfs-rootfs-device",
        |m| backing(m, "overlay2", "btrfs"),
        |m| backing(m, "overlay2", "extfs"),
    ),
    on(
        K3d,
        linux,
        "zfs-multiserver-etcd",
        |m| {
            backing(m, "zfs", "zfs");
            m.needs.servers = 3;
        },
        |m| backing(m, "zfs", "zfs"),
    ),
];

const IMAGES: &[Case] = &[
    on(
        K3d,
        linux,
        "exec-format-error",
        |m| engine(m).architecture = "arm64".to_owned(),
        |m| {
            engine(m).architecture = "arm64".to_owned();
            engine(m).image_architecture = Some("arm64".to_owned());
            m.architecture = "aarch64";
        },
    ),
    on(
        K3d,
        linux,
        "k3s-image-architecture",
        |m| engine(m).image_architecture = Some("arm64".to_owned()),
        |m| {
            engine(m).image_architecture = None;
        },
    ),
    on(
        K3d,
        linux,
        "k3s-image-missing",
        |m| engine(m).image_architecture = None,
        |m| {
            engine(m).image_architecture = None;
            engine(m).containers = vec![node("k3d-k3s-local-server-0", "server", "running", &[])];
        },
    ),
    on(
        K3d,
        linux,
        "registry-rate-limit",
        |m| engine(m).image_architecture = None,
        |m| {
            engine(m).image_architecture = None;
            m.docker.config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"eA=="}}}"#.to_owned();
        },
    ),
    on(
        K3d,
        linux,
        "ghcr-denied",
        |m| m.docker.config = r#"{"auths":{"ghcr.io":{"auth":"eA=="}}}"#.to_owned(),
        |m| {
            m.docker.config = r#"{"auths":{"gcr.io":{}}}"#.to_owned();
        },
    ),
    on(
        K3d,
        linux,
        "k3d-import-containerd-store",
        |m| m.engine = Ok(recorded(fixture!("version_28.json"), fixture!("info_docker_desktop.json"))),
        |m| m.engine = Ok(recorded(fixture!("version_28.json"), fixture!("info_ubuntu.json"))),
    ),
];

/// Server, agent and load balancer of k3s-local in the given states.
fn nodes(machine: &mut Machine, server: &str, agent: &str, balancer: &str) {
    engine(machine).containers = vec![
        node("k3d-k3s-local-server-0", "server", server, &[]),
        node("k3d-k3s-local-agent-0", "agent", agent, &[]),
        node("k3d-k3s-local-serverlb", "loadbalancer", balancer, &[(8080, 80), (40123, 6443)]),
    ];
}

const UP: &str = "running";

const CLUSTER: &[Case] = &[
    on(K3d, linux, "k3d-node-restarting", |m| nodes(m, "restarting", UP, UP), |m| nodes(m, UP, UP, UP)),
    on(
        K3d,
        linux,
        "k3d-cluster-asleep",
        |m| nodes(m, "exited", "exited", "exited"),
        |m| nodes(m, UP, "exited", UP),
    ),
    on(
        K3d,
        linux,
        "k3d-node-down",
        |m| nodes(m, UP, "exited", UP),
        |m| nodes(m, "exited", "exited", "exited"),
    ),
    on(
        K3d,
        linux,
        "k3d-serverlb-stuck",
        |m| nodes(m, UP, UP, "exited"),
        |m| nodes(m, "exited", UP, "exited"),
    ),
    on(
        K3d,
        linux,
        "loadbalancer-ip-unreachable",
        |m| {
            nodes(m, UP, UP, UP);
            m.needs.port = 9090;
        },
        |m| nodes(m, UP, UP, UP),
    ),
    on(
        K3d,
        linux,
        "k3d-leftover-network",
        |m| {
            nodes(m, UP, UP, UP);
            engine(m).networks = networks(&["bridge", "k3d-k3s-local", "k3d-old"]);
        },
        |m| {
            nodes(m, UP, UP, UP);
            engine(m).networks = networks(&["bridge", "k3d-k3s-local"]);
        },
    ),
];

fn networks(names: &[&str]) -> Vec<Network> {
    let network =
        |name: &&str| Network { name: (*name).to_owned(), driver: "bridge".to_owned(), subnets: Vec::new() };
    names.iter().map(network).collect()
}

const DAY_S: i64 = 24 * 3600;
fn server(machine: &mut Machine, url: &str) {
    machine.kubeconfig.server = Some(url.to_owned());
}

const KUBECONFIG: &[Case] = &[
    on(
        NativeK3s,
        linux,
        "k3s-refused-6443",
        |m| there(m, "/etc/systemd/system/k3s.service"),
        |m| {
            there(m, "/etc/systemd/system/k3s.service");
            set(m, "/proc/net/tcp", fixture!("tcp.txt"));
        },
    ),
    on(
        NativeK3s,
        linux,
        "kubeconfig-missing",
        |m| m.kubeconfig.missing = vec!["/home/ana/k.yaml".to_owned()],
        |_| {},
    ),
    on(
        K3d,
        linux,
        "kubeconfig-several",
        |m| variable(m, "KUBECONFIG", "/home/ana/a:/home/ana/b"),
        |m| {
            variable(m, "KUBECONFIG", "/home/ana/a:");
        },
    ),
    on(
        K3d,
        linux,
        "kubeconfig-stale-or-wrong-context",
        |m| {
            nodes(m, "running", "running", "running");
            server(m, "https://127.0.0.1:39999");
        },
        |m| {
            nodes(m, "running", "running", "running");
            server(m, "https://127.0.0.1:40123");
        },
    ),
    on(
        K3d,
        linux,
        "kubeconfig-host-unreachable",
        |m| server(m, "https://0.0.0.0:40123"),
        |m| server(m, "https://127.0.0.1:40123"),
    ),
    on(
        K3d,
        linux,
        "k3s-cert-expired",
        |m| m.kubeconfig.certificate_left_s = Some(-5 * DAY_S),
        |m| {
            m.kubeconfig.certificate_left_s = Some(300 * DAY_S);
        },
    ),
    on(
        K3d,
        linux,
        "network-policies",
        |m| m.network_policies = Some("this cluster does not enforce NetworkPolicies".to_owned()),
        |m| m.network_policies = None,
    ),
];

#[test]
fn degrees_of_the_same_thing_have_degrees_of_severity() {
    let level = |change: fn(&mut Machine), id: &str| {
        let mut machine = linux();
        change(&mut machine);
        found(machine, K3d).into_iter().find(|(found, _)| *found == id).map(|(_, level)| level)
    };
    assert_eq!(level(|m| m.clock_skew_s = Some(30), "clock-skew"), Some(Level::Warn));
    assert_eq!(level(|m| m.clock_skew_s = Some(61), "clock-skew"), Some(Level::Fail));
    assert_eq!(
        level(|m| m.kubeconfig.certificate_left_s = Some(3600), "k3s-cert-expired"),
        Some(Level::Warn)
    );
    assert_eq!(
        level(|m| m.kubeconfig.certificate_left_s = Some(-3600), "k3s-cert-expired"),
        Some(Level::Fail)
    );
}
