//! What the checks look at, read once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::Context;
use crate::doctor::Needs;
use crate::local::Folder;
use crate::processes;
use crate::processes::ports;
use crate::target::Target;

/// Variables that change how Docker, k3d or the network behave.
const VARIABLES: [&str; 14] = [
    "WSL_DISTRO_NAME",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_SOCK",
    "K3D_FIX_CGROUPV2",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "USER",
    "HOME",
    "PATH",
];
/// Programs that a command may start.
const PROGRAMS: [&str; 6] = ["docker", "k3d", "cc", "git", "systemctl", "rustup"];

/// A snapshot of the files, variables and limits that matter; empty text where a file is not there.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    pub proc_version: String,
    pub mounts: String,
    pub cgroup_controllers: String,
    pub meminfo: String,
    pub limits: String,
    pub inotify_instances: String,
    pub inotify_watches: String,
    pub resolv_conf: String,
    pub routes: String,
    pub wsl_conf: String,
    pub wsl_config: String,
    pub docker_config: String,
    /// It is there and this user may not read it.
    pub docker_config_unreadable: bool,
    pub variables: BTreeMap<&'static str, String>,
    pub programs: BTreeMap<&'static str, PathBuf>,
    /// Names of `docker-credential-*` on PATH.
    pub credential_helpers: Vec<String>,
    pub root: PathBuf,
    pub state: PathBuf,
    pub state_writable: bool,
    /// Space left where the build goes, and where the engine stores.
    pub build_disk: Option<Disk>,
    pub engine_disk: Option<Disk>,
    pub systemd: bool,
    pub in_container: bool,
    pub is_root: bool,
    pub modules_folder: bool,
    pub mirrored_loopback: bool,
    /// Interfaces and their largest packet.
    pub mtus: BTreeMap<String, u32>,
}

/// Space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl Machine {
    /// Reads everything; each read takes microseconds.
    pub fn read(root: &Path, state: &Path, build: &Path) -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let docker_config =
            std::env::var_os("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), PathBuf::from);
        let docker_config = docker_config.join("config.json");
        Self {
            proc_version: text("/proc/version"),
            mounts: Some(text("/proc/1/mounts"))
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| text("/proc/self/mounts")),
            cgroup_controllers: text("/sys/fs/cgroup/cgroup.controllers"),
            meminfo: text("/proc/meminfo"),
            limits: text("/proc/self/limits"),
            inotify_instances: text("/proc/sys/fs/inotify/max_user_instances"),
            inotify_watches: text("/proc/sys/fs/inotify/max_user_watches"),
            resolv_conf: text("/etc/resolv.conf"),
            routes: text("/proc/net/route"),
            wsl_conf: text("/etc/wsl.conf"),
            wsl_config: wsl_config(),
            docker_config_unreadable: docker_config.exists() && fs::read(&docker_config).is_err(),
            docker_config: text(docker_config),
            variables: variables(),
            programs: programs(),
            credential_helpers: credential_helpers(),
            root: root.to_path_buf(),
            state: state.to_path_buf(),
            state_writable: is_writable(state),
            build_disk: disk(build),
            engine_disk: disk(Path::new("/var/lib/docker")),
            systemd: Path::new("/run/systemd/system").is_dir(),
            in_container: Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists(),
            is_root: rustix::process::geteuid().is_root(),
            modules_folder: Path::new("/lib/modules")
                .join(text("/proc/sys/kernel/osrelease").trim())
                .is_dir(),
            mirrored_loopback: Path::new("/sys/class/net/loopback0").exists(),
            mtus: mtus(),
        }
    }

    pub fn is_wsl2(&self) -> bool {
        self.proc_version.contains("microsoft-standard") || self.proc_version.contains("WSL2")
    }

    pub fn is_linux(&self) -> bool {
        !self.proc_version.is_empty()
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    pub fn has(&self, program: &str) -> bool {
        self.programs.contains_key(program)
    }
}

/// What the target needs, with the ports that it holds already.
pub fn needs(context: &Context, target: TargetName) -> Result<Needs> {
    let cluster = Target::of(context)?;
    let mut needs = Needs {
        target,
        bind_address: context.bind_address.to_owned(),
        port: context.port,
        own_ports: Vec::new(),
        cluster: cluster.name().to_owned(),
        k3s_image: cluster.config.image.clone(),
    };
    match target {
        TargetName::K3d => needs.port = cluster.config.port,
        TargetName::Local => {
            let folder = Folder::of(context);
            needs.port = context.port_given.or(folder.last().map(|last| last.port)).unwrap_or(context.port);
            needs.own_ports.extend(folder.running().map(|running| running.port));
        }
    }
    Ok(needs)
}

/// Whether anybody listens, asked at the time of the check.
pub fn port_owner(bind_address: &str, port: u16) -> Option<String> {
    if ports::is_free(bind_address, port) {
        return None;
    }
    Some(ports::owner(port).map_or_else(|| "a program of another user".to_owned(), |owner| owner.to_string()))
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn variables() -> BTreeMap<&'static str, String> {
    let set =
        |name: &&'static str| Some((*name, std::env::var(name).ok().filter(|value| !value.is_empty())?));
    VARIABLES.iter().filter_map(set).collect()
}

fn programs() -> BTreeMap<&'static str, PathBuf> {
    PROGRAMS.iter().filter_map(|name| Some((*name, processes::find(name)?))).collect()
}

fn credential_helpers() -> Vec<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let entries =
        std::env::split_paths(&path).filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.strip_prefix("docker-credential-").map(str::to_owned)).collect()
}

/// The user's `.wslconfig` on the Windows side; only WSL has the folder.
fn wsl_config() -> String {
    let users = fs::read_dir("/mnt/c/Users").into_iter().flatten().flatten();
    users.map(|user| text(user.path().join(".wslconfig"))).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The nearest folder that exists decides: commands make the rest.
fn is_writable(folder: &Path) -> bool {
    let existing = folder.ancestors().find(|folder| folder.exists());
    existing.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok())
}

fn disk(folder: &Path) -> Option<Disk> {
    let existing = folder.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(existing).ok()?;
    Some(Disk { free_bytes: stat.f_bavail * stat.f_frsize, total_bytes: stat.f_blocks * stat.f_frsize })
}

fn mtus() -> BTreeMap<String, u32> {
    let interfaces = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let mtu = text(entry.path().join("mtu")).trim().parse().ok()?;
        Some((entry.file_name().into_string().ok()?, mtu))
    };
    interfaces.filter_map(read).collect()
}
