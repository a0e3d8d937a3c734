//! Reads the machine into a snapshot; the only part of doctor that touches it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::context::Context;
use crate::docker::probe::{self, Probe, ProbeError};
use crate::doctor::Depth;
use crate::doctor::machine::{Disk, FILES, Machine, Needs, PATHS, PROGRAMS, Slow, VARIABLES};
use crate::doctor::rule::Profile;
use crate::enforcement;
use crate::local::Folder;
use crate::processes;
use crate::processes::ports;
use crate::target::Target;

/// Dates of certificates and of the engine, as seconds.
pub mod dates;
/// The docker CLI's files.
pub mod docker_cli;
/// Kubeconfigs: which files, which address, how long the certificate lasts.
mod kubeconfig;
/// What is too slow for every run.
pub mod slow;
/// The Windows side of WSL.
mod wsl;

/// The program that listens for a container.
const DOCKER_PROXY: &str = "docker-proxy";
/// On a busy machine a container starts for some seconds.
const PROXY_LOOKS: u32 = 20;
const PROXY_LOOK_EVERY: Duration = Duration::from_millis(250);

/// Files, engine and slow facts at the same time.
pub async fn machine(context: &Context, profile: Profile, depth: Depth) -> Result<Machine> {
    // A config that cannot be read is a finding among others.
    let (cluster, unread) = match Target::of(context) {
        Ok(cluster) => (cluster, None),
        Err(error) => (Target::assumed(context)?, Some(format!("{error:#}"))),
    };
    let needs = needs(context, profile, &cluster);
    let image = needs.k3s_image.clone();
    let (files, for_slow, with_config) = (context.clone(), context.clone(), cluster.clone());
    let files = tokio::task::spawn_blocking(move || read(&files, &cluster, needs));
    let slow = async {
        match depth {
            Depth::Quick => None,
            Depth::Full => Some(slow::gather(&for_slow, &with_config.config).await),
        }
    };
    let (machine, engine, slow) = tokio::join!(files, probe::probe(&image), slow);
    let mut machine = machine?;
    machine.slow = slow.map(|slow| Slow { cluster_config_error: unread, ..slow });
    let skew = engine.as_ref().ok().and_then(|engine| dates::since_now(&engine.system_time));
    machine.clock_skew_s = skew;
    machine.engine = engine;
    machine.engine_disk = machine.engine_here().and_then(|engine| disk(Path::new(&engine.root_folder)));
    machine.port_holder = port_holder(context, &machine);
    for _ in 0..PROXY_LOOKS {
        if machine.engine.is_err() || !is_held_by_docker(&machine) {
            break;
        }
        tokio::time::sleep(PROXY_LOOK_EVERY).await;
        machine.engine = probe::probe(&image).await;
        machine.port_holder = port_holder(context, &machine);
    }
    Ok(machine)
}

/// True for the moment in which Docker listens for a container that it does not call running yet: one of our own
/// cluster, perhaps.
fn is_held_by_docker(machine: &Machine) -> bool {
    machine.port_holder.as_ref().is_some_and(|holder| holder.starts_with(DOCKER_PROXY))
}

/// What the target needs, with the ports that it holds already.
fn needs(context: &Context, profile: Profile, cluster: &Target) -> Needs {
    let mut needs = Needs {
        profile,
        port: context.port,
        own_ports: Vec::new(),
        cluster: cluster.name().to_owned(),
        servers: cluster.config.servers,
        nodes: cluster.config.servers + cluster.config.agents,
        k3s_image: cluster.config.image.clone(),
        lan: context.bind_address == "0.0.0.0",
    };
    match profile {
        Profile::K3d => needs.port = cluster.config.port,
        Profile::NativeK3s => {}
        Profile::Local => {
            let folder = Folder::of(context);
            needs.port = context.port_given.or(folder.last().map(|last| last.port)).unwrap_or(context.port);
            needs.own_ports.extend(folder.running().map(|running| running.port));
        }
    }
    needs
}

fn read(context: &Context, cluster: &Target, needs: Needs) -> Machine {
    let build = context.cargo_target_folder();
    let files = files();
    let release = files.get("/proc/sys/kernel/osrelease").map_or("", |text| text.trim()).to_owned();
    let modules = Path::new("/lib/modules").join(release);
    let is_wsl =
        files.get("/proc/version").is_some_and(|version| version.to_lowercase().contains("microsoft"));
    Machine {
        needs,
        os: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        is_root: rustix::process::geteuid().is_root(),
        files,
        paths: PATHS.into_iter().filter(|path| Path::new(path).exists()).collect::<BTreeSet<_>>(),
        variables: variables(),
        programs: programs(),
        root: context.root.clone(),
        state: context.state.clone(),
        state_writable: is_writable(&context.state),
        build_writable: is_writable(&build),
        build_disk: disk(&build),
        build,
        engine_disk: None,
        modules_folder: modules.is_dir(),
        vxlan_module: has_vxlan(&modules),
        mtus: mtus(),
        delegated_controllers: delegated_controllers(),
        wsl_config: if is_wsl { wsl::config() } else { String::new() },
        git_config: text(&context.root.join(".git/config")) + &text(&home().join(".gitconfig")),
        musl_toolchain: cfg!(target_env = "musl"),
        docker: docker_cli::read(&home()),
        engine: Err(ProbeError::NoSocket(String::new())),
        clock_skew_s: None,
        network_policies: cluster.is_made().then(|| enforcement::told(cluster.folder())),
        port_holder: None,
        kubeconfig: kubeconfig::read(&cluster.kubeconfig()),
        slow: None,
    }
}

/// Asked of the system itself, unless a container of Docker or our own process is known to hold it.
fn port_holder(context: &Context, machine: &Machine) -> Option<String> {
    let port = machine.needs.port;
    let ours = machine.needs.own_ports.contains(&port);
    let published = machine.engine().is_some_and(|engine| holds(engine, port));
    if ours || published || ports::is_free(context.bind_address, port) {
        return None;
    }
    Some(ports::owner(port).map_or_else(|| "a program of another user".to_owned(), |owner| owner.to_string()))
}

fn holds(engine: &Probe, port: u16) -> bool {
    engine
        .containers
        .iter()
        .any(|one| one.is_running() && one.ports.iter().any(|held| held.host_port == port))
}

fn files() -> BTreeMap<&'static str, String> {
    let read = |path: &'static str| match path {
        // What systemd and its services see, where we may look.
        "/proc/mounts" => some_text("/proc/1/mounts").or_else(|| some_text("/proc/self/mounts")),
        _ => some_text(path),
    };
    FILES.into_iter().filter_map(|path| Some((path, read(path)?))).collect()
}

fn some_text(path: impl AsRef<Path>) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn text(path: &Path) -> String {
    some_text(path).unwrap_or_default()
}

fn home() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

fn variables() -> BTreeMap<&'static str, String> {
    let set = |name: &'static str| Some((name, std::env::var(name).ok().filter(|value| !value.is_empty())?));
    VARIABLES.into_iter().filter_map(set).collect()
}

fn programs() -> BTreeMap<&'static str, PathBuf> {
    PROGRAMS.into_iter().filter_map(|name| Some((name, processes::find(name)?))).collect()
}

/// The nearest folder that exists decides: commands make the rest.
fn is_writable(folder: &Path) -> bool {
    let existing = folder.ancestors().find(|folder| folder.exists());
    existing.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok())
}

fn disk(folder: &Path) -> Option<Disk> {
    let existing = folder.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(existing).ok()?;
    Some(Disk {
        free_bytes: stat.f_bavail * stat.f_frsize,
        total_bytes: stat.f_blocks * stat.f_frsize,
        free_inodes: stat.f_favail,
        total_inodes: stat.f_files,
    })
}

fn has_vxlan(modules: &Path) -> bool {
    let built_in = text(&modules.join("modules.builtin")) + &text(&modules.join("modules.dep"));
    built_in.contains("/vxlan.ko")
}

fn mtus() -> BTreeMap<String, u32> {
    let interfaces = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let mtu = text(&entry.path().join("mtu")).trim().parse().ok()?;
        Some((entry.file_name().into_string().ok()?, mtu))
    };
    interfaces.filter_map(read).collect()
}

/// Where systemd keeps what a user's own services, rootless Docker among them, may use.
fn delegated_controllers() -> Option<String> {
    let uid = rustix::process::getuid().as_raw();
    let folder = format!("/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service");
    some_text(Path::new(&folder).join("cgroup.controllers"))
}
