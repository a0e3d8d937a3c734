//! The engine itself: of the right kind, new enough, in time.

use crate::docker::probe::Probe;
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// Docker 20.10, the oldest engine that k3d 5 works with.
const API_VERSION_MIN: (u32, u32) = (1, 41);
/// Certificates of a node are made by its clock and checked by ours.
const SKEW_NOTICED_S: i64 = 5;
const SKEW_MAX_S: i64 = 60;

pub const FAMILY: Family = Family {
    title: "The engine",
    section: "the-engine",
    about: "Docker Engine 20.10 or newer, Docker Desktop, OrbStack, Colima and Rancher Desktop work. Podman and \
            rootless engines need what their findings say. A clock that stood still while a laptop slept makes \
            certificates look wrong.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("docker-windows-containers", "Docker runs Windows containers")
        .check([Silent, Fail, Silent], docker_windows_containers)
        .cause("Nodes of k3d are Linux containers.")
        .fix("Docker Desktop's menu: Switch to Linux containers")
        .log(
            r#"no matching manifest for windows/|image operating system "linux" cannot be used"#,
            "docker: no matching manifest for windows/amd64 10.0.19045 in the manifest list entries.",
        )
        .certain(),
    Rule::new("docker-too-old", "Docker is too old")
        .check([Silent, Fail, Silent], docker_too_old)
        .cause("k3d 5 needs Docker 20.10 or newer (API 1.41); older engines do not know cgroup v2.")
        .fix("upgrade Docker: https://docs.docker.com/engine/install (and unset DOCKER_API_VERSION)")
        .log(
            r"client version (?P<version>\S+) is too new\. Maximum supported API version is (?P<maximum>[\d.]+\d)",
            "Error response from daemon: client version 1.50 is too new. Maximum supported API version is 1.40",
        )
        .certain(),
    Rule::new("podman-engine", "the engine is Podman")
        .check([Silent, Warn, Silent], |machine| describe(machine, Probe::is_podman))
        .cause("k3d calls its support for Podman experimental: it needs version 4, the system's socket and its path.")
        .fix("use Docker; or sudo systemctl enable --now podman.socket; export DOCKER_HOST=unix:///run/podman/podman.sock DOCKER_SOCK=/run/podman/podman.sock")
        .tell("docker version: Podman Engine is this")
        .log(
            r"netaddr\.ParseIPPrefix",
            "FATA[0000] Failed Cluster Preparation: Failed Network Preparation: failed to parse IPAM config: netaddr.ParseIPPrefix(\"\"): no '/'",
        ),
    Rule::new("engine-rootless", "the engine runs without root")
        .check([Silent, Warn, Silent], |machine| describe(machine, |engine| engine.is_rootless() && !engine.is_podman()))
        .cause("Nodes then live in a user namespace: controllers must be delegated, ports below 1024 are refused, /dev/kmsg may be.")
        .fix("use the system's engine: docker context use default; else see cgroup-delegation-rootless and rootless-dev-kmsg"),
    Rule::new("docker-snap", "Docker is the snap package")
        .check([Silent, Warn, Silent], docker_snap)
        .cause("It sees only your home folder, which breaks what clusters mount.")
        .fix("use folders below your home; or Docker's own package (https://docs.docker.com/engine/install) beside it, after the images and volumes that you need are saved (docker save, docker cp): the snap takes its own along when it is removed")
        .tell("docker info | grep \"Docker Root Dir\": /var/snap/docker is this")
        .log(
            r"(?:snap/docker|snap\.docker|snap.*docker).*(?:read-only|denied|not permitted|no such file)",
            "Error response from daemon: error while creating mount source path '/var/snap/docker/common/x': mkdir /srv: read-only file system",
        )
        .except("overlay|failed to mount"),
    Rule::new("engine-in-vm", "the engine runs in a virtual machine")
        .check([Silent, Info, Silent], |machine| describe(machine, |engine| engine.in_virtual_machine() && !machine.is_wsl2()))
        .cause("Its memory, processors, disk and kernel settings are those of the machine inside; only published ports are reachable from here.")
        .fix("Docker Desktop: Settings > Resources. Colima: colima stop && colima start --cpu 4 --memory 6"),
    Rule::new("clock-skew", "the engine's clock is off")
        .check([Silent, Fail, Silent], clock_skew)
        .cause("The clock of a virtual machine stands still while a laptop sleeps, and certificates made since look as if they came from the future.")
        .fix("WSL: sudo hwclock -s, or wsl --shutdown in PowerShell. Docker Desktop, Colima: restart it. Linux: sudo timedatectl set-ntp true")
        .tell("date here and in the engine (docker run --rm alpine date): apart by more than a minute is this")
        .log(
            r"x509: certificate has expired or is not yet valid: current time \S+ is before",
            "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2026-03-01T08:00:00Z is before 2026-03-01T17:12:44Z",
        ),
    Rule::new("engine-warnings", "the engine warns about itself")
        .check([Silent, Info, Silent], engine_warnings)
        .cause("`docker info` shows the same lines; most are about features that nodes do not use.")
        .fix("nothing, unless a cluster does not start"),

    Rule::new("docker-network-missing", "a network that compose expects is not there ({network})")
        .cause("It is declared as external: somebody else must make it, or its name differs from the one that compose gives (project_name).")
        .tell("docker network ls | grep {network}")
        .fix("docker network create {network}, or correct its name (name: under the network)")
        .log(r"[Nn]etwork (?P<network>\S+) declared as external, but could not be found|^(?:Error(?: response from daemon)?: )?network (?P<missing>[\w.-]+) not found$|could not find a network matching|No such network", "network game_default declared as external, but could not be found")
        .certain(),
    Rule::new("docker-name-taken", "a container of that name exists already ({name})")
        .cause("An earlier one was not removed.")
        .answers(&["container-name-reserved"])
        .tell("docker ps -a --filter name={name}: what it is, and whether anything in it is still needed")
        .fix("docker start {name} to go on with it, or another --name; docker rm {name} when nothing in it is needed")
        .log(r"The container name \x22/?(?P<name>[^\x22]+)\x22 is already in use|container name \x22?(?P<podman>[^\s\x22]+)\x22? is already in use", "docker: Error response from daemon: Conflict. The container name \"/game\" is already in use by container \"3f2a\".")
        .certain(),
    Rule::new("docker-compose-missing", "this docker CLI has no compose")
        .cause("The plugin is not installed, or not where the CLI looks.")
        .tell("docker compose version; ls ~/.docker/cli-plugins /usr/libexec/docker/cli-plugins")
        .fix("sudo apt-get install -y docker-compose-plugin (or docker-compose-v2); macOS: brew install docker-compose and cliPluginsExtraDirs in ~/.docker/config.json")
        .log(r"'compose' is not a docker command|docker-compose: (?:command )?not found|unknown shorthand flag: 'f' in -f|unknown docker command: \x22compose", "docker: 'compose' is not a docker command.")
        .certain(),
    Rule::new("podman-dns-failed", "podman's names for containers do not work")
        .cause("aardvark-dns is missing, cannot listen at the network's gateway, or cannot read the name servers of the machine.")
        .answers(&["service-name-unresolved"])
        .tell("which aardvark-dns, ls /usr/libexec/podman; ss -lunp 'sport = :53'")
        .fix("install aardvark-dns of netavark's version; end what listens at port 53 of that address; name servers that are plain addresses in /etc/resolv.conf; then podman network reload --all")
        .log(r"aardvark-dns (?:failed to start|path does not exist|binary not found|runs in an error|exited)|netavark: .*(?:dns|aardvark)|Error starting server failed to (?:bind udp listener|get upstream nameservers)", "Error: netavark: error while applying dns entries: IO error: aardvark-dns failed to start: Error from child process")
        .certain(),
    Rule::new("podman-engine-told", "podman's runtime refuses")
        .cause("The words behind the colon are the runtime's own: a missing feature, a right, or a file.")
        .answers(&["podman-engine", "cgroup-delegation-rootless", "systemd-user-namespaces"])
        .tell("podman info --log-level=debug, and the same without rootless: sudo podman run")
        .fix("what the words name; newer crun and podman together")
        .log(r"^Error: (?:OCI runtime error: )?(?:crun|runc): |OCI runtime (?:attempted|permission denied)", "Error: OCI runtime error: crun: the requested cgroup controller `cpu` is not available"),
    Rule::new("msys-path-conversion", "the shell rewrote a path for Windows")
        .cause("Git Bash turns arguments that begin with / into paths below its own folder.")
        .tell("the path in the message begins with C:/Program Files/Git")
        .fix("MSYS_NO_PATHCONV=1 before the command, or // at the start of the path")
        .log(r"[A-Z]:[/\\](?:Program Files|PROGRA~1)[/\\]Git[/\\](?:usr|bin|app|data|var|etc|work|src)|exec: \x22[A-Z]:/", "OCI runtime exec failed: exec failed: unable to start container process: exec: \"C:/Program Files/Git/usr/bin/sh\": stat C:/Program Files/Git/usr/bin/sh: no such file or directory")
        .certain(),
];

fn docker_windows_containers(machine: &Machine) -> Option<Found> {
    let system = machine.engine()?.os_type.as_str();
    (!system.is_empty() && system != "linux").then(|| Found::new(format!("the engine's OSType is {system}")))
}

fn docker_too_old(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let old = version(&engine.api_version).is_some_and(|version| version < API_VERSION_MIN);
    old.then(|| Found::new(format!("{} {} speaks API {}", engine.kind(), engine.version, engine.api_version)))
}

fn docker_snap(machine: &Machine) -> Option<Found> {
    let folder = machine.engine()?.root_folder.as_str();
    folder.starts_with("/var/snap/docker").then(|| Found::new(format!("the engine stores in {folder}")))
}

fn clock_skew(machine: &Machine) -> Option<Found> {
    let skew = machine.clock_skew_s.filter(|skew| skew.abs() > SKEW_NOTICED_S)?;
    let direction = if skew < 0 { "behind" } else { "ahead of" };
    let found = Found::new(format!("the engine is {} s {direction} this machine", skew.abs()));
    Some(if skew.abs() > SKEW_MAX_S { found } else { found.at_most(Warn) })
}

fn engine_warnings(machine: &Machine) -> Option<Found> {
    let known = ["No memory limit support", "cgroup v1"];
    let lines =
        machine.engine()?.warnings.iter().filter(|line| !known.iter().any(|text| line.contains(text)));
    let lines: Vec<&str> = lines.map(|line| line.trim_start_matches("WARNING: ")).collect();
    (!lines.is_empty()).then(|| Found::new(lines.join("; ")))
}

fn describe(machine: &Machine, is_so: impl Fn(&Probe) -> bool) -> Option<Found> {
    let engine = machine.engine().filter(|engine| is_so(engine))?;
    Some(Found::new(format!("{} {} on {}", engine.kind(), engine.version, engine.operating_system)))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
