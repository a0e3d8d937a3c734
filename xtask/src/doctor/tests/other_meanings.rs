//! What other programs write in the words of known failures, and how healthy ones begin: nobody is told a cause.

use crate::doctor::log::explain;

/// A log, and what it must not be taken for: the firm cause that it once got, or empty for any at all.
type Log = (&'static str, &'static str);

fn wrongly_firm(logs: &[Log]) -> Vec<String> {
    let root = |log: &str| explain(log.as_bytes()).unwrap().root().map(|one| one.id);
    logs.iter()
        .filter_map(|(log, never)| {
            let id = root(log)?;
            (never.is_empty() || id == *never).then(|| format!("{id}: {log}"))
        })
        .collect()
}

/// Lines without any fault, each for itself.
const NO_FAULT: &[Log] = &[
    ("Tolerations:     node.kubernetes.io/disk-pressure:NoSchedule op=Exists", ""),
    ("                 node.kubernetes.io/memory-pressure:NoSchedule op=Exists", ""),
    ("                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s", ""),
    ("                 node.kubernetes.io/unreachable:NoExecute op=Exists for 300s", ""),
    ("    key: node.kubernetes.io/disk-pressure", ""),
    ("    imagePullPolicy: IfNotPresent", ""),
    ("    Image Pull Policy:  IfNotPresent", ""),
    (
        "Init Containers:\n  migrate:\n    State:          Terminated\n      Reason:       Completed\n      Exit Code:    0\n    Ready:          True\n    Restart Count:  0",
        "",
    ),
    ("[    3.512345] EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: errors=remount-ro", ""),
    ("UUID=3f2a /               ext4    errors=remount-ro 0       1", ""),
    ("[    0.912345] kvm_amd: Nested Virtualization enabled", ""),
    ("[    5.112345] erofs: (device loop3): mounted with root inode @ nid 36.", ""),
    ("[    2.112345] blk_update_request: I/O error, dev fd0, sector 0 op 0x0:(READ)", ""),
    (
        "time=\"2026-03-01T06:53:31Z\" level=info msg=\"skip loading plugin\" error=\"EROFS unsupported, please `modprobe erofs`: skip plugin\" id=io.containerd.snapshotter.v1.erofs type=io.containerd.snapshotter.v1",
        "",
    ),
    (
        "time=\"2026-03-01T06:53:31Z\" level=info msg=\"skip loading plugin\" error=\"aufs is not supported (modprobe aufs failed: exit status 1 \\\"modprobe: FATAL: Module aufs not found in directory /lib/modules/6.8.0\\\\n\\\"): skip plugin\"",
        "",
    ),
    (
        "time=\"2026-03-01T06:53:31Z\" level=error msg=\"failed to load cni during init, please check CRI plugin status before setting up network for pods\" error=\"cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized: failed to load cni config\"",
        "",
    ),
    ("modprobe: FATAL: Module configs not found in directory /lib/modules/6.8.0-45-generic", ""),
    (
        "Warning  ImageGCFailed  5m  kubelet  failed to get imageFs info: unable to find data in memory cache",
        "",
    ),
    (
        "E1128 10:00:00.000001 1 kubelet.go:1302] \"Image garbage collection failed once. Stats initialization may not have completed yet\" err=\"failed to get imageFs info: unable to find data in memory cache\"",
        "",
    ),
    (
        "E1128 10:00:00.000001 1 memcache.go:287] couldn't get resource list for metrics.k8s.io/v1beta1: the server is currently unable to handle the request",
        "",
    ),
    ("I1128 10:00:00.000001 1 leaderelection.go:260] failed to acquire lease kube-system/kube-scheduler", ""),
    ("Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)", ""),
    ("I1128 10:00:00.000001 1 serving.go:386] Generated self-signed certificate in-memory", ""),
    ("        NotBefore: Mar  1 06:53:31 2026 GMT, NotAfter: Mar  1 06:53:31 2027 GMT", ""),
    ("WARNING:  database \"game\" has a collation version mismatch", ""),
    ("selecting default \"max_connections\" ... 100", ""),
    ("ERROR:  relation \"public.databasechangelog\" does not exist at character 22", ""),
    ("ERROR:  relation \"_prisma_migrations\" does not exist at character 126", ""),
    ("1:M 01 Mar 2026 10:00:00.000 # AOF loaded anyway because aof-load-truncated is enabled", ""),
    (
        "1:M 01 Mar 2026 10:00:00.000 # Warning: Could not create server TCP listening socket ::*:6379: unable to bind socket, errno: 97",
        "",
    ),
    ("1:M 01 Mar 2026 10:00:00.000 * Background saving terminated with success", ""),
    ("Connecting to postgres://game@db:5432/game?connect_timeout=10&sslmode=disable", ""),
    ("earlyoom[612]: sending SIGTERM when mem <= 10.00% and swap <= 10.00%,", ""),
    ("systemd[1]: Started systemd-oomd.service - Userspace Out-Of-Memory (OOM) Killer.", ""),
    ("Setting up uidmap (1:4.13+dfsg1-3ubuntu3) ... /usr/bin/newuidmap /usr/bin/newgidmap", ""),
    ("Filesystem / : 42 GB free disk space", ""),
    ("TERM environment variable not set.", ""),
    ("Config file not found, using default configuration", ""),
    ("Optional config value is missing, falling back", ""),
    ("warning: /home/dev/game/Cargo.toml: unused manifest key: package.homepages", ""),
    ("Port 5173 is in use, trying another one...", ""),
    ("Port 3000 is in use, trying 3001 instead.", ""),
    ("npm warn EBADENGINE Unsupported engine {", ""),
    ("    ✓ throws TypeError: name must be a string (3 ms)", ""),
    ("test config::required_variable_is_missing ... ok", ""),
    ("NullReferenceException: Object reference not set to an instance of an object", "app-panic"),
    (
        "dlopen failed trying to load: /root/.steam/sdk32/steamclient.so with error: cannot open shared object file: No such file or directory",
        "",
    ),
    ("Warning: unknown field \"spec.template.foo\"", "config-invalid"),
    ("Feature: Virtual Machine Platform : Enabled", ""),
    ("systemd[1]: Started snap.docker.dockerd.service - Service for snap application docker.dockerd.", ""),
    ("level=info msg=\"reconcile done\" failed=0 errors=0 state=\"no space left on device: none\"", ""),
    (
        "wsl: A localhost proxy configuration was detected but not mirrored into WSL. WSL in NAT mode does not support localhost proxies.",
        "",
    ),
    ("cache: Evicted 120 entries in 3 ms", ""),
    ("[INFO]  legacy mode detected", ""),
    ("INFO  sync finished: 12 objects, 0 permission denied, 0 connection refused", ""),
];

/// Faults, and what they are not.
const ANOTHER_FAULT: &[Log] = &[
    ("GET https://discord.com/api/v10/gateway: 429 Too Many Requests", "registry-rate-limit"),
    ("error: unknown option '--watch'", "iptables-extension-missing"),
    ("An address incompatible with the requested protocol was used. (10047)", "nats-jetstream-storage"),
    ("recv failed: bad address (10014)", "nats-jetstream-off"),
    ("System.OperationCanceledException: The operation was canceled.", "ci-runner-lost"),
    ("Vite manifest not found at: /var/www/html/public/build/manifest.json", "image-not-found"),
    ("failed to resolve dependency com.example:lib:1.0: 404 Not Found", "image-not-found"),
    ("remote: Incorrect username or password (access token)", "image-private"),
    (
        "Bearer error=\"insufficient_scope\", error_description=\"The access token is missing scopes\"",
        "image-private",
    ),
    ("Request to https://api.example.com/me failed with 401: Unauthorized", "serviceaccount-token-invalid"),
    ("{\"error\":\"Invalid bearer token\"}", "serviceaccount-token-invalid"),
    ("login failed: provided credentials are invalid", "kubeconfig-stale-or-wrong-context"),
    ("GL context 3.3 does not exist", "kubeconfig-stale-or-wrong-context"),
    ("mount: /mnt: must be superuser to use mount.", "postgres-rights"),
    ("LDAP authentication failed: invalid credentials", "postgres-auth"),
    ("gzip: invalid magic number", "postgres-wal-corrupt"),
    ("421 Too many connections from your internet address", "postgres-connections"),
    ("RTMP: stream not found", "nats-jetstream-off"),
    ("restored region store r.0.0.mca: chunk is corrupt", "nats-store-corrupt"),
    ("gst: error: stream is corrupt", "nats-store-corrupt"),
    ("smtp: authentication error 535", "nats-auth"),
    ("could not bind parameter 3: wrong type", "port-taken-by-process"),
    ("could not bind to LDAP server: invalid credentials", "port-taken-by-process"),
    ("failed to bind mount /srv/data: permission denied", "privileged-port-denied"),
    ("cannot create rolebinding game: permission denied", "privileged-port-denied"),
    (
        "error during container init: error mounting \"/srv/a\" to rootfs at \"/a\": no such file or directory: unknown",
        "exit-126-127-command",
    ),
    ("ERROR: the graphics driver OpenGL 2.1 is not supported", "vm-driver-unsupported"),
    ("The script engine failed to start", "engine-vm-down"),
    ("Error: the name Steve is already in use", "docker-name-taken"),
    ("unable to find IP of the opponent", "no-default-route"),
    (
        "rejected connection on client endpoint remote-addr=10.0.0.9:4242 error=\"tls: first record does not look like a TLS handshake\"",
        "etcd-peer-cert-rejected",
    ),
    ("Error: Stream is not writable", "volume-owner"),
    ("perform migration of /srv/x skipped: user lacks rights, Permission denied (publickey)", "volume-owner"),
    ("query failed: memory limit exceeded for query 4f", "container-memory-limit"),
    ("plugin version 3 not supported by this editor", "csi-driver-incompatible"),
    ("HHH000342: configuration is invalid? no: value required by profile", "app-config-missing"),
    ("I/O error on POST request for \"http://ranking:8080/score\": Connection reset", "disk-io-error"),
    (
        "org.postgresql.util.PSQLException: An I/O error occurred while sending to the backend.",
        "disk-io-error",
    ),
    ("oauth2: failed to validate token: token is expired", "k3s-token-mismatch"),
    ("jwt: failed to parse token: invalid token format", "k3s-token-malformed"),
    ("download of mod.jar: sha256 hash does not match", "node-password-rejected"),
    ("the user name steve is reserved for staff", "container-name-reserved"),
    ("route 127.0.0.1: port not found in board description", "traefik-service-missing"),
];

#[test]
fn lines_without_a_fault_get_no_cause() {
    let wrong = wrongly_firm(NO_FAULT);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_same_words_of_other_programs_are_not_taken_for_ours() {
    let wrong = wrongly_firm(ANOTHER_FAULT);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn trouble_on_the_way_up_and_retries_that_succeed_are_no_cause() {
    let logs: &[Log] = &[
        (include_str!("healthy/postgres.txt"), ""),
        (include_str!("healthy/node_retries.txt"), ""),
        (include_str!("healthy/describe_pod.txt"), ""),
        (include_str!("healthy/minecraft.txt"), ""),
        (include_str!("healthy/pip.txt"), ""),
    ];
    let wrong = wrongly_firm(logs);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_cause_is_firm_and_the_others_are_alternatives() {
    let log = "\
[FATAL] plugin/loop: Loop (127.0.0.1:55953 -> :53) detected for zone \".\", see https://coredns.io/plugins/loop
ERROR:  permission denied for schema public
toomanyrequests: You have reached your pull rate limit.
";
    let explanation = explain(log.as_bytes()).unwrap();
    let firm: Vec<&str> = explanation
        .causes()
        .filter(|one| one.certainty > crate::doctor::rule::Certainty::Possible)
        .map(|one| one.id)
        .collect();
    assert_eq!(firm, ["coredns-loop"]);
    assert_eq!(explanation.causes().count(), 3);
}
