//! The container engine: reachable, of the right kind, new enough.

use serde_json::Value;

use crate::docker::probe::{Probe, ProbeError};
use crate::doctor::machine::Machine;
use crate::doctor::{Finding, Level, Needs};

/// Docker 20.10, the oldest engine that k3d 5 works with.
const API_VERSION_MIN: (u32, u32) = (1, 41);
const START_LINUX: &str = "sudo systemctl start docker (without systemd: sudo service docker start)";

pub fn check(machine: &Machine, engine: &Result<Probe, ProbeError>, needs: &Needs) -> Vec<Finding> {
    let mut findings = match engine {
        Ok(probe) => reachable(probe, needs),
        Err(error) => vec![unreachable(machine, error, needs)],
    };
    findings.extend(settings(machine, needs));
    findings
}

/// Three ways not to answer, three different fixes.
fn unreachable(machine: &Machine, error: &ProbeError, needs: &Needs) -> Finding {
    let level = needs.for_cluster(Level::Fail);
    let evidence = error.to_string();
    match error {
        ProbeError::NoSocket(_) if machine.is_wsl2() => Finding::new("wsl-integration-off", level, evidence)
            .because("Docker Desktop is not running, or not switched on for this distribution.")
            .fix("start Docker Desktop; Settings > Resources > WSL integration: switch this distribution on"),
        ProbeError::NoSocket(_) if !machine.has("docker") => {
            Finding::new("docker-not-installed", level, "Docker is not installed").fix(install(machine))
        }
        ProbeError::NoSocket(_) | ProbeError::Refused(_) => {
            let finding = Finding::new("docker-daemon-down", level, evidence)
                .because("Docker is installed and does not run.");
            let startable = machine.is_root && machine.systemd && machine.has("systemctl");
            let finding = finding.fix(if machine.is_linux() {
                START_LINUX
            } else {
                "open Docker Desktop (or: colima start)"
            });
            if startable { finding.repaired_by(&["systemctl", "start", "docker"]) } else { finding }
        }
        ProbeError::Permission(_) => Finding::new("docker-socket-permission", level, evidence)
            .because("Only root and the group docker may; members of that group can become root.")
            .fix("sudo usermod -aG docker $USER, then log out and in (WSL: wsl --terminate <distribution>)"),
        ProbeError::Timeout(_) => Finding::new("docker-hangs", level, evidence)
            .because("The engine is starting, paused or overloaded.")
            .fix("look at Docker Desktop, or: sudo systemctl restart docker"),
        ProbeError::Other(..) => Finding::new("docker-endpoint", level, evidence)
            .because("Something else than a Docker engine is configured there.")
            .fix("unset DOCKER_HOST DOCKER_CONTEXT, or: docker context use default"),
    }
}

fn install(machine: &Machine) -> &'static str {
    if machine.is_linux() {
        "curl -fsSL https://get.docker.com | sh, then sudo usermod -aG docker $USER and log in again"
    } else {
        "install Docker Desktop or OrbStack, or: brew install colima docker && colima start --cpu 4 --memory 6"
    }
}

fn reachable(probe: &Probe, needs: &Needs) -> Vec<Finding> {
    let what = format!("{} {} at {}", kind(probe), probe.version, probe.endpoint);
    let mut findings = Vec::new();
    let fail = needs.for_cluster(Level::Fail);
    let warn = needs.for_cluster(Level::Warn);
    if !probe.os_type.is_empty() && probe.os_type != "linux" {
        findings.push(
            Finding::new(
                "docker-windows-containers",
                fail,
                format!("{what} runs {} containers", probe.os_type),
            )
            .fix("Docker Desktop's menu: Switch to Linux containers"),
        );
    }
    if version(&probe.api_version).is_some_and(|version| version < API_VERSION_MIN) {
        findings.push(
            Finding::new("docker-too-old", fail, format!("{what} speaks API {}", probe.api_version))
                .because("k3d 5 needs Docker 20.10 or newer (API 1.41).")
                .fix("upgrade Docker: https://docs.docker.com/engine/install"),
        );
    }
    if probe.root_folder.starts_with("/var/snap/docker") {
        findings.push(
            Finding::new("docker-snap", warn, "Docker is the snap package")
                .because("It sees only your home folder, which breaks what clusters mount.")
                .fix("sudo snap remove docker, then install it from https://docs.docker.com/engine/install"),
        );
    }
    if kind(probe) == "Podman" {
        findings.push(
            Finding::new("podman-engine", warn, format!("{what} is Podman"))
                .because("k3d calls its support for Podman experimental; it needs the system socket.")
                .fix("use Docker, or: sudo systemctl enable --now podman.socket; export DOCKER_HOST=unix:///run/podman/podman.sock DOCKER_SOCK=/run/podman/podman.sock"),
        );
    }
    if probe.endpoint.starts_with("tcp://") || probe.endpoint.starts_with("ssh://") {
        findings.push(
            Finding::new("docker-remote-engine", warn, format!("the engine is remote: {}", probe.endpoint))
                .because("The game's port opens on that machine and not here.")
                .fix("unset DOCKER_HOST, or open the page at that machine's address"),
        );
    }
    if findings.is_empty() {
        findings.push(Finding::ok("engine", what));
    }
    findings
}

fn kind(probe: &Probe) -> &'static str {
    let system = probe.operating_system.to_ascii_lowercase();
    if probe.version.starts_with(['4', '5']) && version(&probe.api_version) == Some((1, 41)) {
        return "Podman";
    }
    match system.as_str() {
        "docker desktop" => "Docker Desktop",
        "orbstack" => "OrbStack",
        _ if system.contains("rancher desktop") => "Rancher Desktop",
        _ => "Docker",
    }
}

/// What the files and variables of the docker CLI say about the engine.
fn settings(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let warn = needs.for_cluster(Level::Warn);
    if machine.docker_config_unreadable {
        findings.push(
            Finding::new("docker-config-owned-by-root", warn, "~/.docker/config.json cannot be read")
                .because("An earlier `sudo docker` made it.")
                .fix("sudo chown -R $USER: ~/.docker"),
        );
    }
    let config: Value = serde_json::from_str(&machine.docker_config).unwrap_or_default();
    if let Some(missing) = missing_helper(&config, &machine.credential_helpers) {
        findings.push(
            Finding::new(
                "docker-credential-helper",
                warn,
                format!("docker-credential-{missing} is not on PATH"),
            )
            .because("~/.docker/config.json names it, so that every pull fails, of public images too.")
            .fix("remove the key credsStore (or the entry of credHelpers) from ~/.docker/config.json"),
        );
    }
    let context = config["currentContext"].as_str().unwrap_or("default");
    if let Some(host) = machine.variable("DOCKER_HOST")
        && context != "default"
    {
        findings.push(
            Finding::new(
                "docker-endpoint",
                warn,
                format!("DOCKER_HOST={host} overrides the docker context {context}"),
            )
            .because("Clusters made with the other one seem to be gone.")
            .fix("unset DOCKER_HOST, or: docker context use default"),
        );
    }
    findings
}

/// The first credential helper that the config names and PATH does not have.
pub fn missing_helper(config: &Value, helpers: &[String]) -> Option<String> {
    let store = config["credsStore"].as_str().into_iter();
    let each =
        config["credHelpers"].as_object().into_iter().flatten().filter_map(|(_, helper)| helper.as_str());
    let mut wanted = store.chain(each).filter(|helper| !helper.is_empty());
    wanted.find(|helper| !helpers.iter().any(|there| there == helper)).map(str::to_owned)
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
