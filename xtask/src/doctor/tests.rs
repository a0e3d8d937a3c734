//! Findings out of the texts of machines that are not here.

use std::path::Path;

use serde_json::json;

use super::machine::{Disk, Machine};
use super::{Finding, Level, Needs, check};
use super::{cgroup, engine, mounts, network, platform, ports, resources};
use crate::cli::TargetName;
use crate::docker::probe::{Probe, ProbeError};
use crate::docker::{Container, PublishedPort};

const WSL1: &str = "Linux version 4.4.0-22621-Microsoft (Microsoft@Microsoft.com) (gcc 5.4.0) #1 PST 2022";
const WSL2: &str = "Linux version 6.6.75.1-microsoft-standard-WSL2 (root@build) (gcc 11.2.0) #1 SMP UTC 2025";
const PLAIN: &str = "Linux version 6.1.0-30-amd64 (debian-kernel@lists) (gcc-12 12.2.0) #1 SMP Debian";

/// Docker Desktop's mount (line 3) and usbipd's (line 6) have a raw blank in their options; the rest is well formed.
const WSL2_MOUNTS: &str = r"/dev/sdc / ext4 rw,relatime,discard,errors=remount-ro,data=ordered 0 0
cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0
C:\134Program\040Files\134Docker\134Docker\134resources /Docker/host 9p rw,noatime,aname=drvfs;path=C:\Program Files\Docker\Docker\resources;symlinkroot=/mnt/,msize=65536 0 0
C:\134 /mnt/c 9p rw,noatime,aname=drvfs;path=C:\;uid=1000;gid=1000;symlinkroot=/mnt/ 0 0
/dev/sdb1 /mnt/my\040disk ext4 rw,relatime 0 0
C:\134Program\040Files\134usbipd-win\134WSL /run/usbipd-win 9p ro,aname=drvfs;path=C:\Program Files\usbipd-win\WSL;umask=222 0 0
";

fn healthy() -> Machine {
    let programs = ["docker", "k3d", "cc"].map(|name| (name, Path::new("/usr/bin").join(name)));
    Machine {
        proc_version: PLAIN.to_owned(),
        mounts: "/dev/sda1 / ext4 rw,relatime 0 0\n".to_owned(),
        cgroup_controllers: "cpuset cpu io memory pids\n".to_owned(),
        limits: "Max open files            65536                1048576              files\n".to_owned(),
        inotify_instances: "1024\n".to_owned(),
        inotify_watches: "524288\n".to_owned(),
        resolv_conf: "nameserver 192.0.2.53\n".to_owned(),
        programs: programs.into_iter().collect(),
        root: Path::new("/home/ann/game").to_path_buf(),
        state: Path::new("/home/ann/.local/state/game-server").to_path_buf(),
        state_writable: true,
        modules_folder: true,
        ..Machine::default()
    }
}

fn docker() -> Probe {
    Probe {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        version: "28.5.2".to_owned(),
        api_version: "1.51".to_owned(),
        os_type: "linux".to_owned(),
        operating_system: "Debian GNU/Linux 12".to_owned(),
        cgroup_version: "2".to_owned(),
        cpus: 4,
        memory_bytes: 16 << 30,
        root_folder: "/var/lib/docker".to_owned(),
        ..Probe::default()
    }
}

fn needs(target: TargetName) -> Needs {
    Needs {
        target,
        bind_address: "127.0.0.1".to_owned(),
        port: 8080,
        // Whatever listens on the machine of this test is no matter here.
        own_ports: vec![8080],
        cluster: "k3s-local".to_owned(),
        k3s_image: "rancher/k3s:v1.34.4-k3s1".to_owned(),
    }
}

fn found(findings: &[Finding]) -> Vec<(&'static str, Level)> {
    let remarkable = findings.iter().filter(|finding| finding.level > Level::Ok);
    remarkable.map(|finding| (finding.id, finding.level)).collect()
}

fn on_k3d(machine: &Machine, engine: &Result<Probe, ProbeError>) -> Vec<(&'static str, Level)> {
    found(&check(machine, engine, &needs(TargetName::K3d)))
}

#[test]
fn a_healthy_machine_has_nothing_to_say() {
    assert_eq!(on_k3d(&healthy(), &Ok(docker())), []);
}

#[test]
fn every_finding_that_is_not_a_note_names_a_fix() {
    let machine = Machine { proc_version: WSL1.to_owned(), ..Machine::default() };
    let error = Err(ProbeError::NoSocket("unix:///var/run/docker.sock".to_owned()));
    for finding in check(&machine, &error, &needs(TargetName::K3d)) {
        assert!(finding.level <= Level::Info || !finding.fix.is_empty(), "{finding:?}");
    }
}

#[test]
fn lines_with_a_raw_blank_are_found_and_escaped_ones_are_not() {
    let bad: Vec<(usize, String, String, usize)> = mounts::bad_lines(WSL2_MOUNTS)
        .into_iter()
        .map(|line| (line.number, line.mount_point, line.file_system, line.fields))
        .collect();
    let line = |number, mount_point: &str| (number, mount_point.to_owned(), "9p".to_owned(), 7);
    assert_eq!(bad, [line(3, "/Docker/host"), line(6, "/run/usbipd-win")]);
}

#[test]
fn wrong_number_of_fields_is_explained_and_stops_nobody() {
    let machine = Machine { proc_version: WSL2.to_owned(), mounts: WSL2_MOUNTS.to_owned(), ..healthy() };
    let findings = check(&machine, &Ok(docker()), &needs(TargetName::K3d));
    let finding = findings.iter().find(|finding| finding.id == "mounts-unescaped-space").unwrap();
    assert_eq!(finding.level, Level::Info);
    assert!(finding.cause.contains("wrong number of fields (expected 6, got 7)"), "{}", finding.cause);
    assert!(finding.evidence.contains("/Docker/host (9p)"), "{}", finding.evidence);
}

#[test]
fn a_clone_on_a_windows_drive_is_slow() {
    let root = Path::new("/mnt/c/Users/ann/game").to_path_buf();
    let machine =
        Machine { proc_version: WSL2.to_owned(), mounts: WSL2_MOUNTS.to_owned(), root, ..healthy() };
    assert!(on_k3d(&machine, &Ok(docker())).contains(&("wsl-slow-windows-filesystem", Level::Warn)));
    let on = |path: &str| mounts::file_system_of(WSL2_MOUNTS, Path::new(path));
    assert_eq!(on("/mnt/my disk/game").as_deref(), Some("ext4"));
    assert_eq!(on("/home/ann").as_deref(), Some("ext4"));
}

#[test]
fn wsl1_cannot_and_wsl2_can() {
    let machine = |version: &str| Machine { proc_version: version.to_owned(), ..healthy() };
    assert_eq!(found(&platform::check(&machine(WSL1))), [("wsl1", Level::Fail)]);
    assert_eq!(found(&platform::check(&machine(WSL2))), []);
}

#[test]
fn settings_of_wsl_that_bite_are_named() {
    let machine = Machine {
        proc_version: WSL2.to_owned(),
        wsl_config: "[wsl2]\nmemory=4GB\nlocalhostForwarding = False\nnetworkingMode=mirrored\n".to_owned(),
        wsl_conf: "[boot]\nsystemd=true\n[automount]\ncgroups=v1\n".to_owned(),
        ..healthy()
    };
    let ids: Vec<&str> = found(&platform::check(&machine)).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["wsl-localhost-forwarding-off", "wsl-mirrored-networking", "wsl-cgroupv1"]);
    assert_eq!(platform::ini_value("[a]\nx=1\n[b]\nx=2", "b", "X").as_deref(), Some("2"));
}

#[test]
fn an_engine_that_does_not_answer_has_three_causes() {
    let socket = || "unix:///var/run/docker.sock".to_owned();
    let level = Level::Fail;
    assert_eq!(on_k3d(&healthy(), &Err(ProbeError::Refused(socket()))), [("docker-daemon-down", level)]);
    assert_eq!(
        on_k3d(&healthy(), &Err(ProbeError::Permission(socket()))),
        [("docker-socket-permission", level)]
    );
    let mut bare = healthy();
    bare.programs.remove("docker");
    assert_eq!(on_k3d(&bare, &Err(ProbeError::NoSocket(socket()))), [("docker-not-installed", level)]);
    bare.proc_version = WSL2.to_owned();
    assert_eq!(on_k3d(&bare, &Err(ProbeError::NoSocket(socket()))), [("wsl-integration-off", level)]);
}

#[test]
fn a_missing_engine_does_not_stop_the_local_target() {
    let error = Err(ProbeError::NoSocket("unix:///var/run/docker.sock".to_owned()));
    let findings = check(&healthy(), &error, &needs(TargetName::Local));
    assert!(findings.iter().all(|finding| finding.level <= Level::Info), "{findings:?}");
}

#[test]
fn engines_that_do_not_fit_are_told_apart() {
    let with = |change: fn(&mut Probe)| {
        let mut probe = docker();
        change(&mut probe);
        on_k3d(&healthy(), &Ok(probe))
    };
    assert_eq!(
        with(|probe| probe.os_type = "windows".to_owned()),
        [("docker-windows-containers", Level::Fail)]
    );
    assert_eq!(with(|probe| probe.api_version = "1.40".to_owned()), [("docker-too-old", Level::Fail)]);
    assert_eq!(
        with(|probe| probe.root_folder = "/var/snap/docker/common".to_owned()),
        [("docker-snap", Level::Warn)]
    );
    assert_eq!(
        with(|probe| probe.endpoint = "tcp://10.0.0.5:2375".to_owned()),
        [("docker-remote-engine", Level::Warn)]
    );
    assert_eq!(with(|probe| probe.memory_bytes = 3 << 30), [("low-memory", Level::Warn)]);
    assert_eq!(with(|probe| probe.memory_bytes = 1 << 30), [("low-memory", Level::Fail)]);
}

#[test]
fn cgroup_v1_depends_on_the_version_of_kubernetes() {
    let probe = Probe { cgroup_version: "1".to_owned(), ..docker() };
    let mut needs = needs(TargetName::K3d);
    let level = |needs: &Needs| found(&cgroup::check(&healthy(), Some(&probe), needs));
    assert_eq!(level(&needs), [("cgroup-v1-kubelet-refuses", Level::Warn)]);
    needs.k3s_image = "rancher/k3s:v1.35.1-k3s1".to_owned();
    assert_eq!(level(&needs), [("cgroup-v1-kubelet-refuses", Level::Fail)]);
    assert_eq!(cgroup::kubernetes_minor("localhost:5000/k3s:v1.34.4-k3s1"), Some(34));
    assert_eq!(cgroup::kubernetes_minor("rancher/k3s"), None);
}

#[test]
fn credential_helpers_that_are_gone_are_named() {
    let helpers = ["pass".to_owned()];
    let missing = |config| engine::missing_helper(&config, &helpers);
    assert_eq!(missing(json!({"credsStore": "desktop.exe"})).as_deref(), Some("desktop.exe"));
    assert_eq!(missing(json!({"credsStore": "pass"})), None);
    assert_eq!(missing(json!({"credHelpers": {"ghcr.io": "gh"}})).as_deref(), Some("gh"));
    assert_eq!(missing(json!({})), None);
}

#[test]
fn a_container_on_the_port_is_named() {
    let port = PublishedPort { address: "127.0.0.1".to_owned(), host_port: 8080, container_port: 80 };
    let container = |name: &str, state: &str| Container {
        name: name.to_owned(),
        state: state.to_owned(),
        ports: vec![port.clone()],
        ..Container::default()
    };
    let probe = |containers| Probe { containers, ..docker() };
    let stopped = probe(vec![container("web", "exited")]);
    assert_eq!(ports::holder(&stopped, 8080), None);
    let mut needs = needs(TargetName::K3d);
    needs.own_ports.clear();
    let check = |containers| ports::check(&healthy(), Some(&probe(containers)), &needs);
    let taken = check(vec![container("web", "running")]);
    assert_eq!(found(&taken), [("port-in-use", Level::Fail)]);
    assert!(taken[0].evidence.contains("the container web"), "{}", taken[0].evidence);
    assert_eq!(found(&check(vec![container("k3d-k3s-local-serverlb", "running")])), []);
}

#[test]
fn limits_of_the_kernel_are_warned_about() {
    let machine = Machine {
        inotify_instances: "128".to_owned(),
        limits: "Max open files            1024                 524288               files\n".to_owned(),
        build_disk: Some(Disk { free_bytes: 1 << 30, total_bytes: 100 << 30 }),
        engine_disk: Some(Disk { free_bytes: 4 << 30, total_bytes: 100 << 30 }),
        ..healthy()
    };
    let findings = resources::check(&machine, Some(&docker()), &needs(TargetName::K3d));
    let expected = [
        ("disk-build", Level::Warn),
        ("disk-pressure", Level::Fail),
        ("inotify-limits", Level::Warn),
        ("nofile-limit", Level::Info),
    ];
    assert_eq!(found(&findings), expected);
}

#[test]
fn a_proxy_needs_exemptions() {
    assert_eq!(network::missing_exemptions("localhost, 127.0.0.1"), ["10.42.0.0/16", "10.43.0.0/16"]);
    assert!(network::missing_exemptions("*").is_empty());
}

#[test]
fn routes_of_a_vpn_over_the_cluster_are_found() {
    let head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
    let route = |line: &str| network::overlapping_route(&format!("{head}{line}\n"));
    assert_eq!(route("eth0 00000000 010011AC 0003 0 0 0 00000000 0 0 0"), None);
    assert_eq!(route("tun0 0000A8C0 00000000 0001 0 0 50 0000FFFF 0 0 0"), None);
    let (interface, network, prefix) = route("tun0 0000000A 00000000 0001 0 0 50 000000FF 0 0 0").unwrap();
    assert_eq!((interface.as_str(), network.to_string().as_str(), prefix), ("tun0", "10.0.0.0", 8));
    assert_eq!(route("cni0 00002A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"), None);
}

#[test]
fn a_resolver_without_a_server_is_named() {
    let machine = Machine { resolv_conf: "# empty\n".to_owned(), ..healthy() };
    assert_eq!(on_k3d(&machine, &Ok(docker())), [("dns", Level::Warn)]);
}
