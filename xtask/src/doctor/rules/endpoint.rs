//! The way to the container engine: installed, running, ours to use, the one that is meant.

use crate::docker::probe::ProbeError;
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

const DEFAULT_SOCKET: &str = "unix:///var/run/docker.sock";

pub const FAMILY: Family = Family {
    title: "Reaching Docker",
    section: "reaching-docker",
    about: "Commands take the engine that the docker CLI would: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the \
            current context, else `/var/run/docker.sock`. No socket, nobody behind it, and no permission are three \
            things with three fixes.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("docker-not-installed", "Docker is not installed")
        .check([Silent, Fail, Info], not_installed)
        .cause("Nodes of a k3d cluster are containers.")
        .fix("Linux: curl -fsSL https://get.docker.com | sh, then sudo usermod -aG docker $USER and log in again. macOS: Docker \
              Desktop, OrbStack, or brew install colima docker && colima start --cpu 4 --memory 6")
        .log(
            r#"docker: (?:command )?not found|exec: "docker": executable file not found"#,
            "bash: docker: command not found",
        )
        .certain(),
    Rule::new("wsl-integration-off", "Docker Desktop does not serve this distribution")
        .check([Silent, Fail, Info], integration_off)
        .cause("Docker Desktop is not running, or its WSL integration is off for this distribution.")
        .fix("start Docker Desktop; Settings > Resources > WSL integration: switch this distribution on; open a new terminal")
        .log(
            r"The command '(?:docker|docker-compose)' could not be found in this WSL 2 distro",
            "The command 'docker' could not be found in this WSL 2 distro.",
        )
        .certain(),
    Rule::new("docker-daemon-down", "Docker does not run")
        .check([Silent, Fail, Info], daemon_down)
        .cause("Docker is installed, and nothing answers at its socket.")
        .fix("Linux: sudo systemctl start docker (without systemd: sudo service docker start). Docker Desktop: open it. Else: \
              colima start, podman machine start; or the context is wrong: docker context ls")
        .repair(&["systemctl", "start", "docker"])
        .answers(&["engine-vm-down", "docker-not-installed"])
        .tell("docker context ls shows which socket is asked, ls -l of that socket whether it is there, systemctl status docker whether the daemon runs")
        .log(
            r"Cannot connect to the Docker daemon at (?P<endpoint>\S+?)\. Is the docker daemon running|dial unix \S*docker\.sock: connect: (?:no such file|connection refused)|failed to connect to the docker API at (?P<api>\S+?);",
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        )
        .except(r"tcp://docker:237|\.colima|\.docker/(?:run|desktop)|\.orbstack|\.rd/|podman-machine|permission denied"),
    Rule::new("docker-socket-permission", "this user may not use Docker")
        .check([Silent, Fail, Info], |machine| refused(machine).filter(|_| !machine.docker.in_socket_group))
        .cause("Only root and the group of the socket may. Who is in that group can become root.")
        .fix("sudo usermod -aG docker $USER, then log out and in (WSL: wsl --terminate <distribution>)")
        .log(
            r"permission denied while trying to connect to the [Dd]ocker (?:daemon socket|API) at (?P<endpoint>\S+)|dial unix \S*(?:docker|podman)\S*\.sock: connect: permission denied",
            "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
        )
        .certain(),
    Rule::new("docker-group-not-in-session", "this session does not know yet that you may use Docker")
        .check([Silent, Fail, Info], |machine| refused(machine).filter(|_| machine.docker.in_socket_group))
        .cause("/etc/group lists you, but the session began before.")
        .fix("log out and in, or for this shell: newgrp docker (WSL: wsl --terminate <distribution>)"),
    Rule::new("docker-hangs", "Docker does not answer in time")
        .check([Silent, Fail, Info], |machine| match &machine.engine {
            Err(error @ ProbeError::Timeout(_)) => Some(Found::new(error.to_string())),
            _ => None,
        })
        .cause("The engine is starting, paused or overloaded.")
        .fix("look at Docker Desktop; on Linux: sudo systemctl restart docker"),
    Rule::new("docker-desktop-paused", "Docker Desktop is paused")
        .check([Silent, Fail, Info], |machine| other(machine).filter(|text| text.contains("paused")).map(Found::new))
        .cause("Somebody paused it by hand.")
        .fix("the whale menu > Resume (or: docker desktop restart)")
        .log(
            r"Docker Desktop is manually paused",
            "Error response from daemon: Docker Desktop is manually paused. Unpause it through the Whale menu or Dashboard.",
        )
        .certain(),
    Rule::new("docker-endpoint", "something else answers where Docker should")
        .check([Silent, Fail, Info], |machine| other(machine).filter(|text| !text.contains("paused")).map(Found::new))
        .cause("DOCKER_HOST or a docker context leads to something that is no Docker engine, or to one that is not reachable.")
        .fix("unset DOCKER_HOST DOCKER_CONTEXT, or: docker context use default")
        .tell("docker context ls and echo $DOCKER_HOST: another machine than you mean is this")
        .log(
            r"error during connect: .*(?:https?://|tcp://|ssh://)(?P<endpoint>[\w.-]+(?::\d+)?)",
            "error during connect: Get \"http://build.example:2375/v1.51/info\": dial tcp 192.0.2.7:2375: connect: connection timed out",
        )
        .except("pipe/docker|pipe%2F|%2Fpipe")
        .general(),
    Rule::new("docker-context-missing", "the docker context is not described anywhere")
        .check([Silent, Fail, Info], docker_context_missing)
        .cause("The engine that made it was removed (Docker Desktop, Colima), and the config still names its context.")
        .fix("docker context use default (or unset DOCKER_CONTEXT)")
        .log(
            r#"unable to resolve docker endpoint: context "(?P<context>[^"]+)": context not found"#,
            "Failed to initialize: unable to resolve docker endpoint: context \"desktop-linux\": context not found: open /home/ana/.docker/contexts/meta/fe9c/meta.json: no such file or directory",
        )
        .certain(),
    Rule::new("docker-host-overrides-context", "DOCKER_HOST and the docker context disagree")
        .check([Silent, Warn, Silent], docker_host_overrides_context)
        .cause("Clusters made with the other one seem to be gone.")
        .fix("unset DOCKER_HOST, or: docker context use default"),
    Rule::new("docker-sock-unset", "k3d's helper will look for another socket")
        .check([Silent, Warn, Silent], docker_sock_unset)
        .cause("The container that helps k3d gets DOCKER_SOCK, else /var/run/docker.sock, whatever the context says.")
        .fix("export DOCKER_SOCK={path}"),
    Rule::new("docker-remote-engine", "the engine runs on another machine")
        .check([Silent, Warn, Silent], docker_remote_engine)
        .cause("Ports of the game open on that machine and not here; checks of this machine's kernel and disks do not count.")
        .fix("unset DOCKER_HOST, or reach the ports through: ssh -L 8080:localhost:8080 <machine>"),
    Rule::new("docker-config-owned-by-root", "Docker's config cannot be read")
        .check([Silent, Warn, Silent], docker_config_owned_by_root)
        .cause("An earlier `sudo docker` made it.")
        .fix("sudo chown -R $USER: ~/.docker")
        .log(
            r"Error loading config file: .*config\.json: .*permission denied",
            "WARNING: Error loading config file: open /home/ana/.docker/config.json: permission denied",
        )
        .certain(),
    Rule::new("docker-config-invalid", "Docker's config is no JSON")
        .check([Silent, Warn, Silent], docker_config_invalid)
        .cause("The docker CLI and k3d stop at it, or take another engine than you think.")
        .fix("correct it, or start over: mv ~/.docker/config.json ~/.docker/config.json.old")
        .log(
            r"Error loading config file: .*config\.json: (?:invalid character|unexpected end|EOF)",
            "WARNING: Error loading config file: /home/ana/.docker/config.json: invalid character '}' looking for beginning of object key string",
        )
        .certain(),
    Rule::new("docker-credential-helper", "a program that pulls ask for passwords is missing")
        .check([Silent, Warn, Silent], docker_credential_helper)
        .cause("~/.docker/config.json names it, so that every pull fails, of public images too.")
        .fix("remove credsStore (or the entry of credHelpers) from ~/.docker/config.json")
        .log(
            r"docker-credential-(?:desktop|wincred|osxkeychain|pass|secretservice)\S*.*(?:executable file not found|Invalid argument|exec format error|not installed or not available)",
            "error getting credentials - err: exec: \"docker-credential-desktop.exe\": executable file not found in $PATH, out: \"\"",
        )
        .certain(),
    Rule::new("docker-api-version-set", "the version of Docker's API is pinned")
        .check([Silent, Warn, Silent], docker_api_version_set)
        .cause("Clients then do not agree on a version with the engine, and one of both refuses.")
        .fix("unset DOCKER_API_VERSION"),
];

fn docker_context_missing(machine: &Machine) -> Option<Found> {
    let cli = &machine.docker;
    (!cli.context_known).then(|| {
        Found::new(format!(
            "the current context is {}, and ~/.docker/contexts has no file for it",
            cli.context
        ))
    })
}

fn docker_host_overrides_context(machine: &Machine) -> Option<Found> {
    let (host, context) = (machine.variable("DOCKER_HOST")?, &machine.docker.context);
    (context != "default").then(|| Found::new(format!("DOCKER_HOST={host} wins over the context {context}")))
}

fn docker_sock_unset(machine: &Machine) -> Option<Found> {
    let endpoint = &machine.engine_here()?.endpoint;
    let unset = machine.variable("DOCKER_SOCK").is_none();
    let path = endpoint.strip_prefix("unix://")?;
    (unset && endpoint != DEFAULT_SOCKET).then(|| {
        Found::new(format!("the engine is at {endpoint}, and DOCKER_SOCK is not set")).with("path", path)
    })
}

fn docker_remote_engine(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let remote = ["tcp://", "ssh://", "http"].iter().any(|scheme| engine.endpoint.starts_with(scheme));
    remote.then(|| Found::new(format!("the endpoint is {}", engine.endpoint)))
}

fn docker_config_owned_by_root(machine: &Machine) -> Option<Found> {
    machine.docker.config_unreadable.then(|| Found::new("~/.docker/config.json is there and may not be read"))
}

fn docker_config_invalid(machine: &Machine) -> Option<Found> {
    let config = &machine.docker.config;
    let error = serde_json::from_str::<serde_json::Value>(config).err().filter(|_| !config.is_empty())?;
    Some(Found::new(format!("~/.docker/config.json: {error}")))
}

fn docker_credential_helper(machine: &Machine) -> Option<Found> {
    let missing = &machine.docker.missing_helpers;
    (!missing.is_empty()).then(|| Found::new(format!("{} is not on PATH", missing.join(", "))))
}

fn docker_api_version_set(machine: &Machine) -> Option<Found> {
    let version = machine.variable("DOCKER_API_VERSION")?;
    Some(Found::new(format!("DOCKER_API_VERSION={version}")))
}

fn no_socket(machine: &Machine) -> Option<Found> {
    match &machine.engine {
        Err(error @ ProbeError::NoSocket(_)) => Some(Found::new(error.to_string())),
        _ => None,
    }
}

/// The docker on the path of WSL may be Docker Desktop's stub, which lies on a Windows drive.
fn integration_off(machine: &Machine) -> Option<Found> {
    let own = machine.programs.get("docker").is_some_and(|path| !path.starts_with("/mnt/"));
    no_socket(machine).filter(|_| machine.is_wsl2() && !own)
}

fn not_installed(machine: &Machine) -> Option<Found> {
    no_socket(machine).filter(|_| !machine.is_wsl2() && !machine.has("docker"))
}

fn daemon_down(machine: &Machine) -> Option<Found> {
    match &machine.engine {
        Err(error @ ProbeError::Refused(_)) => Some(Found::new(error.to_string())),
        Err(ProbeError::NoSocket(_)) if machine.has("docker") && integration_off(machine).is_none() => {
            no_socket(machine)
        }
        _ => None,
    }
}

fn refused(machine: &Machine) -> Option<Found> {
    match &machine.engine {
        Err(error @ ProbeError::Permission(_)) => Some(Found::new(error.to_string())),
        _ => None,
    }
}

fn other(machine: &Machine) -> Option<String> {
    match &machine.engine {
        Err(error @ ProbeError::Other(..)) => Some(error.to_string()),
        _ => None,
    }
}
