//! How containers end: only logs, events and `kubectl describe` show it.

use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "How containers end",
    section: "how-containers-end",
    about: "1 and 101: the program's own error. 126, 127: it could not be started. 137: killed, by the memory limit \
            when it says OOMKilled. 139: crashed. 143: asked to end, and did.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("exit-1-app-error", "the program ended with an error")
        .cause("Its own log says why: a missing variable, a database that refused, a bad setting. 101 is a panic of Rust.")
        .fix("kubectl logs --previous <pod> | cargo xtask doctor --log -")
        .log(r#"(?:Exit Code:\s+|"?exitCode"?:\s*)(?P<code>1|2|101)\b"#, "      Exit Code:    101")
        .kind(Kind::Consequence),
    Rule::new("exit-0-completed-loop", "the program ends although nothing is wrong")
        .cause("It went into the background, got the wrong arguments, or read the end of its input; Kubernetes starts it again.")
        .fix("run it in the foreground, or make it a Job")
        .tell("kubectl describe pod: Last State: Completed, Exit Code 0, and restarts that go up")
        .log(r"Reason:\s+Completed", "    Last State:     Terminated\n      Reason:       Completed\n      Exit Code:    0")
        .with(r"CrashLoopBackOff|Back-off restarting|Restart Count:\s+[1-9]|Last State:\s+Terminated")
        .without(r"Exit Code:\s+[1-9]"),
    Rule::new("exit-126-127-command", "the program cannot be started")
        .cause("127: it is not there, or its dynamic loader is not (a glibc binary on Alpine or scratch). 126: it is not executable, or a script has Windows line ends.")
        .fix("check the path and chmod +x; link statically (cargo xtask image does); for scripts: .gitattributes with *.sh text eol=lf")
        .tell("docker run --rm --entrypoint ls <image> -l <path>: not there, not executable, or ldd names a missing loader")
        .log(
            r#"exec: "(?P<program>[^"]+)": (?:executable file not found in \$PATH|permission denied|stat \S+: no such file or directory)|(?:Exit Code:\s+|"?exitCode"?:\s*)12[678]\b|/bin/(?:ba)?sh\S*: .*: not found$|no such file or directory: unknown|: \d+: \S+: not found$|exited with code 127|exit (?:code|status):? 127\b"#,
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/app/server\": stat /app/server: no such file or directory: unknown",
        )
        .except("docker-credential|exec: \"docker\"|nvidia|vfkit|gvproxy|qemu|lookup|manifest unknown|error mounting|to rootfs"),
    Rule::new("exit-137", "a container was killed")
        .cause("With OOMKilled: its memory. With a failed liveness probe: it did not end in time. With the node gone too: the machine's memory.")
        .fix("kubectl describe pod <pod>: the reason and the events decide")
        .answers(&["container-memory-limit", "machine-out-of-memory"])
        .log(
            r"(?:Exit Code:\s+|exitCode\x22?:\s*|exited with code |exit code:? ?)137\b|Exited \(137\)|status=137",
            "3f2a1c9d8e7b   rancher/k3s:v1.34.4-k3s1   \"/bin/k3d-entrypoint.…\"   Exited (137) 2 minutes ago   k3d-k3s-local-agent-0",
        )
        .except("OOMKilled")
        .kind(Kind::Consequence),
    Rule::new("exit-139-segv", "a program crashed below its own language")
        .cause("139: a bad address. 132: an instruction that this processor does not have (target-cpu=native built elsewhere). 134: abort.")
        .fix("build without -C target-cpu=native and for the same libc")
        .answers(&["app-panic", "cpu-feature-missing"])
        .tell("dmesg | grep -iE 'segfault|trap': the line names the library; 132 is an instruction that the processor lacks")
        .log(
            r"(?:Exit Code:\s+|exitCode\x22?:\s*|exited with code |exit code:? ?)(?P<code>139|134)\b",
            "      Exit Code:    139",
        ),
    Rule::new("exit-143-sigterm", "a container was asked to end and did")
        .cause("A rollout, a drain or a failed probe: no failure by itself. 143 says that it ended in time, 137 that it did not.")
        .fix("nothing, unless events show a failing liveness probe")
        .log(r#"(?:Exit Code:\s+|"?exitCode"?:\s*)143\b"#, "      Exit Code:    143")
        .kind(Kind::Decoy),
    Rule::new("crash-loop", "a container ends again and again")
        .cause("It follows from how it ended the last time.")
        .fix("kubectl logs --previous <pod> | cargo xtask doctor --log -")
        .log(r"CrashLoopBackOff|Back-off restarting failed container", "room-0   0/1     CrashLoopBackOff   5 (12s ago)   3m4s")
        .except("svclb-")
        .kind(Kind::Consequence),
];
