//! A snapshot of the machine: everything that the rules look at, and nothing that they could change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::docker::probe::{Probe, ProbeError};
use crate::docker::{Container, cluster};
use crate::doctor::rule::Profile;
use crate::manifests::Object;

/// Files whose text is kept.
pub const FILES: [&str; 29] = [
    "/proc/version",
    "/proc/mounts",
    "/proc/self/mountinfo",
    "/proc/self/limits",
    "/proc/self/status",
    "/proc/cgroups",
    "/proc/meminfo",
    "/proc/pressure/memory",
    "/proc/modules",
    "/proc/net/ip_tables_names",
    "/proc/net/route",
    "/proc/net/tcp",
    "/proc/net/tcp6",
    "/proc/sys/fs/inotify/max_user_instances",
    "/proc/sys/fs/inotify/max_user_watches",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/dmesg_restrict",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv4/ip_unprivileged_port_start",
    "/proc/sys/net/netfilter/nf_conntrack_max",
    "/proc/sys/net/netfilter/nf_conntrack_count",
    "/sys/fs/cgroup/cgroup.controllers",
    "/sys/fs/selinux/enforce",
    "/etc/resolv.conf",
    "/etc/wsl.conf",
    "/etc/ufw/ufw.conf",
    "/etc/group",
    "/etc/hosts",
];
/// Files and folders of which only the existence is kept.
pub const PATHS: [&str; 17] = [
    "/.dockerenv",
    "/run/.containerenv",
    "/run/systemd/system",
    "/run/firewalld.pid",
    "/run/docker.pid",
    "/dev/kmsg",
    "/sys/fs/cgroup/unified",
    "/sys/class/net/loopback0",
    "/sys/module/nf_tables",
    "/sys/module/vxlan",
    "/sys/module/overlay",
    "/proc/sys/net/bridge/bridge-nf-call-iptables",
    "/proc/sys/fs/binfmt_misc/WSLInterop",
    "/mnt/wsl/docker-desktop",
    "/etc/systemd/system/k3s.service",
    "/etc/resolv.conf",
    "/snap/bin/docker",
];
/// Variables that change how Docker, k3d, cargo or the network behave.
pub const VARIABLES: [&str; 19] = [
    "CARGO_TARGET_DIR",
    "DOCKER_API_VERSION",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_SOCK",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "K3D_FIX_CGROUPV2",
    "K3D_FIX_DNS",
    "KUBECONFIG",
    "NO_PROXY",
    "RUSTFLAGS",
    "SUDO_USER",
    "USER",
    "WSL_DISTRO_NAME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// Programs that a command may start, or whose absence explains something.
pub const PROGRAMS: [&str; 8] = ["cc", "docker", "git", "k3d", "k3s", "podman", "rustup", "systemctl"];

/// What the target needs.
#[derive(Debug, Clone)]
pub struct Needs {
    pub profile: Profile,
    /// Port at which players join.
    pub port: u16,
    /// Ports that our own process or cluster holds already.
    pub own_ports: Vec<u16>,
    /// Name of the cluster, whose own containers are no strangers.
    pub cluster: String,
    pub servers: u64,
    pub nodes: u64,
    /// Image of its nodes; decides what the kubelet accepts.
    pub k3s_image: String,
    /// Whether other machines are to reach the game.
    pub lan: bool,
}

/// Files, variables, limits and the engine's own words, read at one time.
#[derive(Debug, Clone)]
pub struct Machine {
    pub needs: Needs,
    /// `linux` or `macos`.
    pub os: &'static str,
    /// `x86_64` or `aarch64`, as Rust names it.
    pub architecture: &'static str,
    pub cpus: usize,
    pub is_root: bool,
    /// By name in `FILES`; absent where the file is not there or not ours to read.
    pub files: BTreeMap<&'static str, String>,
    pub paths: BTreeSet<&'static str>,
    pub variables: BTreeMap<&'static str, String>,
    pub programs: BTreeMap<&'static str, PathBuf>,
    /// The clone, the state of the commands, and where cargo builds.
    pub root: PathBuf,
    pub state: PathBuf,
    pub build: PathBuf,
    pub state_writable: bool,
    pub build_writable: bool,
    pub build_disk: Option<Disk>,
    pub engine_disk: Option<Disk>,
    /// Modules of the running kernel: their folder is there, and vxlan is among them.
    pub modules_folder: bool,
    pub vxlan_module: bool,
    /// Interfaces and their largest packet.
    pub mtus: BTreeMap<String, u32>,
    /// Controllers that systemd hands to this user; absent without cgroup v2.
    pub delegated_controllers: Option<String>,
    pub wsl_config: String,
    pub git_config: String,
    /// The compiler's own target links against musl.
    pub musl_toolchain: bool,
    pub docker: DockerCli,
    pub engine: Result<Probe, ProbeError>,
    /// Clock of the engine less clock of this machine.
    pub clock_skew_s: Option<i64>,
    /// What the last `verify` saw of the cluster's NetworkPolicies; nothing where there is none.
    pub network_policies: Option<String>,
    /// Who listens at the players' port, when it is neither free nor ours.
    pub port_holder: Option<String>,
    pub kubeconfig: Kubeconfigs,
    /// Absent where the check is to be quick.
    pub slow: Option<Slow>,
}

/// Facts that cost more than a read: they are left out where `up` only wants to know whether to go on.
#[derive(Debug, Clone, Default)]
pub struct Slow {
    /// Such as `5.9.0`.
    pub k3d_version: Option<String>,
    /// Why a public name was not resolved.
    pub lookup_error: Option<String>,
    pub manifests: Vec<Object>,
    /// Why the manifests cannot be used at all.
    pub manifests_error: Option<String>,
    pub node_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Why k3d.yaml cannot be used; what is known of the cluster is then assumed.
    pub cluster_config_error: Option<String>,
    /// What of k3d.yaml works, and probably not as it was meant.
    pub cluster_config_notes: Vec<String>,
}

/// The docker CLI's own files.
#[derive(Debug, Clone, Default)]
pub struct DockerCli {
    /// Text of `~/.docker/config.json`.
    pub config: String,
    /// It is there and this user may not read it.
    pub config_unreadable: bool,
    /// The context that is in use, and whether it is described anywhere.
    pub context: String,
    pub context_known: bool,
    /// Credential helpers that the config names and PATH does not have.
    pub missing_helpers: Vec<String>,
    /// This user is in the group of the socket by /etc/group, though not yet in this session.
    pub in_socket_group: bool,
}

/// What kubeconfigs say; none is ever written.
#[derive(Debug, Clone, Default)]
pub struct Kubeconfigs {
    /// Files of `KUBECONFIG` that are not there.
    pub missing: Vec<String>,
    /// `https://127.0.0.1:40123` of the kubeconfig that is ours.
    pub server: Option<String>,
    /// Seconds until its client certificate ends.
    pub certificate_left_s: Option<i64>,
}

/// Space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free_bytes: u64,
    pub total_bytes: u64,
    pub free_inodes: u64,
    pub total_inodes: u64,
}

impl Machine {
    /// Text of a file of `FILES`; empty where it is not there.
    pub fn file(&self, path: &str) -> &str {
        debug_assert!(FILES.contains(&path), "{path} is not gathered");
        self.files.get(path).map_or("", String::as_str)
    }

    /// A file that holds one number.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.file(path).trim().parse().ok()
    }

    pub fn exists(&self, path: &str) -> bool {
        debug_assert!(PATHS.contains(&path), "{path} is not gathered");
        self.paths.contains(path)
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        debug_assert!(VARIABLES.contains(&name), "{name} is not gathered");
        self.variables.get(name).map(String::as_str)
    }

    pub fn has(&self, program: &str) -> bool {
        debug_assert!(PROGRAMS.contains(&program), "{program} is not gathered");
        self.programs.contains_key(program)
    }

    pub fn is_linux(&self) -> bool {
        self.os == "linux"
    }

    pub fn is_wsl2(&self) -> bool {
        let version = self.file("/proc/version");
        version.contains("microsoft-standard") || version.contains("WSL2")
    }

    pub fn is_wsl1(&self) -> bool {
        self.file("/proc/version").contains("Microsoft") && !self.is_wsl2()
    }

    pub fn in_container(&self) -> bool {
        self.exists("/.dockerenv") || self.exists("/run/.containerenv")
    }

    /// Such as (6, 6) of `6.6.87.2-microsoft-standard-WSL2`.
    pub fn kernel(&self) -> Option<(u32, u32)> {
        let mut parts = self.file("/proc/sys/kernel/osrelease").trim().split(['.', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// The engine, when it answered.
    pub fn engine(&self) -> Option<&Probe> {
        self.engine.as_ref().ok()
    }

    /// The engine, when it runs right on this system: no virtual machine and no other computer between.
    pub fn engine_here(&self) -> Option<&Probe> {
        self.engine().filter(|engine| self.is_linux() && engine.is_local() && !engine.in_virtual_machine())
    }

    /// True when the kernel that nodes run on is the one whose files were read.
    pub fn kernel_counts(&self) -> bool {
        match self.needs.profile {
            Profile::K3d => self.engine_here().is_some(),
            Profile::NativeK3s | Profile::Local => self.is_linux(),
        }
    }

    /// Containers of the cluster that this is about.
    pub fn cluster_containers(&self) -> impl Iterator<Item = &Container> {
        let name = self.needs.cluster.as_str();
        let containers = self.engine().into_iter().flat_map(|engine| engine.containers.iter());
        containers
            .filter(move |one| one.labels.get(cluster::CLUSTER_LABEL).is_some_and(|label| label == name))
    }

    /// `34` of `rancher/k3s:v1.34.4-k3s1`.
    pub fn kubernetes_minor(&self) -> Option<u32> {
        let (_, tag) = self.needs.k3s_image.rsplit_once(':')?;
        tag.trim_start_matches('v').split('.').nth(1)?.parse().ok()
    }
}
