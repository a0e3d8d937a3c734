//! Rules over machines that are not here: each fires on its fixture and stays quiet on a near miss.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::judge::judge;
use super::machine::{Disk, DockerCli, FILES, Kubeconfigs, Machine, Needs, PATHS, PROGRAMS, Slow, VARIABLES};
use super::rule::{Level, Profile};
use super::{gather, rules};
use crate::docker::cluster::{CLUSTER_LABEL, ROLE_LABEL};
use crate::docker::probe::{Probe, recorded};
use crate::docker::{Container, PublishedPort};

mod cluster;
mod docker;
mod groups;
mod kernel;
mod logs;
mod network;
mod other_meanings;
mod repairs;
mod screens;
mod system;
mod workspace;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor/fixtures/", $name))
    };
}
use fixture;

/// What a rule must see and what it must let pass.
#[derive(Clone, Copy)]
struct Case {
    id: &'static str,
    profile: Profile,
    machine: fn() -> Machine,
    fires: fn(&mut Machine),
    quiet: fn(&mut Machine),
}

const fn on(
    profile: Profile,
    machine: fn() -> Machine,
    id: &'static str,
    fires: fn(&mut Machine),
    quiet: fn(&mut Machine),
) -> Case {
    Case { id, profile, machine, fires, quiet }
}

fn cases() -> Vec<Case> {
    let families = [
        system::cases(),
        groups::cases(),
        kernel::cases(),
        network::cases(),
        docker::cases(),
        cluster::cases(),
        workspace::cases(),
    ];
    families.into_iter().flatten().collect()
}

const LINUX_FILES: &[(&str, &str)] = &[
    ("/proc/version", fixture!("proc_version_linux.txt")),
    ("/proc/mounts", fixture!("mounts_linux.txt")),
    ("/proc/self/mountinfo", fixture!("mountinfo_linux.txt")),
    ("/proc/self/limits", fixture!("limits.txt")),
    ("/proc/self/status", fixture!("status.txt")),
    ("/proc/cgroups", fixture!("cgroups.txt")),
    ("/proc/meminfo", fixture!("meminfo.txt")),
    (
        "/proc/pressure/memory",
        "some avg10=0.00 avg60=0.10 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
    ),
    ("/proc/modules", fixture!("modules.txt")),
    ("/proc/net/route", fixture!("route.txt")),
    ("/proc/net/tcp", fixture!("tcp_without_api.txt")),
    ("/proc/sys/fs/inotify/max_user_instances", "1024\n"),
    ("/proc/sys/fs/inotify/max_user_watches", "524288\n"),
    ("/proc/sys/kernel/osrelease", "6.8.0-79-generic\n"),
    ("/proc/sys/net/ipv4/ip_forward", "1\n"),
    ("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024\n"),
    ("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n"),
    ("/proc/sys/net/netfilter/nf_conntrack_count", "1200\n"),
    ("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n"),
    ("/etc/resolv.conf", "nameserver 192.0.2.53\n"),
];

/// A laptop with Ubuntu and Docker on which nothing is wrong.
fn linux() -> Machine {
    let paths = [
        "/run/systemd/system",
        "/dev/kmsg",
        "/sys/module/nf_tables",
        "/sys/module/vxlan",
        "/sys/module/overlay",
        "/proc/sys/net/bridge/bridge-nf-call-iptables",
        "/etc/resolv.conf",
    ];
    let programs = ["cc", "docker", "git", "k3d", "systemctl"];
    let disk = Disk { free_bytes: 200 << 30, total_bytes: 400 << 30, free_inodes: 900, total_inodes: 1000 };
    Machine {
        needs: needs(),
        os: "linux",
        architecture: "x86_64",
        cpus: 4,
        is_root: false,
        files: LINUX_FILES.iter().map(|(path, text)| (*path, (*text).to_owned())).collect(),
        paths: paths.into_iter().collect(),
        variables: BTreeMap::from([("HOME", "/home/ana".to_owned())]),
        programs: programs.into_iter().map(|name| (name, PathBuf::from("/usr/bin").join(name))).collect(),
        root: PathBuf::from("/home/ana/game"),
        state: PathBuf::from("/home/ana/.local/state/game-server"),
        build: PathBuf::from("/home/ana/game/target"),
        state_writable: true,
        build_writable: true,
        build_disk: Some(disk),
        engine_disk: Some(disk),
        modules_folder: true,
        vxlan_module: true,
        mtus: BTreeMap::from([("eth0".to_owned(), 1500), ("docker0".to_owned(), 1500)]),
        delegated_controllers: Some("cpuset cpu io memory pids\n".to_owned()),
        wsl_config: String::new(),
        git_config: "[core]\n\tautocrlf = input\n".to_owned(),
        musl_toolchain: false,
        docker: DockerCli { context: "default".to_owned(), context_known: true, ..DockerCli::default() },
        engine: Ok(Probe {
            image_architecture: Some("amd64".to_owned()),
            ..recorded(fixture!("version_28.json"), fixture!("info_ubuntu.json"))
        }),
        clock_skew_s: Some(0),
        network_policies: None,
        port_holder: None,
        kubeconfig: Kubeconfigs::default(),
        slow: Some(Slow { k3d_version: Some("5.9.0".to_owned()), ..Slow::default() }),
    }
}

/// The same under WSL2 with an engine in the distribution.
fn wsl() -> Machine {
    let mut machine = linux();
    set(&mut machine, "/proc/version", fixture!("proc_version_wsl2.txt"));
    set(&mut machine, "/proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n");
    set(&mut machine, "/proc/mounts", fixture!("mounts_wsl2_clean.txt"));
    machine.wsl_config = fixture!("wslconfig_fine").to_owned();
    machine.modules_folder = false;
    machine
}

/// A Mac with Docker Desktop: no file of Linux is there.
fn macos() -> Machine {
    let mut machine = linux();
    machine.os = "macos";
    machine.files = BTreeMap::new();
    machine.paths = BTreeSet::from(["/etc/resolv.conf"]);
    machine.engine = Ok(Probe {
        image_architecture: Some("amd64".to_owned()),
        ..recorded(fixture!("version_28.json"), fixture!("info_docker_desktop.json"))
    });
    machine
}

/// Ubuntu with a rootless engine.
fn rootless() -> Machine {
    let mut machine = linux();
    machine.engine = Ok(Probe {
        image_architecture: Some("amd64".to_owned()),
        ..recorded(fixture!("version_28.json"), fixture!("info_rootless.json"))
    });
    machine
}

fn needs() -> Needs {
    Needs {
        profile: Profile::K3d,
        port: 8080,
        own_ports: Vec::new(),
        cluster: "k3s-local".to_owned(),
        servers: 1,
        nodes: 3,
        k3s_image: "rancher/k3s:v1.34.4-k3s1".to_owned(),
        lan: false,
    }
}

fn set(machine: &mut Machine, path: &'static str, text: &str) {
    assert!(FILES.contains(&path), "{path} is not gathered");
    machine.files.insert(path, text.to_owned());
}

fn there(machine: &mut Machine, path: &'static str) {
    assert!(PATHS.contains(&path), "{path} is not gathered");
    machine.paths.insert(path);
}

fn gone(machine: &mut Machine, path: &'static str) {
    assert!(PATHS.contains(&path) || FILES.contains(&path), "{path} is not gathered");
    machine.paths.remove(path);
    machine.files.remove(path);
}

fn variable(machine: &mut Machine, name: &'static str, value: &str) {
    assert!(VARIABLES.contains(&name), "{name} is not gathered");
    machine.variables.insert(name, value.to_owned());
}

fn without(machine: &mut Machine, program: &'static str) {
    assert!(PROGRAMS.contains(&program), "{program} is not gathered");
    machine.programs.remove(program);
}

fn engine(machine: &mut Machine) -> &mut Probe {
    machine.engine.as_mut().expect("the fixture has an engine")
}

fn slow(machine: &mut Machine) -> &mut Slow {
    machine.slow.as_mut().expect("the fixture has slow facts")
}

/// A container of the cluster k3s-local, as k3d labels it.
fn node(name: &str, role: &str, state: &str, ports: &[(u16, u16)]) -> Container {
    let labels = [(CLUSTER_LABEL, "k3s-local"), (ROLE_LABEL, role)];
    let published = |(host_port, container_port): &(u16, u16)| PublishedPort {
        address: "127.0.0.1".to_owned(),
        host_port: *host_port,
        container_port: *container_port,
    };
    Container {
        name: name.to_owned(),
        state: state.to_owned(),
        labels: labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ports: ports.iter().map(published).collect(),
        ..Container::default()
    }
}

fn found(mut machine: Machine, profile: Profile) -> Vec<(&'static str, Level)> {
    machine.needs.profile = profile;
    judge(&machine).into_iter().map(|finding| (finding.id, finding.level)).collect()
}

#[test]
fn every_rule_fires_on_its_fixture() {
    for case in cases() {
        let mut machine = (case.machine)();
        machine.needs.profile = case.profile;
        (case.fires)(&mut machine);
        let findings = judge(&machine);
        let finding = findings.iter().find(|finding| finding.id == case.id);
        let finding = finding.unwrap_or_else(|| panic!("{} does not fire: {findings:#?}", case.id));
        let (_, rule) = rules::find(case.id).unwrap();
        assert!(finding.level <= rule.severity.on(case.profile), "{}", case.id);
        assert!(
            !finding.evidence.is_empty() && !finding.cause.is_empty() && !finding.fix.is_empty(),
            "{finding:?}"
        );
        for (template, text) in [(rule.cause, &finding.cause), (rule.fix, &finding.fix)] {
            let filled = super::rule::fill(template, |_| Some(String::new()));
            let open = super::rule::fill(template, |_| None);
            assert!(filled == open || *text != open, "{}: nothing was filled in: {text}", case.id);
        }
    }
}

#[test]
fn every_rule_is_quiet_on_a_near_miss_and_on_a_healthy_machine() {
    for case in cases() {
        for change in [case.quiet, |_| {}] {
            let mut machine = (case.machine)();
            machine.needs.profile = case.profile;
            change(&mut machine);
            let findings = judge(&machine);
            let fired = findings.iter().find(|finding| finding.id == case.id);
            assert!(fired.is_none(), "{}: {fired:#?}", case.id);
        }
    }
}

#[test]
fn every_check_has_a_case_and_there_are_many() {
    let tested: BTreeSet<&str> = cases().iter().map(|case| case.id).collect();
    let checked: BTreeSet<&str> =
        rules::all().filter(|(_, rule)| rule.check.is_some()).map(|(_, rule)| rule.id).collect();
    assert_eq!(checked.difference(&tested).collect::<Vec<_>>(), Vec::<&&str>::new(), "without a case");
    assert_eq!(tested.difference(&checked).collect::<Vec<_>>(), Vec::<&&str>::new(), "without a check");
    assert!(checked.len() >= 60, "{} checks", checked.len());
}

#[test]
fn rules_are_complete_and_named_once() {
    let mut seen = BTreeSet::new();
    for (_, rule) in rules::all() {
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        assert!(rule.check.is_some() || rule.says().next().is_some(), "{} can never be found", rule.id);
        assert!(!rule.title.is_empty() && !rule.cause.is_empty() && !rule.fix.is_empty(), "{}", rule.id);
        let looked_at = [Profile::NativeK3s, Profile::K3d, Profile::Local].map(|one| rule.severity.on(one));
        let silent = looked_at.iter().all(|level| *level == Level::Silent);
        assert_eq!(silent, rule.check.is_none(), "{} has a check exactly when some target cares", rule.id);
    }
}

#[test]
fn healthy_machines_have_nothing_to_say() {
    for machine in [linux, wsl] {
        for profile in [Profile::NativeK3s, Profile::K3d, Profile::Local] {
            assert_eq!(found(machine(), profile), [], "{profile:?}");
        }
    }
    let on_a_mac = [("engine-in-vm", Level::Info), ("k3d-import-containerd-store", Level::Info)];
    assert_eq!(found(macos(), Profile::K3d), on_a_mac);
    assert_eq!(found(macos(), Profile::Local), []);
}

#[test]
fn every_section_is_in_the_handbook() {
    let handbook = include_str!("../../../docs/when-something-fails.md");
    let anchor = |line: &str| {
        let title = line.strip_prefix("## ")?;
        Some(title.to_lowercase().replace(' ', "-"))
    };
    let anchors: BTreeSet<String> = handbook.lines().filter_map(anchor).collect();
    let sections: BTreeSet<String> = rules::FAMILIES.iter().map(|family| family.section.to_owned()).collect();
    assert_eq!(anchors, sections);
    for family in &rules::FAMILIES {
        assert_eq!(family.title.to_lowercase().replace(' ', "-"), family.section);
    }
}

#[test]
fn a_machine_without_docker_still_plays_locally() {
    let mut machine = linux();
    machine.engine =
        Err(crate::docker::probe::ProbeError::NoSocket("unix:///var/run/docker.sock".to_owned()));
    without(&mut machine, "docker");
    without(&mut machine, "k3d");
    let worst = found(machine, Profile::Local).into_iter().map(|(_, level)| level).max();
    assert_eq!(worst, Some(Level::Info));
}

#[test]
fn dates_are_read_as_engines_and_certificates_write_them() {
    use gather::dates::{certificate_left_s, rfc3339};
    assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(rfc3339("2026-11-24T10:48:09.142874071Z"), Some(1_795_517_289));
    assert_eq!(rfc3339("2024-02-29T23:59:60+01:00"), rfc3339("2024-02-29T23:00:00Z"));
    assert_eq!(rfc3339("yesterday"), None);
    let validity = b"\x30\x1e\x17\x0d700101000000Z\x17\x0d491231235959Z";
    let until_2049 = rfc3339("2049-12-31T23:59:59Z").unwrap();
    let left = certificate_left_s(validity).unwrap();
    let now = until_2049 - left;
    assert!(now > 1_700_000_000 && now < until_2049, "{left}");
    assert_eq!(certificate_left_s(b"no dates in it"), None);
}

#[test]
fn config_files_are_read_as_their_programs_read_them() {
    let config = serde_json::json!({"credsStore": "desktop.exe", "credHelpers": {"ghcr.io": "gh", "gcr.io": "gcloud"}});
    let missing = gather::docker_cli::missing_helpers(&config, |helper| helper == "docker-credential-gcloud");
    assert_eq!(missing, ["docker-credential-desktop.exe", "docker-credential-gh"]);
    let groups = "root:x:0:\ndocker:x:998:ben,ana\n";
    assert!(gather::docker_cli::is_listed(groups, 998, "ana"));
    assert!(
        !gather::docker_cli::is_listed(groups, 998, "an")
            && !gather::docker_cli::is_listed(groups, 99, "ana")
    );
    assert_eq!(
        gather::slow::k3d_version("k3d version v5.9.0\nk3s version v1.33.6-k3s1 (default)\n").as_deref(),
        Some("5.9.0")
    );
    assert_eq!(rules::wsl::ini_value("[a]\nx=1\n[B]\n X = Two \n", "b", "x").as_deref(), Some("two"));
}
