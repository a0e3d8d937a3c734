//! Programs and folders that the commands need.

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// The first k3d that reads our config (k3d.io/v1alpha5).
const K3D_MIN: [u32; 3] = [5, 5, 0];
/// The first k3d whose Docker library speaks API 1.44.
const K3D_API_144: [u32; 3] = [5, 6, 3];

pub const FAMILY: Family = Family {
    title: "Tools",
    section: "tools",
    about: "A Rust toolchain, a C compiler, and for clusters Docker and k3d 5.5 or newer. Nothing needs root; a \
            command under `sudo` leaves files that the next one without it cannot write.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("compiler-missing", "there is no C compiler")
        .check([Fail, Fail, Fail], |machine| (!machine.has("cc")).then(|| Found::new("cc is not on PATH")))
        .cause("The embedded database and the linker need one.")
        .fix("Debian, Ubuntu: sudo apt-get install -y build-essential. Fedora: sudo dnf install -y gcc. macOS: xcode-select --install"),
    Rule::new("rust-target-missing", "the toolchain does not link against the target's libc")
        .check([Warn, Warn, Warn], musl_toolchain)
        .cause("The server is built for {triple}, and this toolchain brings another standard library.")
        .fix("rustup target add {triple}")
        .repair(&["rustup", "target", "add", "{triple}"])
        .log(
            r"the `(?P<triple>[\w-]+)` target may not be installed",
            "  = note: the `x86_64-unknown-linux-gnu` target may not be installed",
        )
        .certain(),
    Rule::new("k3d-not-installed", "k3d is not installed")
        .check([Silent, Fail, Info], |machine| (!machine.has("k3d")).then(|| Found::new("k3d is not on PATH")))
        .cause("Clusters are made by k3d.")
        .fix("curl -fsSL https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash (macOS: brew install k3d)")
        .log(r"k3d: (?:command )?not found", "bash: k3d: command not found")
        .certain(),
    Rule::new("k3d-too-old", "k3d is too old")
        .check([Silent, Fail, Silent], |machine| older(machine, K3D_MIN))
        .cause("It does not know the format of manifests/cluster/k3d.yaml (k3d.io/v1alpha5).")
        .fix("curl -fsSL https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash (macOS: brew upgrade k3d)"),
    Rule::new("docker-client-too-old", "k3d is too old for this engine")
        .check([Silent, Fail, Silent], docker_client_too_old)
        .cause("Docker 29.0 to 29.2 refuses clients that speak an API before 1.44, and so does whatever is configured like them.")
        .fix("upgrade k3d (or the client that was refused), or Docker to 29.3; or \"min-api-version\": \"1.40\" in /etc/docker/daemon.json")
        .log(
            r"client version (?P<version>\S+) is too old\. Minimum supported API version is (?P<minimum>[\d.]+\d)",
            "Error response from daemon: client version 1.43 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version",
        )
        .certain(),
    Rule::new("state-not-writable", "the state of the commands cannot be written")
        .check([Silent, Fail, Fail], state_not_writable)
        .cause("An earlier `sudo cargo xtask` may have made it.")
        .fix("sudo chown -R $USER: {state}, or set XDG_STATE_HOME"),
    Rule::new("build-folder-not-writable", "cargo cannot write where it builds")
        .check([Silent, Fail, Fail], build_folder_not_writable)
        .cause("An earlier `sudo cargo` may have made it, or the clone is read-only.")
        .fix("sudo chown -R $USER: {build}, or set CARGO_TARGET_DIR"),
    Rule::new("sudo", "the command runs under sudo")
        .check([Info, Warn, Warn], sudo)
        .cause("State, build and Docker's config then belong to root, and the next command without sudo cannot write them.")
        .fix("run it as {user} without sudo; for Docker: sudo usermod -aG docker $USER, then log in again"),
    Rule::new("target-cpu-native", "the build is told to use this processor's instructions")
        .check([Silent, Info, Silent], target_cpu_native)
        .cause("A binary built so dies with SIGILL on another processor; the static build leaves RUSTFLAGS out.")
        .fix("unset RUSTFLAGS before building what others run"),
    Rule::new("git-autocrlf", "git writes Windows line ends")
        .check([Warn, Warn, Warn], autocrlf)
        .cause("Scripts of the clone then start with `#!/bin/sh^M`, which no system has.")
        .fix("git config --global core.autocrlf input, then clone again")
        .log(r"\^M: bad interpreter|/usr/bin/env: .*\\r|no such file or directory.*\\r|\$'\\r': command not found", "bash: ./.ci/run: /bin/sh^M: bad interpreter: No such file or directory")
        .certain(),
];

fn docker_client_too_old(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let (_, minor) = engine.minimum_api_version.split_once('.')?;
    let strict = minor.parse::<u32>().ok()? >= 44;
    let found = older(machine, K3D_API_144).filter(|_| strict)?;
    Some(Found::new(format!(
        "{}; the engine wants API {} or newer",
        found.evidence, engine.minimum_api_version
    )))
}

fn state_not_writable(machine: &Machine) -> Option<Found> {
    let state = machine.state.display();
    (!machine.state_writable).then(|| Found::new(format!("{state} cannot be written")).with("state", state))
}

fn build_folder_not_writable(machine: &Machine) -> Option<Found> {
    let build = machine.build.display();
    (!machine.build_writable).then(|| Found::new(format!("{build} cannot be written")).with("build", build))
}

fn sudo(machine: &Machine) -> Option<Found> {
    let user = machine.variable("SUDO_USER")?;
    machine.is_root.then(|| Found::new(format!("SUDO_USER={user}, and this is root")).with("user", user))
}

fn target_cpu_native(machine: &Machine) -> Option<Found> {
    let flags = machine.variable("RUSTFLAGS")?;
    flags.contains("target-cpu=native").then(|| Found::new(format!("RUSTFLAGS={flags}")))
}

/// A toolchain for musl brings no standard library for glibc.
fn musl_toolchain(machine: &Machine) -> Option<Found> {
    let triple = crate::binary::static_triple()?;
    (machine.is_linux() && machine.musl_toolchain)
        .then(|| Found::new("the toolchain's own target is musl").with("triple", triple))
}

fn older(machine: &Machine, minimum: [u32; 3]) -> Option<Found> {
    let version = machine.slow.as_ref()?.k3d_version.as_deref()?;
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let parts: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    (parts < minimum).then(|| Found::new(format!("k3d is {version}")))
}

fn autocrlf(machine: &Machine) -> Option<Found> {
    let line = machine
        .git_config
        .lines()
        .map(str::trim)
        .find(|line| line.to_ascii_lowercase().starts_with("autocrlf"))?;
    let (_, value) = line.split_once('=')?;
    value.trim().eq_ignore_ascii_case("true").then(|| Found::new(format!("git config: core.{line}")))
}
