//! The engine and the way to it.

use super::*;
use crate::docker::probe::ProbeError;
use crate::doctor::rule::Profile::K3d;

const SOCKET: &str = "unix:///var/run/docker.sock";

pub fn cases() -> Vec<Case> {
    [ENDPOINT, SETTINGS, KIND].concat()
}

const ENDPOINT: &[Case] = &[
    on(
        K3d,
        linux,
        "docker-not-installed",
        |m| {
            m.engine = Err(ProbeError::NoSocket(SOCKET.to_owned()));
            without(m, "docker");
        },
        |m| m.engine = Err(ProbeError::NoSocket(SOCKET.to_owned())),
    ),
    on(
        K3d,
        wsl,
        "wsl-integration-off",
        |m| {
            m.engine = Err(ProbeError::NoSocket(SOCKET.to_owned()));
            m.programs
                .insert("docker", PathBuf::from("/mnt/c/Program Files/Docker/Docker/resources/bin/docker"));
        },
        |m| m.engine = Err(ProbeError::NoSocket(SOCKET.to_owned())),
    ),
    on(
        K3d,
        linux,
        "docker-daemon-down",
        |m| m.engine = Err(ProbeError::Refused(SOCKET.to_owned())),
        |m| {
            m.engine = Err(ProbeError::Permission(SOCKET.to_owned()));
        },
    ),
    on(
        K3d,
        wsl,
        "docker-daemon-down",
        |m| m.engine = Err(ProbeError::NoSocket(SOCKET.to_owned())),
        |m| {
            m.engine = Err(ProbeError::NoSocket(SOCKET.to_owned()));
            without(m, "docker");
        },
    ),
    on(
        K3d,
        linux,
        "docker-socket-permission",
        |m| m.engine = Err(ProbeError::Permission(SOCKET.to_owned())),
        |m| {
            m.engine = Err(ProbeError::Permission(SOCKET.to_owned()));
            m.docker.in_socket_group = true;
        },
    ),
    on(
        K3d,
        linux,
        "docker-group-not-in-session",
        |m| {
            m.engine = Err(ProbeError::Permission(SOCKET.to_owned()));
            m.docker.in_socket_group = true;
        },
        |m| m.docker.in_socket_group = true,
    ),
    on(
        K3d,
        linux,
        "docker-hangs",
        |m| m.engine = Err(ProbeError::Timeout(SOCKET.to_owned())),
        |m| {
            m.engine = Err(ProbeError::Refused(SOCKET.to_owned()));
        },
    ),
    on(
        K3d,
        macos,
        "docker-desktop-paused",
        |m| {
            m.engine =
                other("Docker Desktop is manually paused. Unpause it through the Whale menu or Dashboard.")
        },
        |m| m.engine = other("404 page not found"),
    ),
    on(
        K3d,
        linux,
        "docker-endpoint",
        |m| m.engine = other("404 page not found"),
        |m| {
            m.engine = other("Docker Desktop is manually paused.");
        },
    ),
    on(
        K3d,
        linux,
        "docker-context-missing",
        |m| {
            m.docker.context = "desktop-linux".to_owned();
            m.docker.context_known = false;
        },
        |m| m.docker.context = "desktop-linux".to_owned(),
    ),
    on(
        K3d,
        linux,
        "docker-remote-engine",
        |m| engine(m).endpoint = "ssh://ana@build.example".to_owned(),
        |m| engine(m).endpoint = "unix:///run/user/1000/docker.sock".to_owned(),
    ),
];

fn other(text: &str) -> Result<Probe, ProbeError> {
    Err(ProbeError::Other(SOCKET.to_owned(), text.to_owned()))
}

const SETTINGS: &[Case] = &[
    on(
        K3d,
        linux,
        "docker-host-overrides-context",
        |m| {
            variable(m, "DOCKER_HOST", "unix:///run/podman/podman.sock");
            m.docker.context = "colima".to_owned();
        },
        |m| variable(m, "DOCKER_HOST", SOCKET),
    ),
    on(
        K3d,
        linux,
        "docker-sock-unset",
        |m| engine(m).endpoint = "unix:///run/user/1000/docker.sock".to_owned(),
        |m| {
            engine(m).endpoint = "unix:///run/user/1000/docker.sock".to_owned();
            variable(m, "DOCKER_SOCK", "/run/user/1000/docker.sock");
        },
    ),
    on(K3d, linux, "docker-config-owned-by-root", |m| m.docker.config_unreadable = true, |_| {}),
    on(
        K3d,
        linux,
        "docker-config-invalid",
        |m| m.docker.config = r#"{"credsStore": "pass",}"#.to_owned(),
        |m| {
            m.docker.config = r#"{"credsStore": "pass"}"#.to_owned();
        },
    ),
    on(
        K3d,
        linux,
        "docker-credential-helper",
        |m| m.docker.missing_helpers = vec!["docker-credential-desktop".to_owned()],
        |m| m.docker.config = r#"{"credsStore": "pass"}"#.to_owned(),
    ),
    on(K3d, linux, "docker-api-version-set", |m| variable(m, "DOCKER_API_VERSION", "1.40"), |_| {}),
];

const KIND: &[Case] = &[
    on(
        K3d,
        linux,
        "docker-windows-containers",
        |m| engine(m).os_type = "windows".to_owned(),
        |m| {
            engine(m).os_type = String::new();
        },
    ),
    on(
        K3d,
        linux,
        "docker-too-old",
        |m| engine(m).api_version = "1.40".to_owned(),
        |m| {
            engine(m).api_version = "1.41".to_owned();
        },
    ),
    on(
        K3d,
        linux,
        "podman-engine",
        |m| m.engine = Ok(recorded(fixture!("version_podman.json"), fixture!("info_podman.json"))),
        |m| engine(m).version = "5.8.4".to_owned(),
    ),
    on(
        K3d,
        linux,
        "engine-rootless",
        |m| m.engine = Ok(recorded(fixture!("version_28.json"), fixture!("info_rootless.json"))),
        |m| m.engine = Ok(recorded(fixture!("version_podman.json"), fixture!("info_podman.json"))),
    ),
    on(
        K3d,
        linux,
        "docker-snap",
        |m| engine(m).root_folder = "/var/snap/docker/common/var-lib-docker".to_owned(),
        |m| {
            engine(m).root_folder = "/srv/docker".to_owned();
        },
    ),
    on(
        K3d,
        linux,
        "engine-in-vm",
        |m| m.engine = Ok(recorded(fixture!("version_colima.json"), fixture!("info_colima.json"))),
        |m| engine(m).name = "my-colima".to_owned(),
    ),
    on(K3d, linux, "clock-skew", |m| m.clock_skew_s = Some(-3600), |m| m.clock_skew_s = Some(4)),
    on(
        K3d,
        linux,
        "engine-warnings",
        |m| engine(m).warnings = vec!["WARNING: bridge-nf-call-iptables is disabled".to_owned()],
        |m| m.engine = Ok(recorded(fixture!("version_29.json"), fixture!("info_rocky_cgroup_v1.json"))),
    ),
];

#[test]
fn recorded_engines_are_recognised() {
    let kind = |version, info| recorded(version, info).kind();
    assert_eq!(kind(fixture!("version_28.json"), fixture!("info_ubuntu.json")), "Docker");
    assert_eq!(kind(fixture!("version_28.json"), fixture!("info_docker_desktop.json")), "Docker Desktop");
    assert_eq!(kind(fixture!("version_podman.json"), fixture!("info_podman.json")), "Podman");
    assert_eq!(kind(fixture!("version_colima.json"), fixture!("info_colima.json")), "Colima");
    let probe = recorded(fixture!("version_29.json"), fixture!("info_rocky_cgroup_v1.json"));
    assert_eq!((probe.cgroup_version.as_str(), probe.minimum_api_version.as_str()), ("1", "1.44"));
    assert_eq!(probe.storage("driver-type"), Some("io.containerd.snapshotter.v1"));
}

#[test]
fn colima_as_it_comes_is_too_small_for_a_cluster() {
    let mut machine = macos();
    machine.architecture = "aarch64";
    machine.engine = Ok(recorded(fixture!("version_colima.json"), fixture!("info_colima.json")));
    let failed: Vec<&str> = found(machine, K3d)
        .into_iter()
        .filter(|(_, level)| *level == Level::Fail)
        .map(|(id, _)| id)
        .collect();
    assert_eq!(failed, ["low-memory"]);
}
