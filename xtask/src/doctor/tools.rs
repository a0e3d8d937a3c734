//! Programs and folders that the commands need.

use crate::binary::static_triple;
use crate::doctor::machine::Machine;
use crate::doctor::{Finding, Level, Needs};

pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !machine.has("cc") {
        findings.push(
            Finding::new("compiler-missing", Level::Fail, "there is no C compiler (cc) on PATH")
                .because("The embedded database and the linker need one.")
                .fix("Debian, Ubuntu: sudo apt-get install -y build-essential; Fedora: sudo dnf install gcc; macOS: xcode-select --install"),
        );
    }
    findings.extend(static_target(machine));
    match machine.programs.get("k3d") {
        Some(path) => findings.push(Finding::ok("k3d", format!("k3d at {}", path.display()))),
        None => findings.push(
            Finding::new("k3d-not-installed", needs.for_cluster(Level::Fail), "k3d is not installed")
                .fix("curl -fsSL https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash (macOS: brew install k3d)"),
        ),
    }
    if machine.state_writable {
        findings.push(Finding::ok("state", format!("state in {}", machine.state.display())));
    } else {
        findings.push(
            Finding::new(
                "state-not-writable",
                Level::Fail,
                format!("{} cannot be written", machine.state.display()),
            )
            .because("An earlier `sudo cargo xtask` may have made it.")
            .fix(format!("sudo chown -R $USER: {}, or set XDG_STATE_HOME", machine.state.display())),
        );
    }
    findings
}

/// rustup brings the standard library of the compiler's own host; a static build may need another.
fn static_target(machine: &Machine) -> Option<Finding> {
    let triple = static_triple()?;
    let musl = cfg!(target_env = "musl");
    (musl && machine.has("rustup")).then(|| {
        Finding::new("rust-target-missing", Level::Warn, format!("the toolchain is not for {triple}"))
            .because("The server is built for that target.")
            .fix(format!("rustup target add {triple}"))
            .repaired_by(&["rustup", "target", "add", &triple])
    })
}
