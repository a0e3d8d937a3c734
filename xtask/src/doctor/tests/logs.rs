//! Known failures in the text of logs: every pattern on a line that it is for.

use crate::doctor::log::{Match, explain, patterns};
use crate::doctor::rule::{Certainty, Kind};
use crate::doctor::{handbook, rules};

fn matches(text: &str) -> Vec<Match> {
    explain(text.as_bytes()).unwrap().matches
}

#[track_caller]
fn first(text: &str) -> &'static str {
    matches(text).first().unwrap_or_else(|| panic!("nothing known in {text}")).id
}

#[test]
fn every_pattern_compiles_and_needs_a_word() {
    assert_eq!(patterns(), Ok(()));
}

#[test]
fn every_text_is_recognised_first_by_its_example_alone() {
    let mut wrong = Vec::new();
    for (_, rule) in rules::all() {
        for log in rule.says() {
            let beside = |pattern: &str| rules_beside(pattern);
            let text = format!("{}{}", beside(log.with), log.example);
            let found = matches(&text);
            let first = found.iter().find(|one| one.kind <= log.kind).map(|one| one.id);
            if first != Some(rule.id) {
                let ids: Vec<&str> = found.iter().map(|one| one.id).collect();
                wrong.push(format!("{}: {ids:?} in {}", rule.id, log.example));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A line that a `with` asks for.
fn rules_beside(pattern: &str) -> &'static str {
    match pattern {
        "" => "",
        pattern if pattern.contains("bbolt") => "go.etcd.io/bbolt.(*Bucket).Cursor(...)\n",
        pattern if pattern.contains("CrashLoop") => "Restart Count:  5\n",
        _ => "Linux version 6.6.87.2-microsoft-standard-WSL2\n",
    }
}

#[test]
fn what_is_not_certain_says_how_to_tell() {
    let silent: Vec<&str> = rules::all()
        .filter(|(_, rule)| rule.tell.is_empty())
        .filter(|(_, rule)| {
            rule.says().any(|log| log.kind == Kind::Cause && log.certainty < Certainty::Certain)
        })
        .map(|(_, rule)| rule.id)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn nothing_is_deleted_before_a_check_and_never_without_saying_what_is_lost() {
    let destroys = [
        "prune -a",
        "rm -rf",
        "snap remove",
        "--unregister",
        "delete pvc",
        "volume rm",
        "down -v",
        "kubeadm reset",
        "k3s-uninstall",
        "apt-get remove",
        "apt-get purge",
        "dropdb",
        "pg_resetwal",
        "flushall",
        "down && cargo xtask up",
        "--force --grace",
        "grace-period=0",
        "system reset",
        "factory",
        "delete node",
        "docker rmi",
    ];
    for (_, rule) in rules::all() {
        let found: Vec<&&str> = destroys.iter().filter(|word| rule.fix.contains(**word)).collect();
        assert!(found.is_empty(), "the fix of {} says {found:?}", rule.id);
        if !rule.last_resort.is_empty() {
            let says = ["lost", "deletes"].iter().any(|word| rule.last_resort.contains(word));
            assert!(says && !rule.tell.is_empty(), "{}", rule.id);
        }
    }
}

#[test]
fn the_handbook_is_what_the_rules_say() {
    let handbook = include_str!("../../../../docs/when-something-fails.md");
    assert!(handbook == handbook::page(), "renew it: cargo xtask doctor --handbook");
}

#[test]
fn examples_are_recognised_among_other_lines() {
    let noise = "time=\"2026-03-01T06:53:31Z\" level=info msg=\"Wrote kubeconfig\"\n".repeat(20);
    for (_, rule) in rules::all() {
        let Some(log) = rule.says().find(|log| log.with.is_empty()) else { continue };
        let text = format!("{noise}{}\n{noise}", log.example);
        let found = matches(&text);
        let mine = found.iter().find(|one| one.id == rule.id).unwrap_or_else(|| panic!("{}", rule.id));
        assert!((21..=23).contains(&mine.line), "{} at line {}", rule.id, mine.line);
    }
}

#[test]
fn ordinary_logs_mean_nothing() {
    let text = r#"
time="2026-03-01T06:53:31Z" level=info msg="Starting k3s v1.34.4+k3s1"
I0301 06:53:40.123456 1 node_controller.go:425] "Successfully synced" node="k3d-k3s-local-agent-0"
{"level":"info","role":"room","event":"match_start","room":"r-17","players":10}
Normal  Scheduled  12s  default-scheduler  Successfully assigned game-prod/room-0 to k3d-k3s-local-agent-0
Normal  Pulled     11s  kubelet  Container image "game-server:3f2a" already present on machine
10.42.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 612
   Compiling game-server v0.1.0
"#;
    assert_eq!(matches(text), []);
}

/// Lines of section 9 of our collection of failures, and others that people paste.
const LINES: [(&str, &str); 56] = [
    (
        r#"E1112 13:19:12.949300 27052 kubelet.go:1423] "Failed to start ContainerManager" err="system validation failed - wrong number of fields (expected 6, got 9)""#,
        "mounts-unescaped-space",
    ),
    (
        r#"k3s[811]: E0619 kubelet.go:1703] "Failed to start ContainerManager" err="system validation failed - Following Cgroup subsystem not mounted: [memory]""#,
        "cgroup-memory-controller-missing",
    ),
    (
        r#"time="2026-03-01T06:53:31Z" level=fatal msg="failed to find memory cgroup (v2)""#,
        "cgroup-memory-controller-missing",
    ),
    (
        r#"level=fatal msg="failed to find memory cgroup, you may need to add \"cgroup_memory=1 cgroup_enable=memory\" to your linux cmdline""#,
        "cgroup-memory-controller-missing",
    ),
    (
        r#"E0927 22:36:42 kubelet.go:1423] "Failed to start ContainerManager" err="cannot enter cgroupv2 \"/sys/fs/cgroup/kubepods\" with domain controllers -- it is in an invalid state""#,
        "cgroup-v2-root-not-evacuated",
    ),
    (
        r#"failed to run Kubelet: misconfiguration: kubelet cgroup driver: \"systemd\" is different from docker cgroup driver: \"cgroupfs\""#,
        "cgroup-driver-mismatch",
    ),
    (
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
        "docker-daemon-down",
    ),
    (
        "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.24/info\": dial unix /var/run/docker.sock: connect: permission denied",
        "docker-socket-permission",
    ),
    ("Cannot connect to the Docker daemon at tcp://docker:2376. Is the docker daemon running?", "dind-ci"),
    (
        "iptables v1.8.4 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
        "iptables-extension-missing",
    ),
    (
        "Error response from daemon: driver failed programming external connectivity: listen tcp4 0.0.0.0:8080: bind: address already in use",
        "port-taken-by-process",
    ),
    ("Error: bind: Address already in use (os error 98)", "port-taken-by-process"),
    (
        "Error response from daemon: Ports are not available: exposing port TCP 0.0.0.0:8080 -> 0.0.0.0:0: listen tcp 0.0.0.0:8080: bind: Only one usage of each socket address is normally permitted.",
        "port-taken-by-process",
    ),
    (
        "error getting credentials - err: exec: \"docker-credential-osxkeychain\": executable file not found in $PATH, out: ``",
        "docker-credential-helper",
    ),
    ("docker-credential-desktop.exe: Invalid argument", "docker-credential-helper"),
    ("dial tcp: lookup ghcr.io: Temporary failure in name resolution", "public-name-unresolved"),
    ("dial tcp: lookup index.example.org: no such host", "public-name-unresolved"),
    (
        "Unable to connect to the server: proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused",
        "proxy-env",
    ),
    (
        "Error response from daemon: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        "docker-subnet-exhausted",
    ),
    ("Get \"https://registry-1.docker.io/v2/\": net/http: TLS handshake timeout", "registry-connection-cut"),
    ("dial tcp 172.22.0.2:6443: connect: no route to host", "firewall-blocks"),
    ("fsnotify watcher init: inotify_init1: too many open files", "inotify-limits"),
    ("dial tcp 127.0.0.1:8080: socket: too many open files", "nofile-limit"),
    ("write /var/lib/docker/tmp/x: no space left on device", "disk-full"),
    (
        "Warning  Evicted  2m  kubelet  The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi",
        "disk-pressure",
    ),
    (
        "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }",
        "unschedulable-resources-taints",
    ),
    (
        "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available",
        "unschedulable-resources-taints",
    ),
    ("Warning  Failed  kubelet  Error: configmap \"match\" not found", "create-container-config-error"),
    (
        "Error: container has runAsNonRoot and image will run as root (pod: \"room-0\")",
        "create-container-config-error",
    ),
    ("storageclass.storage.k8s.io \"fast\" not found", "pvc-pending"),
    (
        "the HPA was unable to compute the replica count: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)",
        "hpa-unknown",
    ),
    (
        "Warning  Unhealthy  kubelet  Liveness probe failed: HTTP probe failed with statuscode: 503",
        "probe-failed",
    ),
    ("Startup probe failed: context deadline exceeded", "probe-failed"),
    ("standard_init_linux.go:228: exec user process caused: exec format error", "exec-format-error"),
    (
        "OCI runtime create failed: runc create failed: unable to start container process: exec: \"game-server\": executable file not found in $PATH: unknown",
        "exit-126-127-command",
    ),
    ("    Exit Code:    127", "exit-126-127-command"),
    ("\"lastState\":{\"terminated\":{\"exitCode\":139,\"reason\":\"Error\"}}", "exit-139-segv"),
    ("      Reason:       OOMKilled", "container-memory-limit"),
    ("thread 'room-0' (41) panicked at game-server/src/sim.rs:10:5:", "app-panic"),
    (
        "ctr: rpc error: code = NotFound desc = content digest sha256:36c1e4f0: not found",
        "k3d-import-containerd-store",
    ),
    ("Container image \"game-server:3f2a\" is not present with pull policy of Never", "image-never-pull"),
    (
        "Failed to pull image \"nats:2.99\": rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nats:2.99\": failed to resolve reference \"docker.io/library/nats:2.99\": docker.io/library/nats:2.99: not found",
        "image-not-found",
    ),
    (
        "pull access denied for acme/game, repository does not exist or may require 'docker login'",
        "image-private",
    ),
    ("denied: installation not allowed: ghcr.io/acme/game: 403 Forbidden", "ghcr-denied"),
    ("toomanyrequests: You have reached your pull rate limit.", "registry-rate-limit"),
    (
        "Error from server: Get \"https://172.20.0.3:10250/containerLogs\": tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, 172.20.0.4, not 172.20.0.3",
        "k3d-node-ip-changed",
    ),
    ("Error in configuration: context \"k3d-game\" does not exist", "kubeconfig-stale-or-wrong-context"),
    ("error: You must be logged in to the server (Unauthorized)", "kubeconfig-stale-or-wrong-context"),
    (
        "error: SchemaError(io.k8s.api.autoscaling.v2beta2): invalid object doesn't have additional properties",
        "kubectl-skew",
    ),
    (
        "nginx: [emerg] host not found in upstream \"k3d-game-server-0:6443\" in /etc/nginx/nginx.conf:11",
        "k3d-serverlb-stuck",
    ),
    ("** server can't find example.com.corp.local: NXDOMAIN", "public-name-unresolved"),
    (
        "Failed to create pod sandbox: rpc error: failed to set up sandbox container \"3f\" network for pod \"room-0\": cni plugin not initialized",
        "cni-config-missing",
    ),
    ("time=\"x\" level=fatal msg=\"flannel exited: failed to create vxlan interface\"", "vxlan-missing"),
    (
        "spec: MountVolume.SetUp failed for volume \"tls\" : secret \"game-tls\" not found",
        "mount-config-missing",
    ),
    (
        "error during connect: this error may indicate that the docker daemon is not running: open //./pipe/docker_engine",
        "engine-vm-down",
    ),
    (
        "Error response from daemon: Pool overlaps with other one on this address space",
        "docker-subnet-exhausted",
    ),
];

#[test]
fn lines_that_people_paste_are_recognised() {
    let wrong: Vec<String> = LINES
        .iter()
        .filter(|(line, id)| matches(line).first().map(|one| one.id) != Some(*id))
        .map(|(line, id)| format!("{id}: {:?} in {line}", matches(line).first().map(|one| one.id)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_story_of_the_mounts_table_is_told_whatever_stands_around_it() {
    let journal = r#"
systemd[1]: k3s.service: Scheduled restart job, restart counter is at 57.
k3s[811]: time="2026-03-02T09:59:58Z" level=warning msg="Failed to load kernel module br_netfilter with modprobe"
k3s[811]: E1202 09:14:07.551200 4121 kubelet.go:1703] "Failed to start ContainerManager" err="system validation failed - wrong number of fields (expected 6, got 7)"
systemd[1]: k3s.service: Main process exited, code=exited, status=1/FAILURE
   Active: activating (auto-restart) (Result: exit-code) since Mon 2026-03-02 10:00:00 CET; 2s ago
The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?
"#;
    let found = matches(journal);
    let kinds: Vec<(&str, Kind)> = found.iter().map(|one| (one.id, one.kind)).collect();
    let expected = [
        ("mounts-unescaped-space", Kind::Cause),
        ("k3s-restarts", Kind::Consequence),
        ("k3s-refused-6443", Kind::Consequence),
        ("k3s-modprobe-warning", Kind::Decoy),
    ];
    assert_eq!(kinds, expected);
    assert_eq!((found[0].line, found[0].count), (4, 1));
    assert!(found[0].text.contains("expected 6, got 7") && found[0].cause.contains("not about them"));
    assert_eq!(found[1].count, 3, "{:?}", found[1]);
}

#[test]
fn the_earliest_cause_comes_first_and_a_wrapper_never() {
    let text = "\
WARN[0022] warning: encountered fatal log from node k3d-game-server-0 (retrying 0/10): time=\"...\" level=fatal msg=\"failed to find memory cgroup (v2)\"
ERRO[0060] Failed to start server: dial tcp: lookup registry-1.docker.io: no such host
";
    let found = matches(text);
    let ids: Vec<&str> = found.iter().map(|one| one.id).collect();
    assert_eq!(ids, ["cgroup-memory-controller-missing", "public-name-unresolved", "k3d-create-hangs"]);
    assert_eq!(found[2].fix, "docker logs --tail 200 <node> 2>&1 | cargo xtask doctor --log -");
}

#[test]
fn colours_carriage_returns_and_nested_quotes_do_not_hide_anything() {
    let text = "\u{1b}[31mERRO\u{1b}[0m[0001] level=error msg=\"... \\\\\\\"overlayfs\\\\\\\" snapshotter cannot be enabled for \\\\\\\"/var/lib\\\\\\\", try\"\r\n";
    assert_eq!(first(text), "snapshotter-overlay");
}

#[test]
fn values_of_the_line_reach_the_fix() {
    let found = matches("encountered fatal log from node k3d-a-server-0 (retrying 1/10): ...");
    assert_eq!((found[0].id, found[0].kind), ("k3d-create-hangs", Kind::Consequence));
    let found = matches("Bind for 0.0.0.0:8080 failed: port is already allocated");
    assert!(found[0].text.contains("8080"));
}
